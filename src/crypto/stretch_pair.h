// SPDX-License-Identifier: GPL-3.0-or-later
// Two of BitLocker's stretchings side by side in one thread. Each of SHA-256's instructions waits for the one
// before it; a second chain fills the wait, so that two keys take little longer than one. Used where many
// keys have to be tried; one alone is done by stretch().
//
// Invariants
//   C-10  The results are those of stretch().
#pragma once

#include "crypto/sha256.h"

namespace mend::crypto {

struct StretchInput {
  Bytes initial;  // 32 bytes
  Bytes salt;     // 16 bytes
};

// Whether the processor has the instructions: SHA-NI of x86-64.
bool can_stretch_pairs();

// REQUIRES: can_stretch_pairs(). `done` counts the rounds of both; `stop` as in stretch(): both are empty
// then.
std::array<Secret, 2> stretch_pair(const StretchInput& first, const StretchInput& second,
                                   uint64_t rounds = kStretchRounds, std::atomic<uint64_t>* done = nullptr,
                                   const std::atomic<bool>* stop = nullptr);

}  // namespace mend::crypto
