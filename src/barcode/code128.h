// SPDX-License-Identifier: GPL-3.0-or-later
// Code 128 (ISO/IEC 15417), the linear symbol that every barcode scanner reads. Used where a scanner is to
// type for somebody.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mend::barcode {

inline constexpr int kCode128QuietModules = 10;  // blank on both sides

// Widths in modules of bar, space, bar, … from the first bar to the last, with the check symbol. An even
// number of digits and nothing else is coded two by two (code set C), other text by code set B. kUsage
// "barcode.code128.text" for what is not printable ASCII, or nothing; the message does not hold it.
std::vector<uint8_t> code128(std::string_view text);

}  // namespace mend::barcode
