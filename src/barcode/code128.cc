// SPDX-License-Identifier: GPL-3.0-or-later
#include "barcode/code128.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace mend::barcode {
namespace {

constexpr unsigned kStartB = 104, kStartC = 105, kStop = 106, kCheckModulus = 103;

// The widths of each symbol's bars and spaces, by its value (ISO/IEC 15417, table 1).
constexpr std::array<const char*, 107> kWidths = {
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::vector<uint8_t> code128(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    throw Error(ErrorCode::kUsage, "barcode.code128.text",
                "only printable ASCII can be written as this barcode");
  }
  const bool pairs = text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), is_digit);
  std::vector<uint8_t> widths;
  unsigned check = 0, position = 0;
  const auto add = [&](unsigned value) {
    for (const char* width = kWidths[value]; *width != 0; ++width)
      widths.push_back(static_cast<uint8_t>(*width - '0'));
    check = (check + value * std::max(position, 1u)) % kCheckModulus;  // the start counts once
    ++position;
  };
  add(pairs ? kStartC : kStartB);
  for (size_t at = 0; at < text.size(); at += pairs ? 2 : 1) {
    const auto digit = [&](size_t index) { return static_cast<unsigned>(text[index] - '0'); };
    add(pairs ? digit(at) * 10 + digit(at + 1) : static_cast<unsigned>(text[at] - ' '));
  }
  add(unsigned{check});
  add(kStop);
  return widths;
}

}  // namespace mend::barcode
