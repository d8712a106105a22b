// SPDX-License-Identifier: GPL-3.0-or-later
// The secret half of a key pair, in minisign's format: made, kept under a passphrase, signed with. Used by
// `mendstick` on the preparer's host only: neither `mend` nor init is linked with it, and no secret key is
// ever on a stick. FORMAT.md describes the file.
//
// Invariants
//   TR-4  The key and the passphrase are in memory that is wiped, and in no message.
//   TR-5  A file that is there is never overwritten; a new one is readable by its owner only from its first
//         byte on.
//   TR-6  A wrong passphrase, and a file with any bit of the key changed, is found before anything is signed;
//         without a passphrase as far as the key's halves belong together.
#pragma once

#include <functional>
#include <string>

#include "trust/signature.h"

namespace mend::trust {

class SecretKey {
 public:
  static SecretKey make();
  // `ask` is called for the passphrase when the file has one; `file` is for messages. kCorrupt "trust.…",
  // kUnsupported, kWrongKey "trust.secret.passphrase", kIo when there is no memory for the passphrase's
  // function (1 GiB as minisign writes it).
  static SecretKey parse(const Secret& text, const std::string& file, const std::function<Secret()>& ask);
  static SecretKey load(const std::string& path, const std::function<Secret()>& ask);

  // What parse() reads. An empty passphrase: not encrypted, as `minisign -G -W` writes it.
  Secret to_file_text(const Secret& passphrase) const;
  // kRefused "trust.secret.exists" (TR-5), kIo.
  void save(const std::string& path, const Secret& passphrase) const;

  PublicKey public_key() const;
  // `trusted_comment`: printable, one line.
  Signature sign(Bytes content, const std::string& trusted_comment,
                 Signature::Kind kind = Signature::Kind::kHashed) const;

 private:
  SecretKey() = default;

  KeyId id_{};
  Secret key_;  // crypto::kEd25519SecretBytes
};

}  // namespace mend::trust
