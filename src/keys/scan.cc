// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/scan.h"

#include <algorithm>

#include "base/text.h"
#include "keys/date.h"

namespace mend::keys {
namespace {

constexpr size_t kGuidLength = 36;
constexpr size_t kGroups = 8, kGroupDigits = 6, kKeyDigits = kGroups * kGroupDigits;
constexpr size_t kLongestGap = 3;   // separators between two groups
constexpr size_t kNearDigits = 36;  // six of eight groups: nothing else has so many digits in a row

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 0xFF10 && c <= 0xFF19);  // also full width
}
bool is_dash(char32_t c) {
  return c == '-' || c == '_' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x30FC || c == 0xFE58 ||
         c == 0xFE63 || c == 0xFF0D;
}
bool is_separator(char32_t c) {
  return is_dash(c) || c == ' ' || c == '\t' || c == 0xA0 || c == 0xAD || (c >= 0x2000 && c <= 0x206F) ||
         c == 0x3000 || c == 0xFEFF;
}

std::optional<Guid> guid_at(std::string_view text, size_t at) {
  if (text.size() - at < kGuidLength || text[at + 8] != '-') return std::nullopt;
  if (at > 0 && (is_alphanumeric(text[at - 1]) || text[at - 1] == '-')) return std::nullopt;
  const size_t end = at + kGuidLength;
  if (end < text.size() && (is_alphanumeric(text[end]) || text[end] == '-')) return std::nullopt;
  return Guid::parse(text.substr(at, kGuidLength));
}

std::vector<Finding> find_guids(std::string_view text) {
  std::vector<Finding> found;
  for (size_t at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
    if (at < 8) continue;
    if (const auto guid = guid_at(text, at - 8)) {
      found.push_back({Finding::Kind::kGuid, at - 8, kGuidLength, *guid});
      at += kGuidLength - 8 - 1;
    }
  }
  return found;
}

// Digits in a row.
struct Group {
  size_t offset, end, digits;
  bool joined;   // to the group before, by separators alone
  bool by_dash;  // there is a dash among them
};

// Keys are looked for in a stretch of text without a GUID.
class KeyScanner {
 public:
  KeyScanner(std::string_view text, size_t from, size_t to, std::vector<Finding>& found)
      : text_(text), from_(from), to_(to), found_(found) {}

  void run() {
    collect_groups();
    for (size_t first = 0; first < groups_.size();) {
      size_t end = first + 1;
      while (end < groups_.size() && groups_[end].joined) ++end;
      look_at_chain(first, end);
      first = end;
    }
  }

 private:
  void collect_groups() {
    size_t gap = 0;
    bool dash = false, only_separators = false, foreign = false;
    for (size_t at = from_; at < to_;) {
      DecodedCharacter c = decode_utf8(text_.substr(0, to_), at);
      if (c.length == 0) c = {0xFFFD, 1};
      if (is_digit(c.code_point)) {
        const bool continues = !groups_.empty() && groups_.back().end == at && gap == 0 && !foreign;
        if (continues) {
          groups_.back().end += c.length;
          ++groups_.back().digits;
        } else if (!foreign) {
          const bool joined = !groups_.empty() && only_separators && gap <= kLongestGap;
          groups_.push_back({at, at + c.length, 1, joined, dash});
          gap = 0;
          dash = false;
          only_separators = true;
        }
      } else if (is_separator(c.code_point)) {
        ++gap;
        dash = dash || is_dash(c.code_point);
        foreign = false;
      } else {
        // Letters of other scripts do not count: theirs are written without a space before the digits.
        const bool word = c.code_point < 0x80 && is_alphanumeric(static_cast<char>(c.code_point));
        // Digits before a letter belong to its word: they are no group.
        if (word && !groups_.empty() && groups_.back().end == at) groups_.pop_back();
        foreign = word;
        only_separators = false;
        gap = 1;
        dash = false;
      }
      at += c.length;
    }
  }

  void look_at_chain(size_t first, size_t end) {
    const size_t before = found_.size();
    size_t digits = 0;
    for (size_t at = first; at < end;) {
      digits += groups_[at].digits;
      if (groups_[at].digits == kKeyDigits) add(Finding::Kind::kKey, at, at + 1);
      if (groups_[at].digits != kGroupDigits) {
        ++at;
        continue;
      }
      size_t stop = at + 1;
      while (stop < end && groups_[stop].digits == kGroupDigits) digits += groups_[stop++].digits;
      look_at_sixes(at, stop);
      at = stop;
    }
    if (found_.size() == before && digits >= kNearDigits) add(Finding::Kind::kNearKey, first, end);
  }

  // Groups of six in a row: each eight that dashes hold together are a key; where there are no dashes, each
  // eight.
  void look_at_sixes(size_t first, size_t end) {
    const size_t before = found_.size();
    for (size_t at = first; at < end;) {
      size_t stop = at + 1;
      while (stop < end && groups_[stop].by_dash) ++stop;
      if (stop - at == kGroups) add(Finding::Kind::kKey, at, stop);
      at = stop;
    }
    if (found_.size() != before || (end - first) % kGroups != 0) return;
    for (size_t at = first; at < end; at += kGroups) add(Finding::Kind::kKey, at, at + kGroups);
  }

  void add(Finding::Kind kind, size_t first, size_t end) {
    const size_t offset = groups_[first].offset;
    found_.push_back({kind, offset, groups_[end - 1].end - offset, {}});
  }

  std::string_view text_;
  size_t from_, to_;
  std::vector<Finding>& found_;
  std::vector<Group> groups_;
};

// Where `2024-07-19T05:27:00` begins, somewhere in the 40 characters before `end`.
std::optional<size_t> timestamp_before(std::string_view text, size_t end) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  const size_t start = end > 40 ? end - 40 : 0;
  for (size_t at = start; at + kShape.size() <= end; ++at) {
    bool fits = true;
    for (size_t i = 0; i < kShape.size() && fits; ++i) {
      const char c = text[at + i];
      fits = kShape[i] == 'd' ? c >= '0' && c <= '9' : c == kShape[i];
    }
    if (fits) return at;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Finding> scan(std::string_view text) {
  std::vector<Finding> found = find_guids(text);
  const size_t guids = found.size();
  size_t from = 0;
  for (size_t i = 0; i <= guids; ++i) {
    const size_t to = i < guids ? found[i].offset : text.size();
    KeyScanner(text, from, to, found).run();
    if (i < guids) from = found[i].offset + found[i].length;
  }
  std::sort(found.begin(), found.end(),
            [](const Finding& a, const Finding& b) { return a.offset < b.offset; });
  return found;
}

std::optional<DirectoryObject> directory_object(std::string_view text) {
  for (size_t brace = text.find('{'); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    const std::optional<size_t> start = timestamp_before(text, brace);
    if (!start) continue;
    if (const auto guid = Guid::parse(text.substr(brace, kGuidLength + 2)))
      return DirectoryObject{*guid, parse_date(text.substr(*start, brace - *start))};
  }
  return std::nullopt;
}

std::string_view host_of(std::string_view text) {
  text = trim_ascii(text);
  if (text.size() < 3 || lower_ascii(text.substr(0, 3)) != "cn=") {
    return directory_object(text) ? std::string_view() : text;
  }
  // The first component that is not the recovery object itself. A comma or a plus in a name is escaped.
  for (size_t from = 0; from < text.size();) {
    size_t end = from;
    while (end < text.size() && text[end] != ',') end += text[end] == '\\' ? size_t{2} : size_t{1};
    end = std::min(end, text.size());
    const std::string_view part = trim_ascii(text.substr(from, end - from));
    if (part.size() > 3 && lower_ascii(part.substr(0, 3)) == "cn=" &&
        part.find('{') == std::string_view::npos)
      return part.substr(3);
    from = end + 1;
  }
  return {};
}

}  // namespace mend::keys
