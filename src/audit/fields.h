// SPDX-License-Identifier: GPL-3.0-or-later
// Names that the writer and the reader of the log share. FORMAT.md lists all names.
#pragma once

namespace mend::audit {

inline constexpr const char* kEcsVersion = "8.11.0";
inline constexpr const char* kRunId = "mendstick.run.id";
inline constexpr const char* kPreviousRun = "mendstick.run.previous";
inline constexpr const char* kSequence = "mendstick.sequence";
inline constexpr const char* kPrevious = "mendstick.previous_sha256";
inline constexpr const char* kMonotonic = "mendstick.clock.monotonic_ns";

}  // namespace mend::audit
