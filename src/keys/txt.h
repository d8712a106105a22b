// SPDX-License-Identifier: GPL-3.0-or-later
// Plain text: what Windows saves as `BitLocker Recovery Key <GUID>.TXT` in any language, what manage-bde
// prints, lists of keys, tables without a header that is known.
#pragma once

#include <string_view>

#include "keys/collector.h"

namespace mend::keys {

// A key belongs to the GUID above it that no other key took; where the whole text has one GUID and one key,
// in any order, to that. A GUID on the key's own line counts when there is nothing else on it but
// punctuation, since in a row of a table it may be a device's; so may one whose line speaks of a device, a
// tenant or an object.
void read_txt(std::string_view text, Collector& into);

}  // namespace mend::keys
