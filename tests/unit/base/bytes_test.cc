// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/bytes.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

static_assert(align_down(4095, 4096) == 0 && align_down(4096, 4096) == 4096 && align_down(7, 3) == 6);
static_assert(align_up(0, 512) == 0 && align_up(1, 512) == 512 && align_up(512, 512) == 512);
static_assert(is_power_of_two(1) && is_power_of_two(uint64_t{1} << 63));
static_assert(!is_power_of_two(0) && !is_power_of_two(3) && !is_power_of_two(kMax));

template <typename Call>
const char* error_id(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

TEST_CASE("B-2: fits tells inside from outside without overflow", "[base]") {
  CHECK(fits(0, 0, 0));
  CHECK(fits(0, 10, 10));
  CHECK(fits(10, 0, 10));
  CHECK(fits(3, 7, 10));
  CHECK_FALSE(fits(3, 8, 10));
  CHECK_FALSE(fits(11, 0, 10));
  CHECK_FALSE(fits(kMax, 1, kMax - 1));
  CHECK_FALSE(fits(1, kMax, kMax));
  CHECK_FALSE(fits(2, kMax - 1, 10));
  CHECK(fits(0, kMax, kMax));
  CHECK(fits(kMax, 0, kMax));
}

TEST_CASE("B-1: integers are read and written little-endian, and only inside the span", "[base]") {
  const ByteVector bytes = from_hex("01 02 03 04 05 06 07 88 99");
  CHECK(read_le<uint8_t>(bytes, 8) == 0x99);
  CHECK(read_le<uint16_t>(bytes, 0) == 0x0201);
  CHECK(read_le<uint32_t>(bytes, 1) == 0x05040302);
  CHECK(read_le<uint64_t>(bytes, 0) == 0x8807060504030201);
  CHECK(read_le<uint64_t>(bytes, 1) == 0x9988070605040302);

  for (uint64_t offset : {uint64_t{2}, uint64_t{9}, uint64_t{10}, kMax - 3, kMax}) {
    CAPTURE(offset);
    CHECK(error_id([&] { read_le<uint64_t>(bytes, offset); }) == std::string("base.bytes.bounds"));
    ByteVector copy = bytes;
    CHECK(error_id([&] { write_le<uint64_t>(copy, offset, 0); }) == std::string("base.bytes.bounds"));
    CHECK(copy == bytes);
  }

  ByteVector out(9, 0xEE);
  write_le<uint32_t>(out, 5, 0x11223344);
  CHECK(to_hex(out) == "eeeeeeeeee44332211");
  write_le<uint8_t>(out, 0, 0xAB);
  write_le<uint16_t>(out, 1, 0xCDEF);
  CHECK(to_hex(out) == "abefcdeeee44332211");
}

TEST_CASE("B-1: a slice is a view of the same bytes, or an error that says where", "[base]") {
  ByteVector bytes = from_hex("0011223344");
  CHECK(to_hex(slice(Bytes(bytes), 1, 3)) == "112233");
  CHECK(slice(Bytes(bytes), 5, 0).empty());
  MutableBytes part = slice(MutableBytes(bytes), 4, 1);
  part[0] = 0x99;
  CHECK(bytes[4] == 0x99);
  try {
    slice(Bytes(bytes), 4, 2);
    FAIL("a slice past the end was given");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kCorrupt);
    CHECK(std::string(error.what()).find("2 bytes at offset 4") != std::string::npos);
    CHECK(std::string(error.what()).find("5 bytes") != std::string::npos);
  }
  CHECK_THROWS_AS(slice(MutableBytes(bytes), kMax, kMax), Error);
}

TEST_CASE("bytes are compared by length and by content", "[base]") {
  const ByteVector a = from_hex("0102"), b = from_hex("0103"), c = from_hex("010200");
  CHECK(equal(a, from_hex("0102")));
  CHECK_FALSE(equal(a, b));
  CHECK_FALSE(equal(a, c));
  CHECK(equal({}, {}));
  CHECK(all_zero({}));
  CHECK(all_zero(from_hex("000000")));
  CHECK_FALSE(all_zero(from_hex("000001")));
}

TEST_CASE("hexadecimal text leads to its bytes and back", "[base]") {
  CHECK(to_hex(from_hex("00 Ff 1a2B")) == "00ff1a2b");
  CHECK(from_hex("").empty());
  for (const char* wrong :
       {"0", "012", "0g", " 01", "01 ", "01  02", "0 1", "0x01", "01,02", "01\n02", " ", "01 2"}) {
    CAPTURE(wrong);
    CHECK(error_id([&] { from_hex(wrong); }) == std::string("base.hex"));
  }
  try {
    from_hex("00 11 2x");
    FAIL("a wrong digit was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(std::string(error.what()).find("character 7") != std::string::npos);
  }
}

TEST_CASE("crc32 is the CRC of zlib", "[base]") {
  CHECK(crc32({}) == 0);
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926);  // the check value of CRC-32/ISO-HDLC
}

}  // namespace
}  // namespace mend
