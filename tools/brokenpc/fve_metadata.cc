// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/fve_metadata.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/fve_crypto.h"

namespace mend::brokenpc {
namespace {

// Types of an entry: what it is for.
constexpr uint16_t kProperty = 0x0000;
constexpr uint16_t kVmk = 0x0002;
constexpr uint16_t kFvek = 0x0003;
constexpr uint16_t kStartupKey = 0x0006;
constexpr uint16_t kDescription = 0x0007;
constexpr uint16_t kVolumeHeader = 0x000f;
constexpr uint16_t kBackupOfPassword = 0x0012;
constexpr uint16_t kBackupOfStretchedKey = 0x0013;
constexpr uint16_t kVolumeGuid = 0x0019;
// Types of its value.
constexpr uint16_t kKey = 0x0001;
constexpr uint16_t kText = 0x0002;
constexpr uint16_t kStretchedKey = 0x0003;
constexpr uint16_t kUsedKey = 0x0004;
constexpr uint16_t kSealed = 0x0005;
constexpr uint16_t kTpmSealed = 0x0006;
constexpr uint16_t kProtectedVmk = 0x0008;
constexpr uint16_t kExternalKey = 0x0009;
constexpr uint16_t kOffsetAndSize = 0x000f;
constexpr uint16_t kGuidValue = 0x0017;
// What a key is, where the methods of the volume stand too.
constexpr uint32_t kAlgorithmRecovery = 0x1000;
constexpr uint32_t kAlgorithmPassword = 0x1001;
constexpr uint32_t kAlgorithmExternal = 0x2002;
constexpr uint32_t kAlgorithmVmk = 0x2003;
constexpr uint32_t kAlgorithmHash = 0x2005;
constexpr uint32_t kAlgorithmStretchedPassword = 0x2007;
constexpr uint32_t kAlgorithmStretchedRecovery = 0x2008;
// What protects a VMK.
constexpr uint16_t kByClearKey = 0x0000;
constexpr uint16_t kByTpm = 0x0100;
constexpr uint16_t kByStartupKey = 0x0200;
constexpr uint16_t kByRecoveryPassword = 0x0800;
constexpr uint16_t kByPassword = 0x2000;

void append(ByteVector& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}
template <typename T>
void append_le(ByteVector& to, T value) {
  to.resize(to.size() + sizeof(T));
  write_le<T>(to, to.size() - sizeof(T), value);
}

// +0 size of the whole entry, +2 type, +4 type of the value, +6 version, +8 value.
ByteVector make_entry(uint16_t type, uint16_t value_type, Bytes value, uint16_t version = 1) {
  ByteVector entry;
  append_le<uint16_t>(entry, static_cast<uint16_t>(8 + value.size()));
  append_le<uint16_t>(entry, type);
  append_le<uint16_t>(entry, value_type);
  append_le<uint16_t>(entry, version);
  append(entry, value);
  return entry;
}

// A key with what it is, as an entry of its own. Inside sealed data Windows writes version 0.
ByteVector make_key(uint32_t algorithm, Bytes key, uint16_t version) {
  ByteVector value;
  append_le<uint32_t>(value, algorithm);
  append(value, key);
  return make_entry(kProperty, kKey, value, version);
}

ByteVector make_text(uint16_t type, std::string_view utf8) {
  ByteVector value = utf16_to_le(to_utf16(utf8));
  append_le<uint16_t>(value, 0);
  return make_entry(type, kText, value);
}

// Builds the entries of one volume; every sealed value takes the next nonce.
class Builder {
 public:
  Builder(const Options& options, uint64_t time, Random& random)
      : options_(options), time_(time), random_(random), vmk_(random.bytes(32)) {}

  Fve build(const FveLayout& layout, const std::string& description);

 private:
  ByteVector seal(uint16_t type, Bytes key, Bytes plain);
  void add_protector(uint16_t protection, const Bytes& properties, const char* type, std::string secret,
                     const Guid& id, uint16_t version = 1);
  void add_clear_key();
  void add_tpm();
  void add_recovery_password(const std::string& text);
  void add_password(const std::string& text);
  void add_startup_key();
  ByteVector make_startup_key_file(const Guid& id, Bytes key);
  ByteVector make_block(const FveLayout& layout);

  const Options& options_;
  uint64_t time_;
  Random& random_;
  ByteVector vmk_;
  uint32_t next_nonce_ = 1;
  ByteVector entries_;
  Fve fve_;
};

// +0 nonce: FILETIME, counter; +12 tag; +28 ciphertext.
ByteVector Builder::seal(uint16_t type, Bytes key, Bytes plain) {
  ByteVector nonce;
  append_le<uint64_t>(nonce, time_);
  append_le<uint32_t>(nonce, next_nonce_++);
  ByteVector value = nonce;
  append(value, seal_ccm(key, nonce, plain));
  return make_entry(type, kSealed, value);
}

// +0 GUID, +16 FILETIME, +24 zero, +26 what protects it, +28 properties.
void Builder::add_protector(uint16_t protection, const Bytes& properties, const char* type,
                            std::string secret, const Guid& id, uint16_t version) {
  ByteVector value(id.bytes.begin(), id.bytes.end());
  append_le<uint64_t>(value, time_);
  append_le<uint16_t>(value, 0);
  append_le<uint16_t>(value, protection);
  append(value, properties);
  append(entries_, make_entry(kVmk, kProtectedVmk, value, version));
  fve_.protectors.push_back({id, type, std::move(secret)});
}

void Builder::add_clear_key() {
  ByteVector key = random_.bytes(32);
  ByteVector properties = make_key(kAlgorithmExternal, key, 1);
  append(properties, seal(kProperty, key, make_key(kAlgorithmVmk, vmk_, 0)));
  // Windows gives this one version 3.
  add_protector(kByClearKey, properties, "clear-key", "", random_.guid(), 3);
}

// The blob has the lengths of a real one (PCRs 7 and 11, a private and a public part), but no TPM made it.
void Builder::add_tpm() {
  constexpr size_t kPrivateBytes = 222;
  constexpr size_t kPublicBytes = 78;
  ByteVector value;
  append_le<uint32_t>(value, 1u << 7 | 1u << 11);
  for (size_t size : {kPrivateBytes, kPublicBytes}) {
    value.push_back(static_cast<uint8_t>(size >> 8));  // TPM structures are big-endian
    value.push_back(static_cast<uint8_t>(size));
    append(value, random_.bytes(size));
  }
  add_protector(kByTpm, make_entry(kProperty, kTpmSealed, value), "tpm", "", random_.guid());
}

void Builder::add_recovery_password(const std::string& text) {
  ByteVector words = parse_recovery_password(text);
  ByteVector salt = random_.bytes(16);
  ByteVector stretched = stretch_key(sha256(words), salt);
  ByteVector value;
  append_le<uint32_t>(value, kAlgorithmRecovery);
  append(value, salt);
  append(value, seal(kBackupOfPassword, vmk_, make_key(kAlgorithmRecovery, words, 0)));
  append(value, seal(kBackupOfStretchedKey, vmk_, make_key(kAlgorithmStretchedRecovery, stretched, 0)));
  ByteVector properties = make_entry(kProperty, kStretchedKey, value);
  append(properties, seal(kProperty, stretched, make_key(kAlgorithmVmk, vmk_, 0)));
  add_protector(kByRecoveryPassword, properties, "recovery-password", format_recovery_password(words),
                random_.guid());
}

void Builder::add_password(const std::string& text) {
  ByteVector salt = random_.bytes(16);
  ByteVector stretched = stretch_key(sha256(sha256(utf16_to_le(to_utf16(text)))), salt);
  ByteVector value;
  append_le<uint32_t>(value, kAlgorithmPassword);
  append(value, salt);
  append(value, seal(kProperty, vmk_, make_key(kAlgorithmStretchedPassword, stretched, 0)));
  ByteVector properties = make_entry(kProperty, kStretchedKey, value);
  append(properties, seal(kProperty, stretched, make_key(kAlgorithmVmk, vmk_, 0)));
  add_protector(kByPassword, properties, "password", text, random_.guid());
}

void Builder::add_startup_key() {
  Guid id = random_.guid();
  ByteVector key = random_.bytes(32);
  ByteVector value;
  append_le<uint32_t>(value, kAlgorithmExternal);
  append(value, seal(kProperty, vmk_, make_key(kAlgorithmExternal, key, 0)));
  ByteVector properties = make_text(kProperty, "ExternalKey");
  append(properties, make_entry(kProperty, kUsedKey, value));
  append(properties, seal(kProperty, key, make_key(kAlgorithmVmk, vmk_, 0)));
  add_protector(kByStartupKey, properties, "startup-key", options_.startup_key_file, id);
  fve_.startup_key_file = make_startup_key_file(id, key);
}

// A header of 48 bytes as the metadata have it, then one entry with the key.
ByteVector Builder::make_startup_key_file(const Guid& id, Bytes key) {
  ByteVector value(id.bytes.begin(), id.bytes.end());
  append_le<uint64_t>(value, time_);
  append(value, make_text(kProperty, "ExternalKey"));
  if (options_.startup_key_windows11)
    append(value, make_entry(kVolumeGuid, kGuidValue, fve_.volume_guid.bytes));
  append(value, make_key(kAlgorithmExternal, key, 1));
  ByteVector entry = make_entry(kStartupKey, kExternalKey, value);

  ByteVector file(48);
  uint32_t size = static_cast<uint32_t>(file.size() + entry.size());
  write_le<uint32_t>(file, 0, size);
  write_le<uint32_t>(file, 4, 1);
  write_le<uint32_t>(file, 8, 48);
  write_le<uint32_t>(file, 12, size);
  std::copy(id.bytes.begin(), id.bytes.end(), file.begin() + 16);
  write_le<uint32_t>(file, 32, 1);
  write_le<uint64_t>(file, 40, time_);
  append(file, entry);
  return file;
}

ByteVector Builder::make_block(const FveLayout& layout) {
  constexpr uint16_t kFullyEncrypted = 4;
  uint16_t method = static_cast<uint16_t>(options_.method);
  bool diffuser = options_.method == Method::kCbc128Elephant || options_.method == Method::kCbc256Elephant;
  ByteVector block(64 + 48);
  std::copy_n("-FVE-FS-", 8, block.begin());
  uint64_t used = align_up(block.size() + entries_.size(), 16);
  write_le<uint16_t>(block, 8, static_cast<uint16_t>(used / 16));
  write_le<uint16_t>(block, 10, 2);  // version
  write_le<uint16_t>(block, 12, kFullyEncrypted);
  write_le<uint16_t>(block, 14, kFullyEncrypted);
  write_le<uint64_t>(block, 16, layout.volume_bytes);
  write_le<uint32_t>(block, 28, static_cast<uint32_t>(kVolumeHeaderBytes / layout.sector_bytes));
  for (size_t i = 0; i < 3; ++i) write_le<uint64_t>(block, 32 + 8 * i, layout.metadata_offsets[i]);
  write_le<uint64_t>(block, 56, layout.header_offset);
  // The header of the entries.
  uint32_t size = static_cast<uint32_t>(48 + entries_.size());
  write_le<uint32_t>(block, 64, size);
  write_le<uint32_t>(block, 68, 1);
  write_le<uint32_t>(block, 72, 48);
  write_le<uint32_t>(block, 76, size);
  std::copy(fve_.volume_guid.bytes.begin(), fve_.volume_guid.bytes.end(), block.begin() + 80);
  write_le<uint32_t>(block, 96, next_nonce_ + 1);  // one more goes into the validation below
  write_le<uint16_t>(block, 100, method);
  write_le<uint16_t>(block, 102, diffuser ? 0 : method);  // Windows 10 repeats it
  write_le<uint64_t>(block, 104, time_);
  append(block, entries_);
  block.resize(used);

  // The validation: +0 bytes up to the block's end, +2 version, +4 CRC-32, +8 the sealed hash.
  ByteVector validation;
  append_le<uint16_t>(validation, static_cast<uint16_t>(kMetadataBytes - used));
  append_le<uint16_t>(validation, 2);
  append_le<uint32_t>(validation, crc32(block));
  append(validation, seal(kProperty, vmk_, make_key(kAlgorithmHash, sha256(block), 0)));
  append(block, validation);
  if (block.size() > kMetadataBytes)
    throw Error(ErrorCode::kUsage, "brokenpc.fve.full", "that many protectors do not fit into the metadata");
  block.resize(kMetadataBytes);
  return block;
}

Fve Builder::build(const FveLayout& layout, const std::string& description) {
  fve_.volume_guid = random_.guid();
  fve_.description = description;
  fve_.volume_key = random_.bytes(volume_key_bytes(options_.method));
  append(entries_, make_text(kDescription, description));
  if (options_.tpm_protector) add_tpm();
  if (options_.recovery_protector) {
    for (const std::string& text : options_.recovery_passwords) add_recovery_password(text);
    if (options_.recovery_passwords.empty())
      add_recovery_password(format_recovery_password(random_.bytes(16)));
  }
  for (const std::string& text : options_.passwords) add_password(text);
  if (!options_.startup_key_file.empty()) add_startup_key();
  if (options_.clear_key) add_clear_key();
  ByteVector key = make_key(static_cast<uint32_t>(options_.method), fve_.volume_key, 0);
  append(entries_, seal(kFvek, vmk_, key));
  ByteVector header;
  append_le<uint64_t>(header, layout.header_offset);
  append_le<uint64_t>(header, kVolumeHeaderBytes);
  append(entries_, make_entry(kVolumeHeader, kOffsetAndSize, header));
  fve_.block = make_block(layout);
  return std::move(fve_);
}

}  // namespace

ByteVector parse_recovery_password(std::string_view text) {
  auto refuse = [](const std::string& what) {
    throw Error(ErrorCode::kUsage, "brokenpc.fve.recovery",
                what + "; a recovery password has 8 groups of 6 digits, each a multiple of 11 below 720896");
  };
  ByteVector words;
  for (size_t group = 1; group <= 8; ++group) {
    std::string_view digits = text.substr(0, 6);
    text.remove_prefix(std::min<size_t>(text.size(), 6));
    bool separated = group == 8 ? text.empty() : text.starts_with('-');
    if (group < 8 && separated) text.remove_prefix(1);
    uint32_t value = 0;
    for (char c : digits) {
      if (c < '0' || c > '9') refuse("group " + std::to_string(group) + " holds something else than digits");
      value = value * 10 + static_cast<uint32_t>(c - '0');
    }
    if (digits.size() != 6 || !separated || value % 11 != 0 || value >= 720896)
      refuse("group " + std::to_string(group) + " is wrong");
    append_le<uint16_t>(words, static_cast<uint16_t>(value / 11));
  }
  return words;
}

std::string format_recovery_password(Bytes words) {
  std::string text;
  for (size_t group = 0; group < 8; ++group) {
    std::string digits = std::to_string(uint32_t{read_le<uint16_t>(words, 2 * group)} * 11);
    if (group > 0) text += '-';
    text += std::string(6 - digits.size(), '0') + digits;
  }
  return text;
}

Fve make_fve(const Options& options, const FveLayout& layout, const std::string& description, uint64_t time,
             Random& random) {
  return Builder(options, time, random).build(layout, description);
}

ByteVector make_fve_boot_sector(const FveLayout& layout, uint32_t cluster_bytes, uint64_t partition_offset) {
  ByteVector sector(layout.sector_bytes);
  constexpr uint8_t kJumpAndName[] = {0xeb, 0x58, 0x90, '-', 'F', 'V', 'E', '-', 'F', 'S', '-'};
  std::copy(std::begin(kJumpAndName), std::end(kJumpAndName), sector.begin());
  write_le<uint16_t>(sector, 11, static_cast<uint16_t>(layout.sector_bytes));
  sector[13] = static_cast<uint8_t>(cluster_bytes / layout.sector_bytes);
  sector[21] = 0xf8;                    // fixed disk
  write_le<uint16_t>(sector, 24, 63);   // sectors per track
  write_le<uint16_t>(sector, 26, 255);  // heads
  write_le<uint32_t>(sector, 28, static_cast<uint32_t>(partition_offset / layout.sector_bytes));
  write_le<uint32_t>(sector, 36, 0x1fe0);
  write_le<uint16_t>(sector, 48, 1);
  write_le<uint16_t>(sector, 50, 6);
  sector[64] = 0x80;
  sector[66] = 0x29;
  std::copy_n("NO NAME    FAT32   ", 19, sector.begin() + 71);
  // Booted all the same: ask the firmware for the next device, and stay there.
  constexpr uint8_t kNotBootable[] = {0xcd, 0x18, 0xf4, 0xeb, 0xfd};
  std::copy(std::begin(kNotBootable), std::end(kNotBootable), sector.begin() + 0x5a);
  Guid signature = *Guid::parse("4967d63b-2e29-4ad8-8399-f6a339e3d001");
  std::copy(signature.bytes.begin(), signature.bytes.end(), sector.begin() + 0xa0);
  for (size_t i = 0; i < 3; ++i) write_le<uint64_t>(sector, 0xb0 + 8 * i, layout.metadata_offsets[i]);
  sector[510] = 0x55;
  sector[511] = 0xaa;
  return sector;
}

}  // namespace mend::brokenpc
