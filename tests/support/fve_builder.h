// SPDX-License-Identifier: GPL-3.0-or-later
// Makes small BitLocker volumes in memory: any method, sector size and layout, metadata version 1 and 2, with
// keys that are known, and lets a test change the metadata and seal it anew. Ciphers are those of src/; what
// they compute is proven elsewhere (tests/unit/crypto, tests/real).
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/text.h"
#include "bitlocker/bitlocker.h"
#include "bitlocker/fve_format.h"
#include "bitlocker/sector_cipher.h"
#include "crypto/aes.h"

namespace mend::test {

namespace fve = bitlocker::fve;

struct FveOptions {
  bitlocker::Method method = bitlocker::Method::kAesXts128;
  uint32_t sector_bytes = 512;
  bitlocker::Layout layout = bitlocker::Layout::kFixed;
  bool clear_key = false;
  uint64_t tail_bytes = 0;  // of the device, beyond the volume
};

class FveVolume {
 public:
  static constexpr uint64_t kBytes = 4 << 20;
  static constexpr std::string_view kDescription = "PC01 C: 19/07/2024";

  explicit FveVolume(const FveOptions& options = {}) : options_(options) {
    image.resize(kBytes + options.tail_bytes);
    make_keys();
    make_plaintext();
    encrypt();
    block = make_block();
    for (size_t i = 0; i < 3; ++i) put_block(i, block);
  }

  // --- what is known about it ---
  static Guid guid(uint8_t number) {
    Guid guid;
    for (size_t i = 0; i < 16; ++i) guid.bytes[i] = static_cast<uint8_t>(number * 16 + i);
    return guid;
  }
  static Guid volume_guid() { return guid(1); }
  static Guid recovery_id(size_t which) { return guid(static_cast<uint8_t>(2 + which)); }  // 0 and 1
  static Guid password_id() { return guid(4); }
  static Guid startup_id() { return guid(5); }
  static Guid clear_id() { return guid(6); }
  static Guid tpm_id() { return guid(7); }
  static std::string_view password() { return "anaconda\xC2\xA3"; }
  static std::string recovery_password(size_t which) {
    std::string text;
    for (uint32_t group = 0; group < 8; ++group) {
      char digits[8];
      std::snprintf(digits, sizeof digits, "%06u", (word(which, group)) * 11);
      text += (group == 0 ? "" : "-") + std::string(digits);
    }
    return text;
  }
  bitlocker::Credentials startup_credentials() const {
    bitlocker::Credentials credentials;
    credentials.startup_keys.push_back(bitlocker::StartupKey::parse(startup_file()));
    return credentials;
  }
  // A .BEK file, in the form of Windows 11 when `with_volume`.
  ByteVector startup_file(bool with_volume = false) const {
    ByteVector properties = entry(0, 2, utf16_to_le(std::u16string(u"ExternalKey\0", 12)));
    if (with_volume) append(properties, entry(0x19, 0x17, volume_guid().bytes));
    append(properties, key_entry(startup_key_, 0x2002));
    const Guid id = startup_id();
    ByteVector external(id.bytes.begin(), id.bytes.end());
    external.resize(24);
    append(external, properties);
    const ByteVector body = entry(6, 9, external);
    ByteVector file(48);
    for (const size_t at : {size_t{0}, size_t{12}})
      write_le<uint32_t>(file, at, static_cast<uint32_t>(48 + body.size()));
    write_le<uint32_t>(file, 4, 1);
    write_le<uint32_t>(file, 8, 48);
    std::copy_n(id.bytes.begin(), 16, file.begin() + 16);
    append(file, body);
    return file;
  }

  bool vista() const { return options_.layout == bitlocker::Layout::kVista; }
  uint64_t region_bytes() const { return vista() ? 0x4000 : 0x10000; }
  std::array<uint64_t, 3> offsets() const { return {0x180000, 0x280000, 0x380000}; }
  bitlocker::Region moved_header() const {
    if (vista()) return {};
    return {0x300000, options_.layout == bitlocker::Layout::kToGo ? uint64_t{0x29000} : uint64_t{0x2000}};
  }
  bool in_metadata(uint64_t offset) const {
    const auto within = [&](uint64_t start, uint64_t length) {
      return offset >= start && offset - start < length;
    };
    const auto starts = offsets();
    return within(moved_header().offset, moved_header().length) ||
           std::any_of(starts.begin(), starts.end(),
                       [&](uint64_t start) { return within(start, region_bytes()); });
  }

  // --- changing it ---
  // Writes a block as copy `index`, with its checksum, and with its sealed hash unless told not to.
  enum class Hash { kSealed, kStale };
  void put_block(size_t index, Bytes bytes, Hash hash = Hash::kSealed) {
    ByteVector region(bytes.begin(), bytes.end());
    ByteVector validation(8);
    write_le<uint16_t>(validation, 0, static_cast<uint16_t>(region_bytes() - bytes.size()));
    write_le<uint16_t>(validation, 2, vista() ? 1 : 2);
    write_le<uint32_t>(validation, 4, crc32(bytes));
    if (!vista()) {
      const crypto::Sha256Digest digest = crypto::sha256(hash == Hash::kSealed ? bytes : Bytes(block));
      append(validation, entry(0, 5, sealed(vmk_, key_entry(digest, 0x2005))));
    }
    append(region, validation);
    region.resize(region_bytes());
    std::copy(region.begin(), region.end(), image.begin() + static_cast<ptrdiff_t>(offsets()[index]));
  }
  void put_all(Bytes bytes, Hash hash = Hash::kSealed) {
    for (size_t i = 0; i < 3; ++i) put_block(i, bytes, hash);
  }

  ByteVector image;      // the device
  ByteVector plaintext;  // what the unlocked volume shows
  ByteVector block;      // the metadata block, the same in all three places

  // --- pieces of the format ---
  static void append(ByteVector& to, Bytes more) { to.insert(to.end(), more.begin(), more.end()); }
  static ByteVector entry(uint16_t type, uint16_t value, Bytes data, uint16_t version = 1) {
    ByteVector bytes(8);
    write_le<uint16_t>(bytes, 0, static_cast<uint16_t>(8 + data.size()));
    write_le<uint16_t>(bytes, 2, type);
    write_le<uint16_t>(bytes, 4, value);
    write_le<uint16_t>(bytes, 6, version);
    append(bytes, data);
    return bytes;
  }
  static ByteVector key_entry(Bytes key, uint32_t method) {
    ByteVector data(4);
    write_le<uint32_t>(data, 0, method);
    append(data, key);
    return entry(0, 1, data);
  }
  static ByteVector sealed(Bytes key, Bytes plain) {
    ByteVector nonce(12, 0x5A), tag(16), ciphertext(plain.size());
    write_le<uint32_t>(nonce, 8, ++nonce_counter());
    crypto::ccm_seal(key, nonce, plain, ciphertext, tag);
    append(nonce, tag);
    append(nonce, ciphertext);
    return nonce;
  }

 private:
  static uint32_t& nonce_counter() {
    static uint32_t counter = 0;
    return counter;
  }
  static uint32_t word(size_t which, uint32_t group) {
    return (group * 7919 + 12345 + static_cast<uint32_t>(which) * 31337) & 0xFFFF;
  }
  static ByteVector pattern(size_t size, uint32_t seed) {
    ByteVector bytes(size);
    for (uint8_t& byte : bytes) {
      seed = seed * 1664525 + 1013904223;
      byte = static_cast<uint8_t>(seed >> 24);
    }
    return bytes;
  }

  struct Sizes {
    size_t stored, data, tweak;
  };
  Sizes sizes() const {
    switch (options_.method) {
      case bitlocker::Method::kAesCbc128Elephant:
        return {64, 16, 16};
      case bitlocker::Method::kAesCbc256Elephant:
        return {64, 32, 32};
      case bitlocker::Method::kAesCbc128:
        return {16, 16, 0};
      case bitlocker::Method::kAesXts256:
        return {64, 64, 0};
      default:
        return {32, 32, 0};
    }
  }

  void make_keys() {
    vmk_ = pattern(32, 1);
    startup_key_ = pattern(32, 2);
    fvek_ = pattern(sizes().stored, 3);
  }

  void make_plaintext() {
    plaintext = pattern(kBytes, 4);
    for (uint64_t at = 0; at < kBytes; ++at)
      if (in_metadata(at)) plaintext[at] = 0;
    if (!vista()) return;
    const MutableBytes boot(plaintext);
    std::copy(fve::kVistaBootCode.begin(), fve::kVistaBootCode.end(), boot.begin());
    std::copy(fve::kNtfsSignature.begin(), fve::kNtfsSignature.end(), boot.begin() + 3);
    write_le<uint16_t>(boot, 0x0B, static_cast<uint16_t>(options_.sector_bytes));
    boot[0x0D] = static_cast<uint8_t>(4096 / options_.sector_bytes);
    write_le<uint64_t>(boot, 0x28, kBytes / options_.sector_bytes - 1);
    write_le<uint64_t>(boot, 0x38, kMftMirrorCluster);
    std::copy_n(boot.begin(), options_.sector_bytes, plaintext.end() - options_.sector_bytes);
  }
  static constexpr uint64_t kMftMirrorCluster = 0x123;

  void encrypt() {
    const Sizes size = sizes();
    const bitlocker::VolumeKeys keys(options_.method, Secret(Bytes(fvek_).first(size.data)),
                                     Secret(Bytes(fvek_).subspan(size.tweak == 0 ? 0 : 32, size.tweak)), {});
    const auto cipher = bitlocker::make_sector_cipher(keys, options_.sector_bytes);
    std::copy(plaintext.begin(), plaintext.end(), image.begin());
    const MutableBytes device = MutableBytes(image).first(kBytes);
    const uint64_t clear = vista() ? 16 * options_.sector_bytes : 0;
    cipher->encrypt(clear, device.subspan(clear, kBytes - clear - (vista() ? options_.sector_bytes : 0)));
    if (vista()) {
      for (const uint64_t at : {uint64_t{0}, kBytes - options_.sector_bytes})
        make_vista_boot(device.subspan(at, 512));
      return;
    }
    const bitlocker::Region moved = moved_header();
    std::copy_n(plaintext.begin(), moved.length, device.begin() + static_cast<ptrdiff_t>(moved.offset));
    cipher->encrypt(moved.offset, device.subspan(moved.offset, moved.length));
    std::fill_n(device.begin(), moved.length, uint8_t{0xEE});
    make_boot(device.first(512));
  }

  void make_boot(MutableBytes boot) const {
    const bool togo = options_.layout == bitlocker::Layout::kToGo;
    std::copy(fve::kBootCode.begin(), fve::kBootCode.end(), boot.begin());
    const std::string_view signature = togo ? fve::kToGoSignature : fve::kSignature;
    std::copy(signature.begin(), signature.end(), boot.begin() + 3);
    write_le<uint16_t>(boot, 0x0B, static_cast<uint16_t>(options_.sector_bytes));
    const size_t at = togo ? 0x1A8 : 0xA0;
    std::copy(fve::kHeaderGuid.bytes.begin(), fve::kHeaderGuid.bytes.end(),
              boot.begin() + static_cast<ptrdiff_t>(at));
    for (size_t i = 0; i < 3; ++i) write_le<uint64_t>(boot, at + 16 + 8 * i, offsets()[i]);
  }
  void make_vista_boot(MutableBytes boot) const {
    std::copy(fve::kSignature.begin(), fve::kSignature.end(), boot.begin() + 3);
    write_le<uint64_t>(boot, 0x38, offsets()[0] / 4096);
  }

  ByteVector protector(const Guid& id, uint16_t type, Bytes properties, uint16_t version = 1) const {
    ByteVector data(id.bytes.begin(), id.bytes.end());
    data.resize(28);
    write_le<uint16_t>(data, 26, type);
    append(data, properties);
    return entry(2, 8, data, version);
  }
  ByteVector stretched_protector(const Guid& id, uint16_t type, Bytes initial) const {
    const ByteVector salt = pattern(16, type + uint32_t{id.bytes[0]});
    ByteVector stretch_data(4);
    append(stretch_data, salt);
    ByteVector properties = entry(0, 2, utf16_to_le(std::u16string(u"DiskPassword\0", 13)));
    append(properties, entry(0, 3, stretch_data));
    append(properties, entry(0, 5, sealed(stretched(initial, salt), key_entry(vmk_, 0x2003))));
    return protector(id, type, properties);
  }
  // The same few keys are stretched in every volume.
  static const ByteVector& stretched(Bytes initial, Bytes salt) {
    static std::map<std::pair<ByteVector, ByteVector>, ByteVector> known;
    ByteVector& key =
        known[{ByteVector(initial.begin(), initial.end()), ByteVector(salt.begin(), salt.end())}];
    if (key.empty()) {
      const Secret secret = crypto::stretch(initial, salt);
      key.assign(secret.bytes().begin(), secret.bytes().end());
    }
    return key;
  }
  ByteVector make_protectors() const {
    ByteVector all;
    for (size_t which = 0; which < 2; ++which) {
      const auto password = bitlocker::RecoveryPassword::parse(recovery_password(which));
      append(all, stretched_protector(recovery_id(which), 0x0800, crypto::sha256(password.key_words())));
    }
    const ByteVector units = utf16_to_le(to_utf16(password()));
    append(all, stretched_protector(password_id(), 0x2000, crypto::sha256(crypto::sha256(units))));
    append(all, protector(startup_id(), 0x0200, entry(0, 5, sealed(startup_key_, key_entry(vmk_, 0x2003)))));
    append(all, protector(tpm_id(), 0x0100, entry(0, 6, pattern(100, 9))));
    if (options_.clear_key) {
      const ByteVector key = pattern(32, 10);
      ByteVector properties = key_entry(key, 0x2002);
      append(properties, entry(0, 5, sealed(key, key_entry(vmk_, 0x2003))));
      append(all, protector(clear_id(), 0x0000, properties, 3));  // as Windows does
    }
    return all;
  }

  ByteVector make_block() const {
    std::u16string description = to_utf16(kDescription);
    description.push_back(u'\0');
    ByteVector entries = entry(7, 2, utf16_to_le(description));
    append(entries, make_protectors());
    append(entries, entry(3, 5, sealed(vmk_, key_entry(fvek_, static_cast<uint32_t>(options_.method)))));
    if (!vista()) {
      ByteVector moved(16);
      write_le<uint64_t>(moved, 0, moved_header().offset);
      write_le<uint64_t>(moved, 8, moved_header().length);
      append(entries, entry(15, 15, moved));
    }
    ByteVector bytes(0x70);
    append(bytes, entries);
    const auto metadata_bytes = static_cast<uint32_t>(bytes.size() - 0x40);
    bytes.resize(align_up(bytes.size(), 16));
    fill_header(bytes, metadata_bytes);
    return bytes;
  }
  void fill_header(ByteVector& bytes, uint32_t metadata_bytes) const {
    std::copy(fve::kSignature.begin(), fve::kSignature.end(), bytes.begin());
    write_le<uint16_t>(bytes, 0x08, static_cast<uint16_t>(vista() ? bytes.size() : bytes.size() / 16));
    write_le<uint16_t>(bytes, 0x0A, vista() ? 1 : 2);
    write_le<uint16_t>(bytes, 0x0C, 4);
    write_le<uint16_t>(bytes, 0x0E, 4);
    for (size_t i = 0; i < 3; ++i) write_le<uint64_t>(bytes, 0x20 + 8 * i, offsets()[i]);
    write_le<uint64_t>(bytes, 0x38, vista() ? kMftMirrorCluster : moved_header().offset);
    if (!vista()) {
      write_le<uint64_t>(bytes, 0x10, kBytes);
      write_le<uint32_t>(bytes, 0x1C, static_cast<uint32_t>(moved_header().length / options_.sector_bytes));
    }
    write_le<uint32_t>(bytes, 0x40, metadata_bytes);
    write_le<uint32_t>(bytes, 0x44, 1);
    write_le<uint32_t>(bytes, 0x48, 48);
    write_le<uint32_t>(bytes, 0x4C, metadata_bytes);
    std::copy_n(volume_guid().bytes.begin(), 16, bytes.begin() + 0x50);
    write_le<uint32_t>(bytes, 0x64, 0x80040000u | static_cast<uint32_t>(options_.method));
    write_le<uint64_t>(bytes, 0x68, uint64_t{133658208000000000});
  }

  FveOptions options_;
  ByteVector vmk_, startup_key_, fvek_;
};

}  // namespace mend::test
