// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/base64.h"

#include <sodium.h>

namespace mend::crypto {

bool from_base64(std::string_view text, MutableBytes out) {
  if (out.empty()) return text.empty();  // libsodium takes no null pointer
  // libsodium 1.0.18 takes some bytes above 0x7f for digits.
  uint8_t all = 0;
  for (const char c : text) all = static_cast<uint8_t>(all | static_cast<uint8_t>(c));
  size_t size_bytes = 0;
  return text.size() == base64_size(out.size()) && all < 0x80 &&
         ::sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size_bytes, nullptr,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size_bytes == out.size();
}

void to_base64(Bytes bytes, MutableBytes out) {
  ::sodium_bin2base64(reinterpret_cast<char*>(out.data()), out.size(), bytes.data(), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
}

}  // namespace mend::crypto
