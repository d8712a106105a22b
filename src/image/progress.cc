// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/progress.h"

namespace mend::image {

void SilentProgress::step(std::string_view /*what*/, double /*fraction*/) {}
void SilentProgress::note(std::string_view /*what*/) {}

}  // namespace mend::image
