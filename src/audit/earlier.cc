// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/earlier.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "audit/fields.h"

namespace mend::audit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::streamoff kLongestLine = std::streamoff{64} * 1024;  // that is looked at

struct Ends {
  std::string name, run, previous;
  std::optional<Time> newest;
};

std::string text_of(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json parse(std::string_view line) {
  Json record = Json::parse(line, nullptr, false);
  return record.is_object() ? record : Json::object();
}

// The last line that is complete, of a text that ends with the file's end.
std::string_view last_line(std::string_view text) {
  const size_t end = text.rfind('\n');
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end);
  const size_t begin = text.rfind('\n');
  return begin == std::string_view::npos ? text : text.substr(begin + 1);
}

std::string read_at(std::ifstream& file, std::streamoff offset, std::streamoff size) {
  std::string text(static_cast<size_t>(size), '\0');
  file.clear();
  file.seekg(offset).read(text.data(), size);
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

Ends ends_of(const fs::path& path) {
  Ends ends;
  ends.name = path.filename().string();
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return ends;
  const std::streamoff size = file.tellg();
  const std::string head = read_at(file, 0, std::min(size, kLongestLine));
  const Json first = parse(std::string_view(head).substr(0, head.find('\n')));
  ends.run = text_of(first, kRunId);
  ends.previous = text_of(first, kPreviousRun);
  const std::streamoff from = std::max<std::streamoff>(size - kLongestLine, 0);
  const std::string tail = read_at(file, from, size - from);
  ends.newest = parse_iso8601(text_of(parse(last_line(tail)), "@timestamp"));
  return ends;
}

}  // namespace

Earlier look_at_earlier(const std::string& directory) {
  std::vector<Ends> logs;
  std::set<std::string> followed;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".jsonl" || !entry->is_regular_file(error)) continue;
    logs.push_back(ends_of(entry->path()));
    followed.insert(logs.back().previous);
  }
  // By time, then by name, for when several could be the last one: logs of other sticks were copied in.
  std::sort(logs.begin(), logs.end(), [](const Ends& a, const Ends& b) {
    return a.newest != b.newest ? a.newest < b.newest : a.name < b.name;
  });
  Earlier earlier;
  for (const Ends& log : logs) {
    if (!log.run.empty() && followed.count(log.run) == 0) earlier.previous_run = log.run;
    if (!log.newest) continue;
    earlier.newest = log.newest;
    earlier.newest_log = log.name;
  }
  return earlier;
}

}  // namespace mend::audit
