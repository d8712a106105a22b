// SPDX-License-Identifier: GPL-3.0-or-later
// The receipt: what a person takes away from the screen to prove later that a log is the one whose run they
// saw. It is the log's closing hash, as a QR code or in full, or its first 80 bits as text to be read over
// the phone. The console shows it, `mendstick audit verify --receipt` takes it back.
//
// Invariants
//   RC-1  receipt_text() has 16 characters in groups of four, none of which is I, L, O or U.
//   RC-2  What a person makes of it counts as the same: small letters, O for 0, I and L for 1, other or no
//         separators. Whatever else is wrong is an error, never another receipt.
// To make a log that fits a given text takes 2^80 tries at SHA-256; the full hash is worth 256 bits.
#pragma once

#include <string>
#include <string_view>

#include "crypto/sha256.h"

namespace mend::audit {

// "6ZJK-0QH3-8W2N-V5DA": Crockford's base 32 of the first ten bytes.
std::string receipt_text(const crypto::Sha256Digest& closing);

class Receipt {
 public:
  // The text above, all 64 hexadecimal digits of the closing hash, or what a camera reads off the screen
  // (that has them at its end). kUsage "audit.receipt", which names the character that is wrong by its
  // position.
  static Receipt parse(std::string_view text);

  bool fits(const crypto::Sha256Digest& closing) const;

 private:
  crypto::Sha256Digest start_{};
  size_t size_bytes_ = 0;  // how much of it was given: 10 or 32
};

}  // namespace mend::audit
