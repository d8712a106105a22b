// SPDX-License-Identifier: GPL-3.0-or-later
// Keyboard layouts for BitLocker passwords. The kernel has the US layout; every digit of a recovery key comes
// from it on any keyboard, since it goes by the key's position. A password needs the letters that are printed
// on the keys, so the console can give the kernel another layout.
#pragma once

#include <string>

namespace mend::console {

// Makes the number pad of a virtual console give digits, whatever its Num Lock was. The keyboard's light
// stays off: some laptops take it as the order to make digits of letters. False when `terminal` is none.
bool lock_numbers(int terminal);

int layout_count();
// "US", "German", "French".
const char* layout_name(int layout);
// Gives the layout to the kernel for the virtual console that is open as `terminal`. False when that is none,
// such as a serial line, whose terminal does it by itself.
bool set_layout(int terminal, int layout);

}  // namespace mend::console
