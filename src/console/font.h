// SPDX-License-Identifier: GPL-3.0-or-later
// The font of a virtual console, made twice as large as often as its screen has room for it: what reads well
// on paper is too small on a panel of twelve inches with four million pixels.
#pragma once

namespace mend::console {

// Leaves at least 80×24 characters. Does nothing on what is no virtual console, on text modes, and where the
// kernel takes no font of that size. True when the font is larger now.
bool enlarge_font(int terminal);

}  // namespace mend::console
