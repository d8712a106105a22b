// SPDX-License-Identifier: GPL-3.0-or-later
// Whom to believe: the public keys of a folder, and whether one of them signed a file. The folder is the
// preparer's on the host that builds (it holds the secret keys too) and mendstick/trusted on the stick (it
// never does). Used by image/ at build, by profile/ on the stick, by `mendstick`.
//
// Invariants
//   TR-7  A key counts for what its file's name says: build*.pub for profiles and builds, manifest*.pub for
//         manifests. No key of one kind makes a signature of the other kind good.
//   TR-8  The bytes that were checked are the bytes that are used: text and signature are read once.
// Values; copyable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trust/signature.h"

namespace mend::trust {

enum class Role { kBuild, kManifest };
// "build", "manifest": how the names of its key files begin.
std::string_view to_string(Role role);

struct TrustedKey {
  std::string name;  // "build.pub"
  Role role = Role::kBuild;
  PublicKey key;
};
using TrustedKeys = std::vector<TrustedKey>;

// All *.pub of the folder, by name; none when it is not there. kUsage with all faults, one a line, among them
// a name that says no role, and a text that two roles share. Other files are left alone.
TrustedKeys load_trusted_keys(const std::string& folder);

// A file's text and, when there is one, that of its signature, which is beside it under the name with
// ".minisig" after it. Both are read once (TR-8).
struct SignedFile {
  std::string path;
  ByteVector text;
  std::optional<ByteVector> signature;
};
// kUsage when the file cannot be read or has more than `limit_bytes`.
SignedFile read_signed_file(const std::string& path, uint64_t limit_bytes);

struct Signer {
  KeyId id{};
  std::string comment;  // the trusted one
};
// Who signed it. kRefused "trust.unsigned" (there is no signature), "trust.stranger" (by a key that is not
// trusted for this), "trust.changed" (the signature does not hold); kCorrupt and kUnsupported for a signature
// that is none. The message names the file and what to do.
Signer require_signed(const SignedFile& file, Role role, const TrustedKeys& keys);

// What a profile says of files that nobody signed.
enum class Unsigned { kRefuse, kAllow };
// The same under that policy: nothing for a file without a signature, or with a stranger's, where that is
// allowed. A signature by a trusted key that does not hold is refused all the same.
std::optional<Signer> signer_of(const SignedFile& file, Role role, const TrustedKeys& keys, Unsigned policy);
bool has_role(const TrustedKeys& keys, Role role);

}  // namespace mend::trust
