// SPDX-License-Identifier: GPL-3.0-or-later
// QR codes as modules. The fence around qrcodegen. Drawing them is the caller's: on paper or on a screen.
#pragma once

#include <string>
#include <vector>

namespace mend::barcode {

inline constexpr int kQrQuietModules = 4;  // blank on all sides, by ISO/IEC 18004

enum class Correction { kLow, kMedium };  // 7 % or 15 % of it may be unreadable

class QrCode {
 public:
  // The smallest code that holds the text; digits alone take less. kUsage "barcode.qr.text" for nothing, a
  // zero byte or more than 1000 bytes.
  QrCode(const std::string& text, Correction correction);

  int modules() const { return modules_; }  // along one side
  // False outside, too.
  bool dark(int x, int y) const;

 private:
  int modules_ = 0;
  std::vector<bool> dark_;
};

}  // namespace mend::barcode
