// SPDX-License-Identifier: GPL-3.0-or-later
// What each tests/fuzz/<name>_fuzz.cc defines. One source makes two programs: with clang (preset `fuzz`) a
// libFuzzer program; in every other build a smoke test that runs the seeds, and mutations of them that are
// the same in each run (smoke_main.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

// One input. Returns 0; a mend::Error is an expected answer and is caught inside. Anything else that escapes,
// a crash, or an allocation out of proportion to the input is a finding.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace mend::test {

// Inputs that the target accepts in full, made by code (a writer of the format, or literals): where the
// mutation starts. At least one.
std::vector<ByteVector> fuzz_seeds();

}  // namespace mend::test
