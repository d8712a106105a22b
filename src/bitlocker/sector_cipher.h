// SPDX-License-Identifier: GPL-3.0-or-later
// One of BitLocker's six methods over whole sectors in place. Used by UnlockedVolume only.
//
// Invariants
//   X-1  A sector's ciphertext depends on the keys, the sector's byte offset on the device and its plaintext,
//   on
//        nothing else.
// Used by one thread at a time.
#pragma once

#include <memory>

#include "bitlocker/unlock.h"

namespace mend::bitlocker {

class SectorCipher {
 public:
  virtual ~SectorCipher() = default;
  // `device_offset` and the length are multiples of the sector.
  virtual void decrypt(uint64_t device_offset, MutableBytes sectors) = 0;
  virtual void encrypt(uint64_t device_offset, MutableBytes sectors) = 0;
};

// REQUIRES: sector_bytes 512 to 4096, a power of two.
std::unique_ptr<SectorCipher> make_sector_cipher(const VolumeKeys& keys, uint32_t sector_bytes);

}  // namespace mend::bitlocker
