// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace mend::repair {

inline constexpr const char* kToolName = "mend " MEND_VERSION;

}  // namespace mend::repair
