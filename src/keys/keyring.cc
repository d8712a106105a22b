// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/keyring.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/hosts.h"
#include "keys/keyring_format.h"

namespace mend::keys {
namespace {

using namespace keyring_format;

void add(Entry entry, bitlocker::Credentials& into) {
  if (entry.kind == Entry::Kind::kStartup) {
    into.startup_keys.push_back(
        bitlocker::StartupKey::from_parts(*entry.id, entry.volume, entry.key.bytes()));
    return;
  }
  std::optional<Time> created;
  if (entry.created != Time()) created = entry.created;
  into.recovery.push_back(
      {entry.id, std::move(entry.host), bitlocker::RecoveryPassword::from_words(entry.key.bytes()), created});
}

}  // namespace

Keyring Keyring::load(const std::string& path) {
  return parse(read_file(path, kMaximumKeyringBytes), path);
}

Keyring Keyring::parse(ByteVector file, const std::string& name) {
  Keyring keyring;
  keyring.name_ = name;
  auto header = std::make_shared<const Header>(decode_header(file, name));
  keyring.info_ = header->info;
  keyring.header_ = std::move(header);
  keyring.file_ = std::make_shared<const ByteVector>(std::move(file));
  return keyring;
}

OpenKeyring Keyring::open(const Passphrase& passphrase) const {
  const Secret key = crypto::stretch_passphrase(passphrase.text().bytes(), header_->salt, info_.cost);
  const std::array<uint8_t, crypto::kSealNonceBytes> nonce{};  // the key serves once: its salt is random
  const auto master =
      crypto::open_sealed(key.bytes(), nonce, Bytes(*file_).first(kBoundBytes), header_->sealed_master);
  if (master) return open_with(*master);
  throw Error(ErrorCode::kWrongKey, "keys.keyring.passphrase",
              "this is not the passphrase of the keyring for " + info_.customer + ", sealed " +
                  to_iso8601(info_.sealed).substr(0, 10));
}

OpenKeyring Keyring::open(const crypto::KeyPair& recipient) const {
  if (!info_.recipient) {
    throw Error(ErrorCode::kWrongKey, "keys.keyring.no_recipient",
                "the keyring was sealed to no recipient: only its passphrase opens it");
  }
  const auto master = crypto::open_box(recipient, header_->boxed_master);
  if (master && master->size() == kMasterBytes) return open_with(*master);
  throw Error(ErrorCode::kWrongKey, "keys.keyring.recipient",
              "the keyring was sealed to another recipient: this private key does not open it");
}

OpenKeyring Keyring::open_with(const Secret& master) const {
  auto keys = std::make_unique<Subkeys>(derive(master));
  const Bytes end = Bytes(*file_).last(kEndBytes);
  if (!crypto::same_tag(mac_of(*keys, end.first(kHashBytes)), end.subspan(kHashBytes))) {
    throw Error(
        ErrorCode::kCorrupt, "keys.keyring.mac",
        "the keyring was changed after it was sealed, and its checksum with it: that is no accident. No key "
        "is taken from it");
  }
  return {file_, info_, std::move(keys)};
}

OpenKeyring::OpenKeyring(std::shared_ptr<const ByteVector> file, const KeyringInfo& info,
                         std::unique_ptr<Subkeys> keys)
    : file_(std::move(file)), id_(info.id), rows_(info.rows), keys_(std::move(keys)) {}

OpenKeyring::OpenKeyring(OpenKeyring&&) noexcept = default;
OpenKeyring& OpenKeyring::operator=(OpenKeyring&&) noexcept = default;
OpenKeyring::~OpenKeyring() = default;

Bytes OpenKeyring::row(size_t index) const {
  return slice(Bytes(*file_), kHeaderBytes + index * kRowBytes, kRowBytes);
}

std::optional<size_t> OpenKeyring::find(Bytes tag) const {
  size_t first = 0, end = rows_;
  while (first < end) {
    const size_t middle = first + (end - first) / 2;
    const Bytes there = row(middle).first(kTagBytes);
    if (equal(there, tag)) return middle;
    const bool before = std::lexicographical_compare(there.begin(), there.end(), tag.begin(), tag.end());
    (before ? first : end) = before ? middle + 1 : middle;
  }
  return std::nullopt;
}

size_t OpenKeyring::take(const Wanted& wanted, bitlocker::Credentials& into) const {
  size_t taken = 0;
  const auto take_class = [&](Class of, Bytes subject) {
    for (uint32_t ordinal = 0;; ++ordinal) {
      const auto index = find(tag_of(*keys_, of, ordinal, subject));
      if (!index) return;
      const auto entry = open_row(*keys_, id_, row(*index));
      if (!entry)
        throw Error(ErrorCode::kCorrupt, "keys.keyring.row",
                    "a row of the keyring was not sealed in its place");
      add(decode_entry(entry->bytes()), into);
      ++taken;
    }
  };
  for (const Guid& id : wanted.recovery_ids) take_class(Class::kRecoveryId, id.bytes);
  const bool by_id = taken != 0;
  for (const Guid& id : wanted.startup_ids) take_class(Class::kStartupId, id.bytes);
  if (by_id || wanted.recovery_ids.empty()) return taken;
  if (const std::string host = folded_host(wanted.host); !host.empty())
    take_class(Class::kHost, as_bytes(host));
  take_class(Class::kNameless, {});
  return taken;
}

bitlocker::Credentials OpenKeyring::take_all() const {
  bitlocker::Credentials credentials;
  for (size_t index = 0; index < rows_; ++index) {
    // The MAC was right: what does not open is filling.
    if (const auto entry = open_row(*keys_, id_, row(index))) add(decode_entry(entry->bytes()), credentials);
  }
  return credentials;
}

}  // namespace mend::keys
