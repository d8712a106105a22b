// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of key files are made of: valid recovery passwords, and short ways to read a text.
#pragma once

#include <string>

#include "base/error.h"
#include "keys/keys.h"
#include "tests/support/catch.h"

namespace mend::keys::test {

// The nth recovery password: eight words made of n.
inline std::string password(uint32_t n, const char* separator = "-") {
  std::string text;
  for (uint32_t group = 0; group < 8; ++group) {
    const uint32_t word = (n * 2654435761u + group * 40503u) & 0xFFFF;
    std::string digits = std::to_string(word * 11);
    digits.insert(0, 6 - digits.size(), '0');
    text += (group == 0 ? "" : separator) + digits;
  }
  return text;
}
inline std::string guid_text(uint32_t n) {
  char text[40];
  std::snprintf(text, sizeof text, "%08x-1234-4abc-8def-%012x", n, n);
  return text;
}
inline Guid guid(uint32_t n) {
  return *Guid::parse(guid_text(n));
}

struct Result {
  bitlocker::Credentials credentials;
  ImportReport report;
};
inline Result read(const std::string& content) {
  Result result;
  result.report = parse(as_bytes(content), "keys.csv", result.credentials);
  return result;
}

// True when the candidate at `index` has the nth password, this ID (0: none) and this host.
inline bool is(const Result& result, size_t index, uint32_t n, uint32_t id, const std::string& host = "") {
  if (index >= result.credentials.recovery.size()) return false;
  const bitlocker::RecoveryCandidate& candidate = result.credentials.recovery[index];
  const auto wanted = bitlocker::RecoveryPassword::parse(password(n));
  UNSCOPED_INFO("host '" << candidate.host << "', id "
                         << (candidate.protector_id ? candidate.protector_id->to_string() : "none"));
  return equal(candidate.password.key_words(), wanted.key_words()) &&
         candidate.protector_id == (id == 0 ? std::nullopt : std::optional(guid(id))) &&
         candidate.host == host;
}

// The one problem, as text.
inline std::string problem(const Result& result) {
  REQUIRE(result.report.problems.size() == 1);
  return result.report.problems[0].text();
}
inline bool contains(const std::string& text, const std::string& part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

inline std::string utf16(const std::string& ascii, bool big_endian = false, bool mark = true) {
  std::string out;
  if (mark) out = big_endian ? "\xfe\xff" : "\xff\xfe";
  for (char c : ascii) {
    if (big_endian) out.push_back('\0');
    out.push_back(c);
    if (!big_endian) out.push_back('\0');
  }
  return out;
}

}  // namespace mend::keys::test
