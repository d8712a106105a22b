// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/reader.h"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/fields.h"
#include "audit/sealed.h"
#include "base/error.h"

namespace mend::audit {
namespace {

constexpr size_t kLongestLine = size_t{4} << 20;
constexpr const char* kDoesNotFollow = "it does not follow from line ";

// What is wrong with the line as the successor of `previous`; empty when nothing is.
std::string fault(const nlohmann::ordered_json& record, size_t sequence,
                  const crypto::Sha256Digest& previous) {
  if (!record.is_object()) return "it is not a record of a log";
  const auto number = record.find(kSequence), hash = record.find(kPrevious);
  if (number == record.end() || !number->is_number_unsigned() || hash == record.end() || !hash->is_string()) {
    return "it has no place in a chain";
  }
  if (number->get<size_t>() != sequence) return "its sequence number is not " + std::to_string(sequence);
  if (hash->get<std::string>() != to_hex(previous))
    return sequence == 0 ? "it does not begin a chain"
                         : kDoesNotFollow + std::to_string(sequence) + ", so one of the two was changed";
  return {};
}

enum class Line { kNone, kComplete, kCut, kTooLong };

// The next line without its end, never more than kLongestLine bytes of it.
Line next_line(std::istream& file, std::string& line) {
  line.clear();
  std::streambuf& bytes = *file.rdbuf();
  for (int c = bytes.sbumpc(); c != std::char_traits<char>::eof(); c = bytes.sbumpc()) {
    if (c == '\n') return Line::kComplete;
    if (line.size() == kLongestLine) return Line::kTooLong;
    line.push_back(static_cast<char>(c));
  }
  return line.empty() ? Line::kNone : Line::kCut;
}

// Where a line does not follow from the one before it: whether it is that one that was changed, since the
// line after it follows from this one.
bool is_unchanged(const std::string& line, std::istream& file) {
  std::string after;
  if (next_line(file, after) != Line::kComplete) return false;
  const auto record = nlohmann::ordered_json::parse(after, nullptr, false);
  if (!record.is_object()) return false;
  const auto hash = record.find(kPrevious);
  return hash != record.end() && *hash == to_hex(crypto::sha256(as_bytes(line)));
}

}  // namespace

ReadResult read_log(const std::string& path,
                    const std::function<void(const nlohmann::ordered_json&)>& record) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const std::string sealed = path.substr(0, path.rfind(".jsonl")) + std::string(kSealedSuffix);
    const bool is_sealed = std::ifstream(sealed).good();
    throw Error(ErrorCode::kNotFound, "audit.read.open",
                "cannot open the log " + path +
                    (is_sealed ? ": it is sealed. `mendstick audit open " + sealed + "` opens it" : ""));
  }
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  if (is_sealed_log(as_bytes({start.data(), static_cast<size_t>(file.gcount())}))) {
    throw Error(ErrorCode::kUsage, "audit.read.sealed",
                path + " is sealed: `mendstick audit open` opens it, with its recipient's private key");
  }
  file.clear();
  file.seekg(0);
  ReadResult result;
  std::string line;
  bool closed = false;
  const auto changed = [&](std::string why) {
    result.chain = Chain::kChanged;
    result.changed_line = result.records + 1;
    result.why = std::move(why);
    return result;
  };
  for (Line kind = next_line(file, line); kind != Line::kNone; kind = next_line(file, line)) {
    if (closed) return changed("it stands after the closing line");
    if (kind == Line::kTooLong) return changed("it is longer than any record");
    if (kind == Line::kCut) {  // what is there of it proves nothing
      result.why = "the last line is not complete";
      return result;
    }
    const auto parsed = nlohmann::ordered_json::parse(line, nullptr, false);
    if (parsed.is_discarded()) return changed("it is not JSON");
    if (std::string why = fault(parsed, result.records, result.last); !why.empty()) {
      const bool before = result.records != 0 && why.starts_with(kDoesNotFollow) && is_unchanged(line, file);
      changed(std::move(why));
      if (!before) return result;
      result.changed_line = result.records;
      result.why = "the line after it was made for another one";
      return result;
    }
    result.last = crypto::sha256(as_bytes(line));
    ++result.records;
    const auto action = parsed.find("event.action");
    closed = action != parsed.end() && *action == "log-closed";
    if (record) record(parsed);
  }
  if (closed) {
    result.chain = Chain::kWhole;
  } else {
    result.why = "there is no closing line";
  }
  return result;
}

}  // namespace mend::audit
