// SPDX-License-Identifier: GPL-3.0-or-later
// What a BitLocker volume tells about itself without a key: its FVE metadata, found, checked and parsed once.
// Used by scan (protectors, description), unlock() and UnlockedVolume. See FORMAT.md for the layout and the
// order of checks.
//
// Invariants
//   M-1  Any one of the three copies is enough; a copy counts when its place, its sizes and its CRC are
//   right. M-2  Everything is parsed from one buffer, the one whose CRC and hash were taken; the disk is not
//   asked again. M-3  Any bytes give a Metadata or an Error: no crash, no loop without end, at most 3 × 64
//   KiB read for the copies. M-4  A volume that is understood but not safe to touch says so in unsupported();
//   nothing unlocks it. M-5  Holds no secret but what lies in the clear on the disk: a clear key's bytes are
//   in a Secret.
// Immutable, copyable.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guid.h"
#include "base/secret.h"
#include "block/block_device.h"
#include "crypto/sha256.h"

namespace mend::bitlocker {

enum class Method : uint16_t {
  kUnknown = 0,  // such a volume is unsupported(), and never unlocked
  kAesCbc128Elephant = 0x8000,
  kAesCbc256Elephant = 0x8001,
  kAesCbc128 = 0x8002,
  kAesCbc256 = 0x8003,
  kAesXts128 = 0x8004,
  kAesXts256 = 0x8005,
};
// "xts-aes-128", "aes-cbc-128", "aes-cbc-128-elephant", and the same with 256; "unknown".
std::string_view to_string(Method method);
// The counterpart; nothing for any other text.
std::optional<Method> parse_method(std::string_view text);

enum class ProtectorType {
  kClearKey,
  kTpm,
  kStartupKey,
  kTpmPin,
  kTpmStartupKey,
  kTpmPinStartupKey,
  kRecoveryPassword,
  kPassword,
  kPublicKey,
  kOther,
};
// "clear key", "TPM", "startup key", "recovery password", …
std::string_view to_string(ProtectorType type);

// What scan shows of a protector.
struct ProtectorInfo {
  Guid id;
  ProtectorType type = ProtectorType::kOther;
  uint16_t type_code = 0;  // as stored
  std::string name;        // "DiskPassword" and such, made printable; often empty
};

// An AES-CCM sealed key as stored. Not secret.
struct SealedKey {
  std::array<uint8_t, 12> nonce{};
  std::array<uint8_t, 16> tag{};
  ByteVector ciphertext;
};

// A protector with what unlock() needs.
struct Protector {
  ProtectorInfo info;
  std::optional<std::array<uint8_t, 16>> salt;  // stretched types
  std::optional<SealedKey> sealed_vmk;
  std::shared_ptr<const Secret> clear_key;  // clear key only, 32 bytes
};

// Why a volume may be looked at but not unlocked.
struct Unsupported {
  const char* id;      // "bitlocker.state.converting"
  std::string reason;  // with what the technician can do
};

// A range of the volume, in bytes.
struct Region {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const Region&) const = default;
};

enum class Layout { kVista, kFixed, kToGo };

class Metadata {
 public:
  // Reads sector 0 and the copies.
  // kNotFound "bitlocker.signature": no BitLocker volume. kUnsupported: a version or method not known.
  // kCorrupt "bitlocker.fve.no_copy": no usable copy, with what is wrong with each. kIo of the volume when no
  // copy could be read.
  static Metadata read(block::BlockReader& volume);

  const Guid& volume_guid() const { return volume_guid_; }
  int version() const { return version_; }
  Layout layout() const { return layout_; }
  Method method() const { return method_; }
  uint32_t sector_bytes() const { return sector_bytes_; }
  // "PC01 C: 19/07/2024": computer, drive, date, as Windows wrote it; UTF-8, made printable; may be empty.
  const std::string& description() const { return description_; }
  Time created() const { return created_; }
  const std::vector<ProtectorInfo>& protectors() const { return infos_; }
  const std::optional<Unsupported>& unsupported() const { return unsupported_; }
  std::optional<std::string> unsupported_reason() const;
  // Reading is safe, writing is not: version 1 (Vista).
  std::optional<std::string> read_only_reason() const;

  // The plaintext volume: what the metadata says is encrypted, never more than the device has.
  uint64_t encrypted_bytes() const { return encrypted_bytes_; }
  // The three metadata blocks and, if any, the storage of the moved header: sorted, they read as zeros. The
  // same in the plaintext volume and on the device.
  const std::vector<Region>& metadata_regions() const { return regions_; }
  // Where the plaintext volume's first bytes are kept; length 0 in version 1.
  const Region& moved_header() const { return moved_header_; }

  // Which copy (0 to 2) was taken, and what is wrong with the others, for the log.
  int copy_used() const { return copy_used_; }
  const std::vector<std::string>& copy_problems() const { return copy_problems_; }

  // Other usable copies whose bytes differ from this one's, in their order: unlock() turns to them when the
  // sealed hash shows that this one was altered.
  const std::vector<Metadata>& alternatives() const { return alternatives_; }

  // For unlock().
  const std::vector<Protector>& protector_details() const { return protectors_; }
  const std::optional<SealedKey>& sealed_fvek() const { return sealed_fvek_; }
  const std::optional<SealedKey>& sealed_hash() const { return sealed_hash_; }
  const crypto::Sha256Digest& block_hash() const { return block_hash_; }
  // Version 1: the cluster of $MFTMirr, which the boot sector on the disk no longer names.
  uint64_t vista_mft_mirror_cluster() const { return vista_mft_mirror_cluster_; }

 private:
  Metadata() = default;
  friend class MetadataParser;

  Guid volume_guid_;
  int version_ = 0;
  Layout layout_ = Layout::kFixed;
  Method method_ = Method::kAesXts128;
  uint32_t sector_bytes_ = 512;
  std::string description_;
  Time created_;
  std::vector<ProtectorInfo> infos_;
  std::vector<Protector> protectors_;
  std::optional<Unsupported> unsupported_;
  uint64_t encrypted_bytes_ = 0;
  std::vector<Region> regions_;
  Region moved_header_;
  int copy_used_ = 0;
  std::vector<std::string> copy_problems_;
  std::vector<Metadata> alternatives_;
  std::optional<SealedKey> sealed_fvek_;
  std::optional<SealedKey> sealed_hash_;
  crypto::Sha256Digest block_hash_{};
  uint64_t vista_mft_mirror_cluster_ = 0;
};

// By the first sector's signature only; one read of 512 bytes. False on a volume shorter than that.
bool is_bitlocker(block::BlockReader& volume);
bool is_bitlocker(Bytes first_sector);

}  // namespace mend::bitlocker
