// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/receipt.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/catch.h"

namespace {

using namespace mend;
using namespace mend::audit;

crypto::Sha256Digest digest(std::string_view hex) {
  crypto::Sha256Digest out{};
  const ByteVector bytes = from_hex(hex);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

const crypto::Sha256Digest kClosing = crypto::sha256(as_bytes("the closing line"));

}  // namespace

TEST_CASE("RC-1: the text of a receipt is the first 80 bits in groups of four", "[audit]") {
  // 00000 00001 … 01111: the digits 0 to F, five bits each.
  CHECK(receipt_text(digest("00443214c74254b635cf" + std::string(44, 'f'))) == "0123-4567-89AB-CDEF");
  CHECK(receipt_text(digest("84653a56d7c675be77df" + std::string(44, '0'))) == "GHJK-MNPQ-RSTV-WXYZ");
  CHECK(receipt_text(digest(std::string(64, '0'))) == "0000-0000-0000-0000");
}

TEST_CASE("RC-2: a receipt is taken as a person writes it down", "[audit]") {
  const std::string text = receipt_text(kClosing);
  CHECK(Receipt::parse(text).fits(kClosing));
  CHECK(Receipt::parse(lower_ascii(text)).fits(kClosing));
  std::string bare = text;
  std::erase(bare, '-');
  CHECK(Receipt::parse(bare).fits(kClosing));
  CHECK(Receipt::parse(" " + bare.substr(0, 8) + "  " + bare.substr(8) + " ").fits(kClosing));
  const crypto::Sha256Digest ones = digest("00021084" + std::string(56, '0'));
  CHECK(receipt_text(ones) == "0011-1100-0000-0000");
  CHECK(Receipt::parse("oOiI-lL00-0000-0000").fits(ones));
  CHECK(Receipt::parse(to_hex(kClosing)).fits(kClosing));
  CHECK(Receipt::parse("MENDSTICK S:1234 H:PC-01 V:FIXED T:2026-11-25T12:00:00Z C:" + to_hex(kClosing))
            .fits(kClosing));
  CHECK_THROWS_AS(Receipt::parse("MENDSTICK S:1234"), Error);
}

TEST_CASE("RC-2: one bit of the hash more or less is another receipt", "[audit]") {
  const Receipt text = Receipt::parse(receipt_text(kClosing)), whole = Receipt::parse(to_hex(kClosing));
  for (size_t bit = 0; bit < 256; ++bit) {
    crypto::Sha256Digest other = kClosing;
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ 0x80U >> bit % 8);
    CHECK(text.fits(other) == (bit >= 80));
    CHECK_FALSE(whole.fits(other));
  }
}

TEST_CASE("RC-2: what is no receipt is told from one", "[audit]") {
  const std::string text = receipt_text(kClosing), hex = to_hex(kClosing);
  for (size_t length = 0; length < text.size(); ++length)
    CHECK_THROWS_AS(Receipt::parse(text.substr(0, length)), Error);
  for (size_t length = 0; length < hex.size(); ++length) {
    if (length != 16) CHECK_THROWS_AS(Receipt::parse(hex.substr(0, length)), Error);
  }
  CHECK_THROWS_AS(Receipt::parse(text + "0"), Error);
  CHECK_THROWS_AS(Receipt::parse(std::string(100000, '0')), Error);
  try {
    Receipt::parse("0000-00U0-0000-0000");
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(std::string(error.what()).find("'U' as its character 7") != std::string::npos);
  }
  CHECK_THROWS_AS(Receipt::parse(std::string(63, 'a') + "o"),
                  Error);  // O is no zero among hexadecimal digits
}
