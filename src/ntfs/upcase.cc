// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/upcase.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"

namespace mend::ntfs {

Upcase::Upcase(Bytes table) {
  if (table.size() % 2 != 0 || table.size() > 2 * kEntries)
    throw Error(ErrorCode::kCorrupt, "ntfs.upcase.size",
                fmt::format("$UpCase has {} bytes, which no table of upper case has", table.size()));
  for (size_t i = 0; i < kEntries; ++i)
    table_[i] = 2 * i < table.size() ? unit_at(table, i) : static_cast<char16_t>(i);
  for (char16_t letter = u'a'; letter <= u'z'; ++letter)
    if (table_[letter] != letter - u'a' + u'A')
      throw Error(ErrorCode::kCorrupt, "ntfs.upcase.letters", "$UpCase does not fold the letters a to z");
}

std::u16string Upcase::fold(std::u16string_view text) const {
  std::u16string folded(text);
  for (char16_t& unit : folded) unit = fold(unit);
  return folded;
}

int Upcase::compare(std::u16string_view a, std::u16string_view b) const {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const int difference = int{fold(a[i])} - int{fold(b[i])};
    if (difference != 0) return difference;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

int Upcase::compare_le(Bytes name_le, std::u16string_view folded) const {
  const size_t units = name_le.size() / 2;
  const size_t common = std::min(units, folded.size());
  for (size_t i = 0; i < common; ++i) {
    const int difference = int{fold(unit_at(name_le, i))} - int{folded[i]};
    if (difference != 0) return difference;
  }
  return units == folded.size() ? 0 : (units < folded.size() ? -1 : 1);
}

int Upcase::compare_le(Bytes a, Bytes b) const {
  // Names that follow each other in an index share most of their start: skip it eight bytes at a time.
  const size_t common = std::min(a.size(), b.size());
  size_t at = 0;
  while (at + 8 <= common && std::memcmp(a.data() + at, b.data() + at, 8) == 0) at += 8;
  for (size_t i = at / 2; i < common / 2; ++i) {
    const int difference = int{fold(unit_at(a, i))} - int{fold(unit_at(b, i))};
    if (difference != 0) return difference;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

NamePattern::NamePattern(std::u16string_view pattern, const Upcase& upcase)
    : upcase_(upcase), folded_(upcase.fold(pattern)) {
  const auto stars = static_cast<size_t>(std::count(folded_.begin(), folded_.end(), u'*'));
  const size_t last_star = folded_.rfind(u'*');
  prefix_length_ = std::min(folded_.find_first_of(u"*?"), folded_.size());
  suffix_length_ = last_star == std::u16string::npos ? folded_.size() : folded_.size() - last_star - 1;
  minimum_length_ = folded_.size() - stars;
  literal_ = prefix_length_ == folded_.size();
}

bool NamePattern::matches(std::u16string_view name) const {
  return matches_units(name.size(), [&](size_t i) { return name[i]; });
}

bool NamePattern::matches_le(Bytes name_le) const {
  return matches_units(name_le.size() / 2, [&](size_t i) { return unit_at(name_le, i); });
}

template <typename UnitAt>
bool NamePattern::matches_units(size_t length, UnitAt&& unit) const {
  const bool has_star = suffix_length_ != folded_.size();
  if (length < minimum_length_ || (!has_star && length != folded_.size())) return false;
  const auto fits_at = [&](size_t pattern_at, size_t name_at) {
    return folded_[pattern_at] == u'?' || folded_[pattern_at] == upcase_.fold(unit(name_at));
  };
  // What follows the last star first: it rules out most names at once.
  for (size_t i = 1; i <= suffix_length_; ++i)
    if (!fits_at(folded_.size() - i, length - i)) return false;
  if (!has_star) return true;
  // The rest, from the left; on a mismatch the last star takes one unit more. Bounded by length × pattern.
  const size_t pattern_end = folded_.size() - suffix_length_;  // behind the last star
  const size_t name_end = length - suffix_length_;
  size_t pattern_at = 0, name_at = 0, star = SIZE_MAX, star_name = 0;
  char16_t star_next = 0;  // what must come after the star
  while (name_at < name_end) {
    if (pattern_at < pattern_end && folded_[pattern_at] == u'*') {
      star = pattern_at++;
      star_name = name_at;
      if (pattern_at == pattern_end) return true;
      star_next = folded_[pattern_at];
    } else if (pattern_at < pattern_end && fits_at(pattern_at, name_at)) {
      ++pattern_at, ++name_at;
    } else if (star != SIZE_MAX) {
      pattern_at = star + 1;
      ++star_name;
      if (star_next != u'?' && star_next != u'*')
        while (star_name < name_end && upcase_.fold(unit(star_name)) != star_next) ++star_name;
      name_at = star_name;
    } else {
      return false;
    }
  }
  while (pattern_at < pattern_end && folded_[pattern_at] == u'*') ++pattern_at;
  return pattern_at == pattern_end;
}

}  // namespace mend::ntfs
