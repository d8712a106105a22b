// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/candidates.h"

#include "base/guid.h"
#include "tests/support/catch.h"

namespace mend::bitlocker {
namespace {

TEST_CASE("A description names a computer by its NetBIOS name", "[bitlocker]") {
  CHECK(describes_host("PC01 C: 19/07/2024", "PC01"));
  CHECK(describes_host("PC01 C: 19/07/2024", "pc01.example.com"));
  CHECK(describes_host("ACCOUNTING-LAPT C: 19/07/2024", "accounting-laptop-7"));
  for (const char* other : {"", "PC0", "PC011", ".example.com", "C:"}) {
    CAPTURE(other);
    CHECK_FALSE(describes_host("PC01 C: 19/07/2024", other));
  }
  CHECK_FALSE(describes_host("", "PC01"));
  CHECK_FALSE(describes_host("PC01", "PC01"));  // no description that Windows writes
  CHECK_FALSE(describes_host("PC01", ""));
}

TEST_CASE("Keys of the computer that the volume names go first, and newer ones before older", "[bitlocker]") {
  std::vector<RecoveryCandidate> candidates;
  const auto add = [&](const char* host, const char* created, bool with_id = false) {
    ByteVector words(16);
    words[0] = static_cast<uint8_t>(candidates.size());
    candidates.push_back({with_id ? std::optional(Guid{}) : std::nullopt, host,
                          RecoveryPassword::from_words(words), parse_iso8601(created)});
  };
  add("PC02", "2024-07-19T00:00:00Z");
  add("", "");
  add("PC01", "2023-01-01T00:00:00Z");
  add("PC01", "");
  add("PC01.example.com", "2024-01-01T00:00:00Z");
  add("PC01", "2024-07-19T00:00:00Z", true);
  add("PC03", "");
  add("PC03", "2024-07-20T00:00:00Z");
  const auto order = [&](WithId with_id) {
    std::vector<int> numbers;
    for (const RecoveryCandidate* candidate : order_of_trial(candidates, with_id, "PC01 C: 19/07/2024"))
      numbers.push_back(candidate->password.key_words()[0]);
    return numbers;
  };
  CHECK(order(WithId::kNo) == std::vector<int>{4, 2, 3, 7, 0, 1, 6});
  CHECK(order(WithId::kYes) == std::vector<int>{5});
}

}  // namespace
}  // namespace mend::bitlocker
