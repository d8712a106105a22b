// SPDX-License-Identifier: GPL-3.0-or-later
// The words for methods and protectors, as the command line, JSON and logs use them.
#include <array>
#include <utility>

#include "bitlocker/metadata.h"

namespace mend::bitlocker {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 6> kMethods = {{
    {Method::kAesXts128, "xts-aes-128"},
    {Method::kAesXts256, "xts-aes-256"},
    {Method::kAesCbc128, "aes-cbc-128"},
    {Method::kAesCbc256, "aes-cbc-256"},
    {Method::kAesCbc128Elephant, "aes-cbc-128-elephant"},
    {Method::kAesCbc256Elephant, "aes-cbc-256-elephant"},
}};

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [known, text] : kMethods) {
    if (known == method) return text;
  }
  return "unknown";
}

std::optional<Method> parse_method(std::string_view text) {
  for (const auto& [method, known] : kMethods) {
    if (known == text) return method;
  }
  return std::nullopt;
}

std::string_view to_string(ProtectorType type) {
  switch (type) {
    case ProtectorType::kClearKey:
      return "clear key";
    case ProtectorType::kTpm:
      return "TPM";
    case ProtectorType::kStartupKey:
      return "startup key";
    case ProtectorType::kTpmPin:
      return "TPM and PIN";
    case ProtectorType::kTpmStartupKey:
      return "TPM and startup key";
    case ProtectorType::kTpmPinStartupKey:
      return "TPM, PIN and startup key";
    case ProtectorType::kRecoveryPassword:
      return "recovery password";
    case ProtectorType::kPassword:
      return "password";
    case ProtectorType::kPublicKey:
      return "public key";
    case ProtectorType::kOther:
      break;
  }
  return "other";
}

}  // namespace mend::bitlocker
