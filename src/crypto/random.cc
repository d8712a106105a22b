// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/error.h"

namespace mend::crypto {

// The kernel's generator itself: it needs no seeding of ours and waits, early in a boot, until it is seeded.
void random_bytes(MutableBytes out) {
  for (size_t have = 0; have < out.size();) {
    const ssize_t got = ::getrandom(out.data() + have, out.size() - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw_errno("crypto.random", "cannot get random bytes from the system", errno);
    have += static_cast<size_t>(got);
  }
}

}  // namespace mend::crypto
