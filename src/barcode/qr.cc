// SPDX-License-Identifier: GPL-3.0-or-later
#include "barcode/qr.h"

#include <qrcodegen/qrcodegen.hpp>

#include "base/error.h"

namespace mend::barcode {
namespace {

constexpr size_t kLongest = 1000;

}  // namespace

QrCode::QrCode(const std::string& text, Correction correction) {
  if (text.empty() || text.size() > kLongest || text.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kUsage, "barcode.qr.text",
                "a QR code here holds 1 to 1000 bytes of text, not " + std::to_string(text.size()));
  }
  const auto level =
      correction == Correction::kLow ? qrcodegen::QrCode::Ecc::LOW : qrcodegen::QrCode::Ecc::MEDIUM;
  const qrcodegen::QrCode code = qrcodegen::QrCode::encodeText(text.c_str(), level);
  modules_ = code.getSize();
  for (int y = 0; y < modules_; ++y) {
    for (int x = 0; x < modules_; ++x) dark_.push_back(code.getModule(x, y));
  }
}

bool QrCode::dark(int x, int y) const {
  if (x < 0 || y < 0 || x >= modules_ || y >= modules_) return false;
  return dark_[static_cast<size_t>(y * modules_ + x)];
}

}  // namespace mend::barcode
