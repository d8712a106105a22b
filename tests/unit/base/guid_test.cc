// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/guid.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend {
namespace {

constexpr const char* kText = "4967d63b-2e29-4ad8-8399-f6a339e3d001";  // the signature GUID of an FVE block

TEST_CASE("a GUID's text shows its first three fields with their bytes turned round", "[base]") {
  const ByteVector on_disk = from_hex("3bd66749292ed84a8399f6a339e3d001");
  const Guid guid = Guid::read(on_disk, 0);
  CHECK(guid.to_string() == kText);
  CHECK(equal(guid.bytes, on_disk));
  CHECK(Guid::parse(kText) == guid);
  CHECK(Guid::parse("{4967D63B-2E29-4AD8-8399-F6A339E3D001}") == guid);
}

TEST_CASE("reading a GUID past the end is an error", "[base]") {
  const ByteVector bytes(20, 1);
  CHECK_NOTHROW(Guid::read(bytes, 4));
  CHECK_THROWS_AS(Guid::read(bytes, 5), Error);
  CHECK_THROWS_AS(Guid::read(bytes, UINT64_MAX), Error);
}

TEST_CASE("anything that is not exactly a GUID is none", "[base]") {
  const std::string good = kText;
  CHECK_FALSE(Guid::parse(""));
  CHECK_FALSE(Guid::parse("{" + good));
  CHECK_FALSE(Guid::parse(good + "}"));
  CHECK_FALSE(Guid::parse("(" + good + ")"));
  CHECK_FALSE(Guid::parse(" " + good));
  CHECK_FALSE(Guid::parse(good + "\n"));
  CHECK_FALSE(Guid::parse("{{" + good.substr(1)));
  CHECK_FALSE(Guid::parse("4967d63b2e294ad88399f6a339e3d001"));
  for (size_t length = 0; length < good.size(); ++length) CHECK_FALSE(Guid::parse(good.substr(0, length)));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string wrong = good;
    wrong[i] = wrong[i] == '-' ? '0' : 'g';
    CAPTURE(wrong);
    CHECK_FALSE(Guid::parse(wrong));
    wrong[i] = '\xe9';
    CHECK_FALSE(Guid::parse(wrong));
  }
}

TEST_CASE("GUIDs are equal, ordered and zero by their bytes", "[base]") {
  CHECK(Guid{}.is_zero());
  CHECK(Guid{}.to_string() == "00000000-0000-0000-0000-000000000000");
  CHECK_FALSE(Guid::parse(kText)->is_zero());
  CHECK(Guid{} < *Guid::parse(kText));
  CHECK(*Guid::parse(kText) == *Guid::parse(kText));
}

}  // namespace
}  // namespace mend
