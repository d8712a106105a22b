// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/entries.h"

#include <algorithm>

namespace mend::bitlocker {

SealedKey parse_sealed_key(Bytes data) {
  SealedKey sealed;
  const Bytes nonce = slice(data, 0, sealed.nonce.size());
  const Bytes tag = slice(data, nonce.size(), sealed.tag.size());
  std::copy(nonce.begin(), nonce.end(), sealed.nonce.begin());
  std::copy(tag.begin(), tag.end(), sealed.tag.begin());
  const Bytes ciphertext = data.subspan(nonce.size() + tag.size());
  sealed.ciphertext.assign(ciphertext.begin(), ciphertext.end());
  return sealed;
}

std::optional<Bytes> key_in_opened_entry(Bytes opened) {
  if (opened.size() <= fve::kOpenedKeyData || read_le<uint16_t>(opened, fve::entry::kSize) != opened.size() ||
      read_le<uint16_t>(opened, fve::entry::kValue) != fve::entry::kKey) {
    return std::nullopt;
  }
  return opened.subspan(fve::kOpenedKeyData);
}

}  // namespace mend::bitlocker
