// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/recipient.h"

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/error_id.h"

namespace mend::keys::test {
namespace {

using mend::test::id_of_error;

TEST_CASE("keys of a recipient are read as they were written", "[keys]") {
  const crypto::KeyPair pair = crypto::make_key_pair();
  const std::string text = to_text(pair.public_key);
  CHECK(text.size() == 17 + 72);
  CHECK(parse_recipient(" " + text + "\n") == pair.public_key);
  const crypto::KeyPair again = parse_identity(to_identity_text(pair).text());
  CHECK(again.public_key == pair.public_key);
  CHECK(equal(again.private_key.bytes(), pair.private_key.bytes()));
}

TEST_CASE("a slip in a recipient's key is found before anything is sealed to nobody", "[keys]") {
  const crypto::KeyPair pair = crypto::make_key_pair();
  const std::string text = to_text(pair.public_key);
  for (size_t i = 17; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    CHECK(id_of_error([&] { (void)parse_recipient(wrong); }) == "keys.recipient.checksum");
    CHECK(id_of_error([&] { (void)parse_recipient(text.substr(0, i)); }) == "keys.recipient.form");
  }
  const Secret content = to_identity_text(pair);
  const std::string private_line(content.text().substr(content.text().find('\n') + 1));
  CHECK(id_of_error([&] { (void)parse_recipient(private_line); }) == "keys.recipient.form");
  CHECK(id_of_error([&] { (void)parse_identity(text); }) == "keys.identity.form");
  CHECK(id_of_error([&] { (void)parse_identity("# only a remark\n"); }) == "keys.identity.form");
  std::string wrong = private_line;
  wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
  CHECK(id_of_error([&] { (void)parse_identity(wrong); }) == "keys.identity.checksum");
  CHECK(id_of_error([&] { (void)load_identity("/nonexistent"); }) == "base.file.open");
}

}  // namespace
}  // namespace mend::keys::test
