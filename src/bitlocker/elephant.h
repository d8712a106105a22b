// SPDX-License-Identifier: GPL-3.0-or-later
// The Elephant diffuser of BitLocker (Windows Vista and 7): mixes a sector's 32-bit words, without a key, so
// that a change of one ciphertext bit reaches the whole sector. Used by SectorCipher between AES-CBC and the
// sector key. Source of the algorithm: N. Ferguson, "AES-CBC + Elephant diffuser", Microsoft, 2006,
// section 4.
//
// Invariants
//   E-1  undo(apply(x)) == x for every sector of a multiple of 32 bytes, from 64 bytes on.
//   E-2  Sectors do not influence each other, whether they are worked on alone or four abreast.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::bitlocker {

class Elephant {
 public:
  static constexpr size_t kSectorKeyBytes = 32;

  // REQUIRES: sector_bytes a multiple of 32, at least 64.
  explicit Elephant(size_t sector_bytes);

  // Deciphering: diffuser B backwards, diffuser A backwards, then XOR with the sector key.
  // Enciphering is the reverse. `sector_keys`: 32 bytes for each sector.
  void undo(MutableBytes sectors, Bytes sector_keys);
  void apply(MutableBytes sectors, Bytes sector_keys);

 private:
  size_t sector_bytes_;
  Secret scratch_;
};

}  // namespace mend::bitlocker
