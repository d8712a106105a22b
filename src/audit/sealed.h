// SPDX-License-Identifier: GPL-3.0-or-later
// A log that only its recipient can read: the same lines as a plain one, each sealed as it is written. The
// stick holds the recipient's public key only; the key of the stream is in memory for the run, and nothing
// that is left on the stick opens it. FORMAT.md, "Sealed logs".
//
// Invariants
//   AS-1  A record that is on the medium can be opened by the recipient, whatever became of the rest: each is
//         whole in itself.
//   AS-2  A record that was left out, moved, doubled or changed ends what can be opened, there; the last one
//   is
//         marked, so that a cut is seen.
//   AS-3  The file shows how many records there are and their lengths to the next kLineUnit bytes; no name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/sealing.h"

namespace mend::audit {

inline constexpr std::string_view kSealedSuffix = ".jsonl.sealed";
inline constexpr size_t kLineUnit = 256;

class LineSealer {
 public:
  explicit LineSealer(const crypto::PublicKey& recipient);
  // What the file begins with.
  const ByteVector& header() const { return header_; }
  // One line with its end, as it stands in the file.
  ByteVector seal(std::string_view line, crypto::StreamEnd end);

 private:
  LineSealer(const crypto::PublicKey& recipient, Secret key);

  crypto::StreamSealer stream_;
  ByteVector header_;
};

struct OpenedLog {
  std::string lines;  // JSON Lines, as a plain log has them
  bool whole = false;
  std::string why;  // when it is not: what is wrong after the last line
};

// Whether these are the first bytes of a sealed log.
bool is_sealed_log(Bytes start);
// kUsage "audit.sealed.form" (no sealed log), kUnsupported (a later version), kWrongKey
// "audit.sealed.recipient"; what base::read_file throws.
OpenedLog open_sealed_log(const std::string& path, const crypto::KeyPair& recipient);

}  // namespace mend::audit
