// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/sector_cipher.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "bitlocker/elephant.h"
#include "crypto/aes.h"

namespace mend::bitlocker {
namespace {

using crypto::Direction;
using crypto::kAesBlockBytes;

class XtsCipher : public SectorCipher {
 public:
  XtsCipher(const VolumeKeys& keys, uint32_t sector_bytes)
      : sector_bytes_(sector_bytes),
        decrypt_(keys.data_key(), Direction::kDecrypt),
        encrypt_(keys.data_key(), Direction::kEncrypt) {}

  void decrypt(uint64_t device_offset, MutableBytes sectors) override {
    decrypt_.transform(sectors, sector_bytes_, device_offset / sector_bytes_);
  }
  void encrypt(uint64_t device_offset, MutableBytes sectors) override {
    encrypt_.transform(sectors, sector_bytes_, device_offset / sector_bytes_);
  }

 private:
  size_t sector_bytes_;
  crypto::AesXts decrypt_;
  crypto::AesXts encrypt_;
};

// CBC, the initial value being the sector's byte offset enciphered with the data key; with Elephant also two
// blocks for each sector, enciphered with the tweak key: the offset, and the offset with the last byte 0x80.
class CbcCipher : public SectorCipher {
 public:
  CbcCipher(const VolumeKeys& keys, uint32_t sector_bytes)
      : sector_bytes_(sector_bytes),
        initial_(keys.data_key(), Direction::kEncrypt),
        decrypt_(keys.data_key(), Direction::kDecrypt),
        encrypt_(keys.data_key(), Direction::kEncrypt),
        initial_values_(kSectorsAtOnce * kAesBlockBytes) {
    if (keys.tweak_key().empty()) return;
    tweak_.emplace(keys.tweak_key(), Direction::kEncrypt);
    elephant_.emplace(sector_bytes);
    sector_keys_ = Secret(kSectorsAtOnce * Elephant::kSectorKeyBytes);
  }

  void decrypt(uint64_t device_offset, MutableBytes sectors) override {
    for_each_batch(device_offset, sectors, [this](uint64_t at, MutableBytes batch, size_t count) {
      decrypt_.transform(batch, sector_bytes_, initial_values(at, count));
      if (elephant_) elephant_->undo(batch, sector_keys(at, count));
    });
  }
  void encrypt(uint64_t device_offset, MutableBytes sectors) override {
    for_each_batch(device_offset, sectors, [this](uint64_t at, MutableBytes batch, size_t count) {
      if (elephant_) elephant_->apply(batch, sector_keys(at, count));
      encrypt_.transform(batch, sector_bytes_, initial_values(at, count));
    });
  }

 private:
  static constexpr size_t kSectorsAtOnce = 16;

  template <typename Work>
  void for_each_batch(uint64_t device_offset, MutableBytes sectors, Work work) {
    const size_t batch_bytes = kSectorsAtOnce * sector_bytes_;
    for (size_t at = 0; at < sectors.size(); at += batch_bytes) {
      const size_t length = std::min(batch_bytes, sectors.size() - at);
      work(device_offset + at, sectors.subspan(at, length), length / sector_bytes_);
    }
  }

  Bytes initial_values(uint64_t device_offset, size_t count) {
    const MutableBytes values = initial_values_.bytes().first(count * kAesBlockBytes);
    for (size_t i = 0; i < count; ++i) write_offset(values, i, device_offset + i * sector_bytes_, 0);
    initial_.transform(values, values);
    return values;
  }

  Bytes sector_keys(uint64_t device_offset, size_t count) {
    const MutableBytes keys = sector_keys_.bytes().first(count * Elephant::kSectorKeyBytes);
    for (size_t i = 0; i < count; ++i) {
      write_offset(keys, 2 * i, device_offset + i * sector_bytes_, 0);
      write_offset(keys, 2 * i + 1, device_offset + i * sector_bytes_, uint64_t{0x80} << 56);
    }
    tweak_->transform(keys, keys);
    return keys;
  }

  static void write_offset(MutableBytes blocks, size_t index, uint64_t low, uint64_t high) {
    write_le<uint64_t>(blocks, index * kAesBlockBytes, low);
    write_le<uint64_t>(blocks, index * kAesBlockBytes + 8, high);
  }

  size_t sector_bytes_;
  crypto::AesBlocks initial_;
  crypto::AesCbc decrypt_;
  crypto::AesCbc encrypt_;
  Secret initial_values_;
  std::optional<crypto::AesBlocks> tweak_;
  std::optional<Elephant> elephant_;
  Secret sector_keys_;
};

}  // namespace

std::unique_ptr<SectorCipher> make_sector_cipher(const VolumeKeys& keys, uint32_t sector_bytes) {
  switch (keys.method()) {
    case Method::kAesXts128:
    case Method::kAesXts256:
      return std::make_unique<XtsCipher>(keys, sector_bytes);
    case Method::kAesCbc128:
    case Method::kAesCbc256:
    case Method::kAesCbc128Elephant:
    case Method::kAesCbc256Elephant:
      return std::make_unique<CbcCipher>(keys, sector_bytes);
    case Method::kUnknown:
      break;
  }
  throw Error(ErrorCode::kUnsupported, "bitlocker.cipher.method", "an unknown encryption method");
}

}  // namespace mend::bitlocker
