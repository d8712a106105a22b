// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/hosts.h"

#include "tests/support/catch.h"

namespace mend::profile {
namespace {

bool fits(const std::string& pattern, const std::string& host) {
  return fits_hosts({pattern}, host);
}

TEST_CASE("R-4: a host fits a customer's patterns as Windows compares names", "[profile]") {
  CHECK(fits("ACME-*", "ACME-PC-01"));
  CHECK(fits("ACME-*", "acme-pc-01"));
  CHECK(fits("acme-*", "ACME-"));
  CHECK(fits("B\xc3\xbcRO-??", "b\xc3\xbcro-01"));
  CHECK(fits("*", "anything"));
  CHECK(fits("*-SRV-*1", "x-srv-2-srv-1"));
  CHECK(fits("A*A", "ABBA"));
  CHECK(fits_hosts({"OTHER-*", "ACME-*"}, "ACME-1"));
}

TEST_CASE("R-4: a host that fits none is strange, and so is one without a name", "[profile]") {
  CHECK_FALSE(fits("ACME-*", "ACME"));
  CHECK_FALSE(fits("ACME-*", "XACME-1"));
  CHECK_FALSE(fits("ACME-?", "ACME-12"));
  CHECK_FALSE(fits("ACME-?", "ACME-"));
  CHECK_FALSE(fits("ACME", "ACME-1"));
  CHECK_FALSE(fits("A*A", "A"));
  CHECK_FALSE(fits("*", ""));
  CHECK_FALSE(fits_hosts({}, "ACME-1"));
  // Many stars on a long name: the work stays in proportion.
  CHECK_FALSE(fits("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(60, 'a')));
}

TEST_CASE("a pattern that no computer could fit is a fault", "[profile]") {
  CHECK_FALSE(host_pattern_fault("ACME-*"));
  CHECK(host_pattern_fault(""));
  CHECK(host_pattern_fault(std::string(64, 'a')));
  CHECK(host_pattern_fault("a\nb"));
}

}  // namespace
}  // namespace mend::profile
