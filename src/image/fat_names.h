// SPDX-License-Identifier: GPL-3.0-or-later
// Names on FAT: what Windows takes as one, the short name (8.3) beside a long one, and the directory entries
// that hold both. Used by the FAT writer, and by what checks names before anything is built.
//
// Invariants
//   FN-1  Two names of one directory never have the same short name, nor long names that differ in case only.
//   FN-2  A short name holds only A-Z, 0-9 and signs that every code page has.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mend::image {

// Why Windows or FAT would not take `name` (one component of a path); nullopt: it would.
std::optional<std::string> fat_name_fault(std::string_view name);
// For comparing: two names that FAT takes for the same have the same folded form. kUsage: no UTF-8.
std::u16string folded_fat_name(std::string_view name);

using ShortName = std::array<uint8_t, 11>;  // base and extension, filled up with spaces

// The short name that `name` has by itself, when it is one but for the case of its letters.
std::optional<ShortName> plain_short_name(std::string_view name);
// The next free one of the form LONGNA~1.TXT; it is added to `taken`.
ShortName numbered_short_name(std::string_view name, std::set<ShortName>& taken);

// The entries of a long name, in the order of the directory; none when the short name says it all.
ByteVector long_name_entries(std::string_view name, const ShortName& short_name);

// What a FAT volume's label can hold of `text`: at most 11 characters, upper case.
std::string volume_label(std::string_view text);

}  // namespace mend::image
