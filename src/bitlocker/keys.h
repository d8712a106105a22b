// SPDX-License-Identifier: GPL-3.0-or-later
// What a technician can hold in hand: recovery passwords, startup keys (.BEK files), passwords. Parsed and
// checked here, before anything is stretched.
//
// Invariants
//   K-1  Key bytes live in a Secret; no error message and no accessor but key_words()/key() gives any of them
//   away. K-2  A recovery password is checked group by group before any stretching; the message names the
//   wrong group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guid.h"
#include "base/secret.h"

namespace mend::bitlocker {

// 8 groups of 6 digits, each a multiple of 11 and its eleventh a 16-bit word.
class RecoveryPassword {
 public:
  // Digits in groups or in one row; hyphens, dashes of other scripts, spaces, tabs, quotes at the ends and a
  // trailing line end are taken, and so are digits of other scripts (full width). kUsage
  // "bitlocker.recovery.length", "…character", "…group": says how many digits there are, or which group is
  // wrong, never what it holds.
  static RecoveryPassword parse(std::string_view text);
  // From key_words(); any 16 bytes are a recovery password.
  static RecoveryPassword from_words(Bytes words);

  RecoveryPassword clone() const { return RecoveryPassword(words_.clone()); }
  // 16 bytes: the eight words, little-endian.
  Bytes key_words() const { return words_.bytes(); }

 private:
  explicit RecoveryPassword(Secret words) : words_(std::move(words)) {}
  Secret words_;
};

// A .BEK file: 156 bytes as a rule, 180 from Windows 11 (which adds the volume's GUID).
class StartupKey {
 public:
  static constexpr size_t kMaximumFileBytes = 64 * 1024;
  // kUsage "bitlocker.bek.…" on anything else. Header and sizes are checked; unknown entries are skipped.
  static StartupKey parse(Bytes bek_file);
  // From what another one gave; the key has 32 bytes.
  static StartupKey from_parts(const Guid& key_id, const std::optional<Guid>& volume_guid, Bytes key) {
    return StartupKey(key_id, volume_guid, Secret(key));
  }

  const Guid& key_id() const { return key_id_; }
  // Only in newer files: the volume it was made for.
  const std::optional<Guid>& volume_guid() const { return volume_guid_; }
  Bytes key() const { return key_.bytes(); }  // 32 bytes
  StartupKey clone() const { return StartupKey(key_id_, volume_guid_, key_.clone()); }

 private:
  StartupKey(Guid key_id, std::optional<Guid> volume_guid, Secret key)
      : key_id_(key_id), volume_guid_(volume_guid), key_(std::move(key)) {}
  Guid key_id_;
  std::optional<Guid> volume_guid_;
  Secret key_;
};
// Cheap: could these bytes be a .BEK file? For telling key files apart.
bool looks_like_startup_key(Bytes file);

// Where a recovery password comes from: from nobody's file, or from a file of that form.
enum class KeySource : uint8_t { kTyped, kTable, kJson, kText };

// One recovery password with what the file it came from said about it.
struct RecoveryCandidate {
  std::optional<Guid> protector_id;
  std::string host;  // may be empty
  RecoveryPassword password;
  std::optional<Time> created = std::nullopt;  // the protector, or its backup: what the export dates
  KeySource source = KeySource::kTyped;
};

// Everything that was given, for all volumes. Move-only, since it holds secrets.
struct Credentials {
  std::vector<RecoveryCandidate> recovery;
  std::vector<Secret> passwords;  // UTF-8, without line end
  std::vector<StartupKey> startup_keys;

  bool empty() const { return recovery.empty() && passwords.empty() && startup_keys.empty(); }
};

}  // namespace mend::bitlocker
