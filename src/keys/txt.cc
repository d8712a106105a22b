// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/txt.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "keys/lines.h"
#include "keys/scan.h"

namespace mend::keys {
namespace {

// The line without what was found in it: has it any word or number?
bool has_words(std::string_view line, const std::vector<Finding>& found) {
  size_t next = 0;
  for (size_t at = 0; at < line.size();) {
    if (next < found.size() && at == found[next].offset) {
      at += found[next++].length;
      continue;
    }
    const char c = line[at++];
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  }
  return false;
}

// Not copied: the line may hold a key.
bool contains_word(std::string_view line, std::string_view word) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::search(line.begin(), line.end(), word.begin(), word.end(), same) != line.end();
}

bool names_something_else(std::string_view line) {
  for (std::string_view word : {"device", "tenant", "object", "computer"})
    if (contains_word(line, word)) return true;
  return false;
}

// The protector's ID of a text that holds one key and one GUID.
std::optional<Guid> only_id(std::string_view text) {
  std::optional<Guid> guid;
  bool several = false;
  size_t keys = 0;
  for_each_line(text, [&](std::string_view line, size_t) {
    if (several) return;
    const std::vector<Finding> found = scan(line);
    const bool elsewhere = names_something_else(line);
    bool key_here = false, guid_here = false;
    for (const Finding& f : found) {
      if (f.kind == Finding::Kind::kGuid && !elsewhere) {
        several = several || (guid && *guid != f.guid);
        guid = f.guid;
        guid_here = true;
      } else if (f.kind == Finding::Kind::kKey) {
        key_here = true;
        ++keys;
      }
    }
    several = several || keys > 1 || (key_here && guid_here && has_words(line, found));
  });
  return several ? std::nullopt : guid;
}

class TextReader {
 public:
  TextReader(std::string_view text, Collector& into) : into_(into), only_id_(only_id(text)) {}

  void read_line(std::string_view line, size_t number) {
    const std::vector<Finding> found = scan(line);
    if (found.empty()) return;
    Entry entry;
    entry.line = number;
    const auto count = [&](Finding::Kind kind) {
      return std::count_if(found.begin(), found.end(), [&](const Finding& f) { return f.kind == kind; });
    };
    const auto keys = count(Finding::Kind::kKey), guids = count(Finding::Kind::kGuid);
    std::optional<Guid> own;  // on the key's own line
    if (keys == 1 && guids == 1 && !has_words(line, found)) own = guid_of(found);
    for (const Finding& f : found) {
      const std::string_view part = line.substr(f.offset, f.length);
      if (f.kind == Finding::Kind::kNearKey) into_.add(part, std::nullopt, entry);  // words what is wrong
      if (f.kind != Finding::Kind::kKey) continue;
      into_.add(part, only_id_ ? only_id_ : guids > 0 ? own : above_, entry);
      above_.reset();
    }
    if (keys == 0 && guids == 1 && !names_something_else(line)) above_ = guid_of(found);
  }

 private:
  static Guid guid_of(const std::vector<Finding>& found) {
    return std::find_if(found.begin(), found.end(),
                        [](const Finding& f) { return f.kind == Finding::Kind::kGuid; })
        ->guid;
  }

  Collector& into_;
  std::optional<Guid> only_id_;
  std::optional<Guid> above_;
};

}  // namespace

void read_txt(std::string_view text, Collector& into) {
  TextReader reader(text, into);
  for_each_line(text, [&](std::string_view line, size_t number) { reader.read_line(line, number); });
}

}  // namespace mend::keys
