// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/sodium.h"

#include <sodium.h>

#include "base/error.h"

namespace mend::crypto {

void start_library() {
  static const bool started = ::sodium_init() >= 0;
  if (!started) throw Error(ErrorCode::kIo, "crypto.sodium.start", "libsodium cannot be started here");
}

}  // namespace mend::crypto
