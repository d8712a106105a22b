// SPDX-License-Identifier: GPL-3.0-or-later
// A GUID as Windows and GPT store it: three little-endian fields, then eight bytes.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mend {

struct Guid {
  std::array<uint8_t, 16> bytes{};  // in on-disk order

  auto operator<=>(const Guid&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
  bool is_zero() const { return all_zero(bytes); }

  // The 16 bytes at `offset`; kCorrupt outside.
  static Guid read(Bytes from, uint64_t offset);
  // With or without braces, either case. Nothing else.
  static std::optional<Guid> parse(std::string_view text);
  // "4967d63b-2e29-4ad8-8399-f6a339e3d001", lower case, no braces.
  std::string to_string() const;
};

}  // namespace mend
