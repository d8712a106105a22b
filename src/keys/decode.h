// SPDX-License-Identifier: GPL-3.0-or-later
// The encodings in which key files come, made one: UTF-8. Used before a text is looked into.
#pragma once

#include <string_view>

#include "base/secret.h"

namespace mend::keys {

// UTF-8 text in a buffer of its own, or in the one it was read from.
class DecodedText {
 public:
  // A byte order mark decides; without one UTF-16 is told by the zero bytes of its first characters, and what
  // is not UTF-8 is taken for Windows-1252. Never fails: what cannot be decoded becomes U+FFFD. REQUIRES:
  // `content` outlives it.
  explicit DecodedText(Bytes content);
  std::string_view text() const { return text_; }

 private:
  Secret converted_;
  std::string_view text_;
};

}  // namespace mend::keys
