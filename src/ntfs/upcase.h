// SPDX-License-Identifier: GPL-3.0-or-later
// $UpCase: how this volume folds case, one 16-bit unit at a time, and the order of names that
// follows from it.
//
// Invariants
//   NU-1  Comparing never leaves the table: it always has 65,536 entries; what the volume does not
//         hold maps to itself.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mend::ntfs {

class Upcase {
 public:
  static constexpr size_t kEntries = 65536;
  // `table`: content of $UpCase, little-endian. kCorrupt when it is odd, longer than 128 KiB, or when it does
  // not fold ASCII letters.
  explicit Upcase(Bytes table);

  char16_t fold(char16_t unit) const { return table_[unit]; }
  std::u16string fold(std::u16string_view text) const;
  // COLLATION_FILE_NAME without its case-sensitive second round: negative, 0, positive.
  int compare(std::u16string_view a, std::u16string_view b) const;
  bool equal(std::u16string_view a, std::u16string_view b) const { return compare(a, b) == 0; }
  // `name_le` (UTF-16LE, as on disk) against `folded`, which fold() made.
  int compare_le(Bytes name_le, std::u16string_view folded) const;
  // Both as on disk; 0: they differ in case at most.
  int compare_le(Bytes a, Bytes b) const;

 private:
  std::array<char16_t, kEntries> table_{};
};

// A pattern of one path component: `*` any row of units, `?` any one unit, else case-insensitive.
class NamePattern {
 public:
  NamePattern(std::u16string_view pattern, const Upcase& upcase);

  bool is_literal() const { return literal_; }
  bool matches(std::u16string_view name) const;
  bool matches_le(Bytes name_le) const;
  // Folded units that every match begins with.
  std::u16string_view prefix() const { return std::u16string_view(folded_).substr(0, prefix_length_); }

 private:
  template <typename UnitAt>
  bool matches_units(size_t length, UnitAt&& unit) const;

  const Upcase& upcase_;
  std::u16string folded_;
  size_t prefix_length_;
  size_t suffix_length_;   // literal units after the last `*`
  size_t minimum_length_;  // units a match has at least
  bool literal_;
};

}  // namespace mend::ntfs
