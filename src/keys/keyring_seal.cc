// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/keyring_seal.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/hosts.h"
#include "keys/keyring_format.h"

namespace mend::keys {
namespace {

using namespace keyring_format;
using bitlocker::Credentials;

class Sealer {
 public:
  Sealer(const Passphrase& passphrase, const SealRequest& request)
      : passphrase_(passphrase), request_(request) {
    KeyringInfo& info = header_.info;
    info.customer = printable(request.customer);
    info.build = printable(request.build);
    info.sealed = request.sealed;
    info.form = passphrase.form();
    info.cost = request.cost;
    info.recipient = request.recipient;
    fill(info.id);
    fill(header_.salt);
    fill(master_.bytes());
    keys_ = derive(master_);
  }

  ByteVector seal(const Credentials& credentials) {
    for (const bitlocker::RecoveryCandidate& candidate : credentials.recovery) add(candidate);
    for (const bitlocker::StartupKey& key : credentials.startup_keys) add(key);
    while (rows_.empty() || rows_.size() % kRowUnit != 0) {
      ByteVector filling(kRowBytes);
      fill(filling);
      rows_.push_back(std::move(filling));
    }
    std::sort(rows_.begin(), rows_.end());  // by their tags, which tell nothing
    header_.info.rows = static_cast<uint32_t>(rows_.size());
    return assemble();
  }

 private:
  void fill(MutableBytes out) const {
    request_.random_bytes ? request_.random_bytes(out) : crypto::random_bytes(out);
  }

  void add(const bitlocker::RecoveryCandidate& candidate) {
    Entry entry;
    entry.id = candidate.protector_id;
    entry.host = candidate.host;
    if (candidate.created) entry.created = *candidate.created;
    entry.key = Secret(candidate.password.key_words());
    const std::string host = folded_host(candidate.host);
    if (entry.id) return add(entry, Class::kRecoveryId, entry.id->bytes);
    host.empty() ? add(entry, Class::kNameless, {}) : add(entry, Class::kHost, as_bytes(host));
  }

  void add(const bitlocker::StartupKey& key) {
    Entry entry;
    entry.kind = Entry::Kind::kStartup;
    entry.id = key.key_id();
    entry.volume = key.volume_guid();
    entry.key = Secret(key.key());
    add(entry, Class::kStartupId, entry.id->bytes);
  }

  void add(const Entry& entry, Class of, Bytes subject) {
    constexpr size_t kMostRows = (kMaximumKeyringBytes - kHeaderBytes - kEndBytes) / kRowBytes;
    if (rows_.size() >= kMostRows - kRowUnit) {
      throw Error(ErrorCode::kRefused, "keys.keyring.many",
                  "these are more keys than a keyring holds (" + std::to_string(kMostRows - kRowUnit) +
                      "): seal those of a list of hosts only");
    }
    std::string name(1, static_cast<char>(of));
    name += as_text(subject);
    const Tag tag = tag_of(keys_, of, ordinals_[name]++, subject);
    rows_.push_back(seal_row(keys_, header_.info.id, tag, encode_entry(entry).bytes()));
  }

  ByteVector assemble() {
    const Secret key = crypto::stretch_passphrase(passphrase_.text().bytes(), header_.salt, request_.cost);
    const std::array<uint8_t, crypto::kSealNonceBytes> nonce{};
    header_.sealed_master = crypto::seal(key.bytes(), nonce, encode_bound(header_), master_.bytes());
    if (request_.recipient) header_.boxed_master = crypto::seal_to(*request_.recipient, master_.bytes());
    ByteVector file = encode_header(header_);
    file.reserve(file.size() + rows_.size() * kRowBytes + kEndBytes);
    for (const ByteVector& row : rows_) file.insert(file.end(), row.begin(), row.end());
    const auto checksum = checksum_of(file);
    const auto mac = mac_of(keys_, checksum);
    file.insert(file.end(), checksum.begin(), checksum.end());
    file.insert(file.end(), mac.begin(), mac.end());
    return file;
  }

  const Passphrase& passphrase_;
  const SealRequest& request_;
  Header header_;
  Secret master_{kMasterBytes};
  Subkeys keys_;
  std::vector<ByteVector> rows_;
  std::map<std::string, uint32_t> ordinals_;  // rows so far, by class and subject
};

}  // namespace

ByteVector seal_keyring(const Credentials& credentials, const Passphrase& passphrase,
                        const SealRequest& request) {
  return Sealer(passphrase, request).seal(credentials);
}

}  // namespace mend::keys
