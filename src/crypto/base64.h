// SPDX-License-Identifier: GPL-3.0-or-later
// Base 64 (RFC 4648, with padding) in a time that does not depend on the bytes. Part of the fence around
// libsodium; fit for secrets.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace mend::crypto {

constexpr size_t base64_size(size_t size_bytes) {
  return (size_bytes + 2) / 3 * 4;
}

// Fills `out`. False when the text is no base 64, is not the one spelling of its bytes, or is not of
// out.size() bytes.
bool from_base64(std::string_view text, MutableBytes out);
// REQUIRES: out.size() == base64_size(bytes.size()) + 1; the last byte becomes 0.
void to_base64(Bytes bytes, MutableBytes out);

}  // namespace mend::crypto
