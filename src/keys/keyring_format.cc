// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/keyring_format.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::keys::keyring_format {
namespace {

// The header, by offset (FORMAT.md).
constexpr size_t kVersionAt = 0x08, kHeaderSizeAt = 0x0c, kIdAt = 0x10, kSealedAt = 0x20, kRowsAt = 0x28,
                 kRowSizeAt = 0x2c, kFormAt = 0x30, kPassesAt = 0x34, kMemoryAt = 0x38,
                 kRecipientKindAt = 0x3c, kSaltAt = 0x40, kRecipientAt = 0x50, kCustomerAt = 0x70,
                 kBuildAt = 0xc0, kSealedMasterAt = 0x100, kBoxedMasterAt = 0x130, kReservedAt = 0x180;
constexpr size_t kSealedMasterBytes = kMasterBytes + crypto::kSealTagBytes;
constexpr size_t kBoxedMasterBytes = kMasterBytes + crypto::kSealedBoxBytes;
static_assert(kBuildAt + kBuildBytes == kBoundBytes && kCustomerAt + kCustomerBytes == kBuildAt);
static_assert(kSealedMasterAt + kSealedMasterBytes == kBoxedMasterAt);
static_assert(kBoxedMasterAt + kBoxedMasterBytes == kReservedAt);

// An entry, by offset.
constexpr size_t kKindAt = 0, kHasIdAt = 1, kHasVolumeAt = 2, kHostLengthAt = 3, kCreatedAt = 8,
                 kEntryIdAt = 16, kVolumeAt = 32, kKeyAt = 48, kHostAt = 80, kKeyBytes = 32,
                 kRecoveryBytes = 16;
static_assert(kHostAt + kHostBytes == kEntryBytes);

constexpr int64_t kLatestSecond = 4'354'819'199;  // the last of 2107, where FAT's years end

void put(MutableBytes out, size_t at, Bytes bytes) {
  const MutableBytes place = slice(out, at, bytes.size());
  std::copy(bytes.begin(), bytes.end(), place.begin());
}

template <size_t N>
std::array<uint8_t, N> array_at(Bytes from, size_t at) {
  std::array<uint8_t, N> bytes{};
  const Bytes field = slice(from, at, N);
  std::copy(field.begin(), field.end(), bytes.begin());
  return bytes;
}

uint64_t seconds_of(Time time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return static_cast<uint64_t>(std::clamp<int64_t>(seconds, 0, kLatestSecond));
}

Time time_at(uint64_t seconds) {
  return Time(std::chrono::seconds(std::min(seconds, static_cast<uint64_t>(kLatestSecond))));
}

// Cut between two characters.
std::string shortened(const std::string& text, size_t limit) {
  size_t end = std::min(text.size(), limit);
  while (end != 0 && end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

[[noreturn]] void damaged(const char* id, const std::string& name, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id,
              printable(name) + " is no whole keyring: " + why + ". Copy it anew, or seal the keys again");
}

// A text with zeros after it to the end of its field.
std::string text_at(Bytes header, size_t at, size_t size_bytes, const std::string& name) {
  const std::string_view field = as_text(slice(header, at, size_bytes));
  std::string text(field.substr(0, field.find('\0')));
  if (!all_zero(slice(header, at + text.size(), size_bytes - text.size())) || printable(text) != text)
    damaged("keys.keyring.text", name, "its header holds a text that is none");
  return text;
}

void check_sizes(Bytes file, const std::string& name) {
  if (file.size() < kMagic.size() || as_text(file.first(kMagic.size())) != kMagic)
    damaged("keys.keyring.magic", name, "it does not begin like one");
  if (file.size() < kHeaderBytes + kEndBytes)
    damaged("keys.keyring.short", name, "it ends within its header");
  const uint32_t version = read_le<uint32_t>(file, kVersionAt);
  if (version != kVersion) {
    throw Error(ErrorCode::kUnsupported, "keys.keyring.version",
                printable(name) + " is a keyring of version " + std::to_string(version) +
                    "; this program knows version 1");
  }
  if (read_le<uint32_t>(file, kHeaderSizeAt) != kHeaderBytes ||
      read_le<uint32_t>(file, kRowSizeAt) != kRowBytes)
    damaged("keys.keyring.sizes", name, "its sizes are not those of its version");
  const uint64_t rows = read_le<uint32_t>(file, kRowsAt);
  const uint64_t expected = kHeaderBytes + rows * kRowBytes + kEndBytes;
  if (rows % kRowUnit != 0 || expected != file.size()) {
    damaged("keys.keyring.length", name,
            "it has " + std::to_string(file.size()) + " bytes, and its header speaks of " +
                std::to_string(expected));
  }
}

}  // namespace

std::array<uint8_t, kBoundBytes> encode_bound(const Header& header) {
  const KeyringInfo& info = header.info;
  std::array<uint8_t, kBoundBytes> bytes{};
  put(bytes, 0, as_bytes(kMagic));
  write_le<uint32_t>(bytes, kVersionAt, kVersion);
  write_le<uint32_t>(bytes, kHeaderSizeAt, kHeaderBytes);
  put(bytes, kIdAt, info.id);
  write_le<uint64_t>(bytes, kSealedAt, seconds_of(info.sealed));
  write_le<uint32_t>(bytes, kRowsAt, info.rows);
  write_le<uint32_t>(bytes, kRowSizeAt, kRowBytes);
  write_le<uint32_t>(bytes, kFormAt, static_cast<uint32_t>(info.form));
  write_le<uint32_t>(bytes, kPassesAt, info.cost.passes);
  write_le<uint32_t>(bytes, kMemoryAt, info.cost.memory_kib);
  write_le<uint32_t>(bytes, kRecipientKindAt, info.recipient ? 1 : 0);
  put(bytes, kSaltAt, header.salt);
  if (info.recipient) put(bytes, kRecipientAt, *info.recipient);
  put(bytes, kCustomerAt, as_bytes(shortened(info.customer, kCustomerBytes)));
  put(bytes, kBuildAt, as_bytes(shortened(info.build, kBuildBytes)));
  return bytes;
}

ByteVector encode_header(const Header& header) {
  ByteVector bytes(kHeaderBytes);
  put(bytes, 0, encode_bound(header));
  put(bytes, kSealedMasterAt, header.sealed_master);
  put(bytes, kBoxedMasterAt, header.boxed_master);
  return bytes;
}

Header decode_header(Bytes file, const std::string& name) {
  check_sizes(file, name);
  // Before any other field is believed.
  const Bytes before_end = file.first(file.size() - kEndBytes);
  if (!equal(checksum_of(before_end), slice(file, before_end.size(), kHashBytes)))
    damaged("keys.keyring.checksum", name, "its checksum is not that of its content");
  Header header;
  KeyringInfo& info = header.info;
  info.id = array_at<16>(file, kIdAt);
  info.sealed = time_at(read_le<uint64_t>(file, kSealedAt));
  info.rows = read_le<uint32_t>(file, kRowsAt);
  const uint32_t form = read_le<uint32_t>(file, kFormAt),
                 recipient = read_le<uint32_t>(file, kRecipientKindAt);
  if (form < 1 || form > 2 || recipient > 1 ||
      !all_zero(slice(file, kReservedAt, kHeaderBytes - kReservedAt)))
    damaged("keys.keyring.fields", name, "a field of its header has a value that its version does not know");
  info.form = static_cast<PassphraseForm>(form);
  info.cost = {read_le<uint32_t>(file, kPassesAt), read_le<uint32_t>(file, kMemoryAt)};
  if (!crypto::is_bearable(info.cost)) {
    throw Error(
        ErrorCode::kRefused, "keys.keyring.cost",
        printable(name) + " asks for " + std::to_string(info.cost.passes) + " passes over " +
            std::to_string(info.cost.memory_kib / 1024) +
            " MiB to check its passphrase, more than is done here: someone has made it to stop this PC");
  }
  header.salt = array_at<16>(file, kSaltAt);
  if (recipient == 1) info.recipient = array_at<32>(file, kRecipientAt);
  info.customer = text_at(file, kCustomerAt, kCustomerBytes, name);
  info.build = text_at(file, kBuildAt, kBuildBytes, name);
  const Bytes sealed = slice(file, kSealedMasterAt, kSealedMasterBytes);
  header.sealed_master.assign(sealed.begin(), sealed.end());
  const Bytes boxed = slice(file, kBoxedMasterAt, recipient == 1 ? kBoxedMasterBytes : 0);
  header.boxed_master.assign(boxed.begin(), boxed.end());
  return header;
}

Subkeys derive(const Secret& master) {
  const auto subkey = [&](std::string_view purpose) {
    return crypto::derive_key(master.bytes(), {as_bytes("mendstick keyring 1 "), as_bytes(purpose)});
  };
  return {subkey("index"), subkey("rows"), subkey("file")};
}

Tag tag_of(const Subkeys& keys, Class of, uint32_t ordinal, Bytes subject) {
  std::array<uint8_t, 5> begin{static_cast<uint8_t>(of)};
  write_le<uint32_t>(begin, 1, ordinal);
  Tag tag;
  crypto::blake2b(keys.index.bytes(), {begin, subject}, tag);
  return tag;
}

Secret encode_entry(const Entry& entry) {
  Secret bytes(kEntryBytes);
  const MutableBytes out = bytes.bytes();
  const std::string host = shortened(entry.host, kHostBytes);
  out[kKindAt] = static_cast<uint8_t>(entry.kind);
  out[kHasIdAt] = entry.id ? 1 : 0;
  out[kHasVolumeAt] = entry.volume ? 1 : 0;
  out[kHostLengthAt] = static_cast<uint8_t>(host.size());
  write_le<uint64_t>(out, kCreatedAt, seconds_of(entry.created));
  if (entry.id) put(out, kEntryIdAt, entry.id->bytes);
  if (entry.volume) put(out, kVolumeAt, entry.volume->bytes);
  put(out, kKeyAt,
      slice(entry.key.bytes(), 0, entry.kind == Entry::Kind::kRecovery ? kRecoveryBytes : kKeyBytes));
  put(out, kHostAt, as_bytes(host));
  return bytes;
}

Entry decode_entry(Bytes bytes) {
  const uint8_t kind = slice(bytes, 0, kEntryBytes)[kKindAt];
  const bool startup = kind == static_cast<uint8_t>(Entry::Kind::kStartup);
  const uint8_t host = bytes[kHostLengthAt];
  if (kind < 1 || kind > 2 || host > kHostBytes || (startup && bytes[kHasIdAt] == 0))
    throw Error(ErrorCode::kCorrupt, "keys.keyring.entry",
                "the keyring holds an entry that its version does not know");
  Entry entry;
  entry.kind = static_cast<Entry::Kind>(kind);
  if (bytes[kHasIdAt] != 0) entry.id = Guid::read(bytes, kEntryIdAt);
  if (bytes[kHasVolumeAt] != 0) entry.volume = Guid::read(bytes, kVolumeAt);
  entry.created = time_at(read_le<uint64_t>(bytes, kCreatedAt));
  entry.host = printable(as_text(slice(bytes, kHostAt, host)));
  entry.key = Secret(slice(bytes, kKeyAt, startup ? kKeyBytes : kRecoveryBytes));
  return entry;
}

namespace {

// A key and a nonce that no other row of any keyring has, so that neither has to be stored.
Secret row_secrets(const Subkeys& keys, Bytes keyring_id, Bytes tag) {
  return crypto::derive_key(keys.rows.bytes(), {keyring_id, tag},
                            crypto::kSealKeyBytes + crypto::kSealNonceBytes);
}

ByteVector associated(Bytes keyring_id, Bytes tag) {
  ByteVector bytes(keyring_id.begin(), keyring_id.end());
  bytes.insert(bytes.end(), tag.begin(), tag.end());
  return bytes;
}

}  // namespace

ByteVector seal_row(const Subkeys& keys, Bytes keyring_id, const Tag& tag, Bytes entry) {
  const Secret secrets = row_secrets(keys, keyring_id, tag);
  const ByteVector sealed =
      crypto::seal(secrets.bytes().first(crypto::kSealKeyBytes),
                   secrets.bytes().subspan(crypto::kSealKeyBytes), associated(keyring_id, tag), entry);
  ByteVector row(tag.begin(), tag.end());
  row.insert(row.end(), sealed.begin(), sealed.end());
  return row;
}

std::optional<Secret> open_row(const Subkeys& keys, Bytes keyring_id, Bytes row) {
  const Bytes tag = slice(row, 0, kTagBytes);
  const Secret secrets = row_secrets(keys, keyring_id, tag);
  return crypto::open_sealed(secrets.bytes().first(crypto::kSealKeyBytes),
                             secrets.bytes().subspan(crypto::kSealKeyBytes), associated(keyring_id, tag),
                             row.subspan(kTagBytes));
}

std::array<uint8_t, kHashBytes> checksum_of(Bytes before_end) {
  std::array<uint8_t, kHashBytes> hash{};
  crypto::blake2b({}, {before_end}, hash);
  return hash;
}

std::array<uint8_t, kHashBytes> mac_of(const Subkeys& keys, Bytes checksum) {
  std::array<uint8_t, kHashBytes> mac{};
  crypto::blake2b(keys.file.bytes(), {checksum}, mac);
  return mac;
}

}  // namespace mend::keys::keyring_format
