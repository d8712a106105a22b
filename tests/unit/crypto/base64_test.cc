// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/base64.h"

#include <string>

#include "tests/support/catch.h"

namespace mend::crypto {
namespace {

TEST_CASE("base 64 is that of RFC 4648, in its one spelling", "[crypto]") {
  for (const auto& [plain, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    ByteVector back(plain.size()), digits(base64_size(plain.size()) + 1);
    CHECK(from_base64(text, back));
    CHECK(as_text(back) == plain);
    to_base64(as_bytes(plain), digits);
    CHECK(as_text(digits) == text + '\0');
    ByteVector longer(plain.size() + 1);
    CHECK_FALSE(from_base64(text, longer));
  }
}

TEST_CASE("base 64 with any bit turned is other bytes or none", "[crypto]") {
  const std::string text = "Zm9vYmE=";
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string other = text;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    ByteVector bytes(5);
    INFO("bit " << bit);
    CHECK((!from_base64(other, bytes) || as_text(bytes) != "fooba"));
  }
}

}  // namespace
}  // namespace mend::crypto
