// SPDX-License-Identifier: GPL-3.0-or-later
// The two encodings of registry names, by iconv's rules. hivex asks iconv for them, whose tables are files
// that a stick does not have.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace mend::windows {

enum class Recode { kLatin1ToUtf8, kUtf8ToLatin1, kUtf16leToUtf8, kUtf8ToUtf16le };

// The conversion that iconv_open(to, from) names; nullopt for any other.
std::optional<Recode> find_recode(std::string_view to, std::string_view from);

enum class RecodeEnd {
  kDone,
  kOutputFull,  // E2BIG
  kInvalid,     // EILSEQ: no such character in the source, or none in the target
  kIncomplete,  // EINVAL: the input ends within a character
};
// Converts from the front of `in` to the front of `out`, character by character, and shortens both by what
// was used. An unpaired surrogate of UTF-16 becomes three bytes, as everywhere in this program (base/text.h).
RecodeEnd recode(Recode how, Bytes& in, MutableBytes& out);

}  // namespace mend::windows
