// SPDX-License-Identifier: GPL-3.0-or-later
// Walks FVE entries in a buffer that was read and checked before. The same form is used in the metadata
// block, inside a protector, in a .BEK file and inside an opened key. Private to this folder.
//
// Invariants
//   N-1  Ends after at most size / 8 steps, whatever the bytes.
//   N-2  An entry that reaches past the buffer is kCorrupt "bitlocker.entry.size"; an entry of size 0 or
//   fewer than
//        8 bytes left end the list.
#pragma once

#include "base/error.h"
#include "bitlocker/fve_format.h"
#include "bitlocker/metadata.h"

namespace mend::bitlocker {

struct Entry {
  uint16_t type = 0;
  uint16_t value = 0;
  Bytes data;  // behind the header
};

template <typename Visit>
void for_each_entry(Bytes entries, Visit visit) {
  while (entries.size() >= fve::entry::kHeaderBytes) {
    const size_t size = read_le<uint16_t>(entries, fve::entry::kSize);
    if (size == 0) return;
    if (size < fve::entry::kHeaderBytes || size > entries.size()) {
      throw Error(ErrorCode::kCorrupt, "bitlocker.entry.size",
                  "an entry of " + std::to_string(size) + " bytes where " + std::to_string(entries.size()) +
                      " are left");
    }
    const Bytes whole = entries.first(size);
    visit(Entry{read_le<uint16_t>(whole, fve::entry::kType), read_le<uint16_t>(whole, fve::entry::kValue),
                whole.subspan(fve::entry::kHeaderBytes)});
    entries = entries.subspan(size);
  }
}

// Nonce, tag and ciphertext of an AES-CCM entry's data; kCorrupt when it is too short.
SealedKey parse_sealed_key(Bytes data);

// The key in an opened AES-CCM entry; nothing when it is not of that form.
std::optional<Bytes> key_in_opened_entry(Bytes opened);

}  // namespace mend::bitlocker
