// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/keyring.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "crypto/sha256.h"
#include "tests/support/catch.h"
#include "tests/support/error_id.h"
#include "tests/unit/keys/keyring_fixture.h"

namespace mend::keys::test {
namespace {

using mend::test::id_of_error;

using namespace keyring_format;

std::string open_error(const ByteVector& file) {
  return id_of_error([&] { (void)Keyring::parse(file, "keyring").open(Passphrase::choose(kDigits)); });
}

OpenKeyring open_sample() {
  return Keyring::parse(sample_keyring(), "keyring").open(Passphrase::choose(kDigits));
}

// The first group of each recovery password, divided by 11.
std::multiset<unsigned> numbers(const bitlocker::Credentials& keys) {
  std::multiset<unsigned> all;
  for (const auto& candidate : keys.recovery)
    all.insert(read_le<uint16_t>(candidate.password.key_words(), 0));
  return all;
}

std::multiset<unsigned> taken(const OpenKeyring& open, const Wanted& wanted) {
  bitlocker::Credentials keys;
  const size_t count = open.take(wanted, keys);
  CHECK(count == keys.recovery.size() + keys.startup_keys.size());
  return numbers(keys);
}

TEST_CASE("a keyring gives back what was sealed, to its passphrase and to its recipient", "[keys]") {
  const crypto::KeyPair recipient = crypto::make_key_pair();
  SealRequest request = sample_request();
  request.recipient = recipient.public_key;
  const Keyring keyring = Keyring::parse(sample_keyring(request), "keyring");
  CHECK(keyring.info().customer == "Example GmbH");
  CHECK(keyring.info().build == "17");
  CHECK(to_iso8601(keyring.info().sealed) == "2026-11-25T12:00:00Z");
  CHECK(keyring.info().rows == 64);
  CHECK(keyring.info().form == PassphraseForm::kDigits);
  CHECK(keyring.info().recipient == recipient.public_key);
  for (const OpenKeyring& open : {keyring.open(Passphrase::parse(PassphraseForm::kDigits,
                                                                 "000011000022000033 000044\xe2\x80\x93"
                                                                 "000055\r\n")),
                                  keyring.open(recipient)}) {
    const bitlocker::Credentials all = open.take_all();
    CHECK(numbers(all) == std::multiset<unsigned>{100, 200, 250, 300, 400, 500});
    for (const auto& candidate : all.recovery) {
      if (candidate.protector_id != sealed_id(1)) continue;
      CHECK(candidate.host == "PC01");
      CHECK(equal(candidate.password.key_words(), password(100).key_words()));
    }
    REQUIRE(all.startup_keys.size() == 1);
    CHECK(all.startup_keys[0].key_id() == sealed_id(9));
    CHECK(all.startup_keys[0].volume_guid() == sealed_id(10));
    CHECK(equal(all.startup_keys[0].key(), ByteVector(32, 0x77)));
  }
  CHECK(id_of_error([&] { (void)keyring.open(crypto::make_key_pair()); }) == "keys.keyring.recipient");
}

TEST_CASE("a keyring that was sealed to no recipient opens with its passphrase only", "[keys]") {
  const Keyring keyring = Keyring::parse(sample_keyring(), "keyring");
  CHECK_FALSE(keyring.info().recipient);
  CHECK(id_of_error([&] { (void)keyring.open(crypto::make_key_pair()); }) == "keys.keyring.no_recipient");
}

TEST_CASE("KR-3: a volume is given the keys of its protectors, and no other", "[keys]") {
  const OpenKeyring open = open_sample();
  CHECK(taken(open, {{sealed_id(1)}, {}, "PC99"}) == std::multiset<unsigned>{100});
  CHECK(taken(open, {{sealed_id(2)}, {}, ""}) == std::multiset<unsigned>{200, 250});
  CHECK(taken(open, {{sealed_id(5), sealed_id(1)}, {}, "PC03"}) == std::multiset<unsigned>{100});
  // No key under its ID: those without an ID that are its host's, and those that may be anybody's.
  CHECK(taken(open, {{sealed_id(5)}, {}, "PC03"}) == std::multiset<unsigned>{300, 400, 500});
  CHECK(taken(open, {{sealed_id(5)}, {}, "PC01"}) == std::multiset<unsigned>{500});
  CHECK(taken(open, {{sealed_id(5)}, {}, ""}) == std::multiset<unsigned>{500});
  // A startup key's ID is no recovery password's, and the other way about.
  CHECK(taken(open, {{sealed_id(9)}, {sealed_id(1)}, ""}) == std::multiset<unsigned>{500});
  CHECK(taken(open, {}).empty());
  bitlocker::Credentials keys;
  CHECK(open.take({{}, {sealed_id(9)}, "PC03"}, keys) == 1);
  CHECK(keys.startup_keys.size() == 1);
}

TEST_CASE("a wrong passphrase is told from a damaged file", "[keys]") {
  const Keyring keyring = Keyring::parse(sample_keyring(), "keyring");
  const auto with = [&](const char* text) {
    return id_of_error([&] { (void)keyring.open(Passphrase::parse(keyring.info().form, text)); });
  };
  CHECK(with(kDigits).empty());
  CHECK(with("000022-000022-000033-000044-000055") == "keys.keyring.passphrase");
  CHECK(with("000012-000022-000033-000044-000055") == "bitlocker.recovery.group");
  CHECK(with("000011-000022-000033-000044") == "bitlocker.recovery.length");
  CHECK(with("correct horse battery") == "bitlocker.recovery.character");
  CHECK(with("") == "keys.passphrase.empty");
}

TEST_CASE("a preparer's own passphrase is a text, taken as it is", "[keys]") {
  const Passphrase own = Passphrase::choose(
      "Hauptstra\xc3\x9f"
      "e 17, links\n");
  CHECK(own.form() == PassphraseForm::kText);
  const Keyring keyring = Keyring::parse(seal_keyring(sample_keys(), own, sample_request()), "keyring");
  REQUIRE(keyring.info().form == PassphraseForm::kText);
  CHECK(keyring
            .open(Passphrase::parse(PassphraseForm::kText,
                                    "Hauptstra\xc3\x9f"
                                    "e 17, links"))
            .take_all()
            .recovery.size() == 6);
  CHECK(id_of_error([&] {
          (void)keyring.open(Passphrase::parse(PassphraseForm::kText, "hauptstrasse 17, links"));
        }) == "keys.keyring.passphrase");
  CHECK(id_of_error([] { (void)Passphrase::choose("eleven char"); }) == "keys.passphrase.short");
  CHECK(id_of_error([] { (void)Passphrase::choose("two lines\nof a text"); }) == "keys.passphrase.text");
  CHECK(id_of_error([] { (void)Passphrase::choose("no UTF-8: \xff\xff\xff"); }) == "keys.passphrase.text");
  // Digits that were meant as groups are not taken for a text because of a slip.
  CHECK(id_of_error([] { (void)Passphrase::choose("000012-000022-000033-000044-000055"); }) ==
        "bitlocker.recovery.group");
}

TEST_CASE("a generated passphrase has 80 bits of chance in groups that are checked", "[keys]") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Passphrase one = Passphrase::generate();
    CHECK(one.form() == PassphraseForm::kDigits);
    CHECK(one.text().size() == 34);
    CHECK(Passphrase::parse(PassphraseForm::kDigits, one.text().text()).text().text() == one.text().text());
    seen.emplace(one.text().text());
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("KR-1: the file shows neither hosts nor IDs, nor the exact count", "[keys]") {
  const ByteVector file = sample_keyring();
  const std::string_view text = as_text(file);
  for (const char* host : {"PC01", "pc01", "PC02", "pc03", "PC03", "corp"})
    CHECK(text.find(host) == text.npos);
  for (const uint32_t n : {1u, 2u, 9u, 10u}) CHECK(text.find(as_text(sealed_id(n).bytes)) == text.npos);
  CHECK(text.find("Example GmbH") != text.npos);  // whose it is, it does show
  bitlocker::Credentials keys = sample_keys();
  for (uint32_t n = 0; n < 57; ++n) add(keys, static_cast<uint16_t>(n), sealed_id(100 + n), "PC");
  CHECK(seal_keyring(keys, Passphrase::choose(kDigits), sample_request()).size() == file.size());
  add(keys, 7, sealed_id(999), "PC");
  CHECK(seal_keyring(keys, Passphrase::choose(kDigits), sample_request()).size() ==
        file.size() + 64 * kRowBytes);
}

TEST_CASE("KS-1: two sealings of the same keys share nothing", "[keys]") {
  const ByteVector one = sample_keyring(), two = sample_keyring();
  std::set<std::string> tags;
  for (const ByteVector* file : {&one, &two}) {
    for (size_t i = 0; i < 64; ++i)
      tags.insert(to_hex(slice(Bytes(*file), kHeaderBytes + i * kRowBytes, kTagBytes)));
  }
  CHECK(tags.size() == 128);
}

TEST_CASE("KR-2: a keyring cut at any length is refused, with the reason", "[keys]") {
  const ByteVector file = sample_keyring();
  for (size_t size = 0; size < file.size(); ++size) {
    const std::string id = open_error(ByteVector(file.begin(), file.begin() + static_cast<ptrdiff_t>(size)));
    CAPTURE(size);
    CHECK((id == "keys.keyring.magic" || id == "keys.keyring.short" || id == "keys.keyring.length"));
  }
  ByteVector longer = file;
  longer.push_back(0);
  CHECK(open_error(longer) == "keys.keyring.length");
}

TEST_CASE("KR-2: a flipped bit is found by the checksum, anywhere", "[keys]") {
  const ByteVector file = sample_keyring();
  const size_t mac_at = file.size() - kHashBytes;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    // Every bit of the header and of the end; of the rows every seventh.
    if (bit > kHeaderBytes * 8 && bit < (file.size() - kEndBytes) * 8 && bit % 7 != 0) continue;
    ByteVector changed = file;
    changed[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    const std::string id = open_error(changed);
    CAPTURE(bit, id);
    if (bit / 8 >= mac_at) {
      CHECK(id == "keys.keyring.mac");
    } else if (bit / 8 >= 0x10 && bit / 8 != 0x28 && bit / 8 != 0x29 && bit / 8 != 0x2a && bit / 8 != 0x2b &&
               bit / 8 != 0x2c && bit / 8 != 0x2d && bit / 8 != 0x2e && bit / 8 != 0x2f) {
      CHECK(id == "keys.keyring.checksum");
    } else {
      CHECK(id.starts_with("keys.keyring."));
    }
  }
}

TEST_CASE("KR-2: a bit that was flipped together with the checksum opens nothing", "[keys]") {
  const ByteVector file = sample_keyring();
  for (size_t bit = 0; bit < kHeaderBytes * 8; ++bit) {
    ByteVector changed = file;
    changed[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    // A cost that is dearer, and allowed, is only slow.
    if (bit / 8 >= 0x34 && bit / 8 < 0x3c) write_le<uint32_t>(changed, 0x34, 2);
    mend_checksum(changed);
    const std::string id = open_error(changed);
    CAPTURE(bit, id);
    CHECK_FALSE(id.empty());
  }
}

TEST_CASE("KR-2: rows that were swapped, doubled or taken from another keyring are found", "[keys]") {
  const ByteVector file = sample_keyring(), other = sample_keyring();
  const auto row = [](ByteVector& of, size_t index) {
    return of.begin() + static_cast<ptrdiff_t>(kHeaderBytes + index * kRowBytes);
  };
  ByteVector swapped = file;
  std::swap_ranges(row(swapped, 3), row(swapped, 4), row(swapped, 40));
  ByteVector doubled = file;
  std::copy(row(doubled, 3), row(doubled, 4), row(doubled, 4));
  ByteVector mixed = file, donor = other;
  std::copy(row(donor, 5), row(donor, 6), row(mixed, 5));
  ByteVector beheaded = other;  // the header of one, the rows of the other
  std::copy(file.begin(), file.begin() + kHeaderBytes, beheaded.begin());
  for (ByteVector* changed : {&swapped, &doubled, &mixed, &beheaded}) {
    CHECK(open_error(*changed) == "keys.keyring.checksum");
    mend_checksum(*changed);
    CHECK(open_error(*changed) == "keys.keyring.mac");
  }
  ByteVector shorter = file;
  shorter.erase(shorter.begin() + kHeaderBytes, shorter.end() - kEndBytes);
  write_le<uint32_t>(shorter, 0x28, 0);
  mend_checksum(shorter);
  CHECK(open_error(shorter) == "keys.keyring.passphrase");  // the count is bound to the master secret
}

TEST_CASE("KR-2: even with the master secret a row opens in its own place only", "[keys]") {
  const Secret master(ByteVector(32, 5));
  const Subkeys keys = derive(master);
  const ByteVector id(16, 1), other_id(16, 2);
  const Tag tag = tag_of(keys, Class::kRecoveryId, 0, sealed_id(1).bytes);
  Entry entry;
  entry.key = Secret(password(1).key_words());
  ByteVector row = seal_row(keys, id, tag, encode_entry(entry).bytes());
  REQUIRE(row.size() == kRowBytes);
  CHECK(open_row(keys, id, row));
  CHECK_FALSE(open_row(keys, other_id, row));
  const Tag other_tag = tag_of(keys, Class::kRecoveryId, 1, sealed_id(1).bytes);
  std::copy(other_tag.begin(), other_tag.end(), row.begin());
  CHECK_FALSE(open_row(keys, id, row));
}

TEST_CASE("KR-5: a hostile file asks for nothing that hurts", "[keys]") {
  const auto with = [](size_t at, uint32_t value) {
    ByteVector file = sample_keyring();
    write_le<uint32_t>(file, at, value);
    mend_checksum(file);
    return open_error(file);
  };
  CHECK(with(0x38, 100u << 20) == "keys.keyring.cost");  // 100 GiB
  CHECK(with(0x38, UINT32_MAX) == "keys.keyring.cost");
  CHECK(with(0x38, 0) == "keys.keyring.cost");
  CHECK(with(0x34, UINT32_MAX) == "keys.keyring.cost");
  CHECK(with(0x28, UINT32_MAX) == "keys.keyring.length");
  CHECK(with(0x28, UINT32_MAX / 64 * 64) == "keys.keyring.length");
  CHECK(with(0x08, 2) == "keys.keyring.version");
  CHECK(with(0x30, 3) == "keys.keyring.fields");
  CHECK(with(0x3c, 2) == "keys.keyring.fields");
  CHECK(with(0x180, 1) == "keys.keyring.fields");
  CHECK(with(0x70, 0x0a0a0a0a) == "keys.keyring.text");
}

TEST_CASE("an empty set of keys is a keyring too", "[keys]") {
  const ByteVector file = seal_keyring({}, Passphrase::choose(kDigits), sample_request());
  const Keyring keyring = Keyring::parse(file, "keyring");
  CHECK(keyring.open(Passphrase::choose(kDigits)).take_all().empty());
}

// FORMAT.md, "Test vectors": random bytes that count from 0.
TEST_CASE("the vectors of FORMAT.md", "[keys]") {
  SealRequest request = sample_request();
  uint8_t next = 0;
  request.random_bytes = [&](MutableBytes out) {
    for (uint8_t& byte : out) byte = next++;
  };
  bitlocker::Credentials keys;
  add(keys, 100, sealed_id(1), "PC01");
  const ByteVector file = seal_keyring(keys, Passphrase::choose(kDigits), request);
  ByteVector counting(64);
  for (size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<uint8_t>(i);
  const Subkeys subkeys = derive(Secret(slice(Bytes(counting), 32, 32)));
  const auto in_file = [&](size_t at, size_t size) { return to_hex(slice(Bytes(file), at, size)); };
  UNSCOPED_INFO(in_file(0, kHeaderBytes));
  CHECK(to_hex(subkeys.index.bytes()) == "b34f132893a6ff8abf9ec08efa119222b7725664880c0f4fff81f25bb2cfbb23");
  CHECK(to_hex(subkeys.rows.bytes()) == "6fa409432b4d133bf43ec98dab0870ee0dcf59404f6b487943e088d35f6f6410");
  CHECK(to_hex(subkeys.file.bytes()) == "bda5227983fd01d426329b81953b53a29b4b0a385bf692cc6b6fcad99864a4e3");
  CHECK(to_hex(tag_of(subkeys, Class::kRecoveryId, 0, sealed_id(1).bytes)) ==
        "c9b2781e831804474dc5c0d0ba15a8d4");
  CHECK(in_file(0x100, 48) ==
        "959e3c7ddc5a1da904c8b5739b1204b1e9dd9aad5276db6e0bb3aefc235f615d492b342492d7f71d2595f90b96fe58c0");
  CHECK(in_file(file.size() - 64, 32) == "67b7fb6c587f2394767ae2c0237e8e72392bdeb1ea6702ff4683b79366bd7656");
  CHECK(in_file(file.size() - 32, 32) == "cce8b24732800924d0bb75afc5fa01451d1fd8716401f0f0c72aa44ec2b3a759");
  CHECK(to_hex(crypto::sha256(file)) == "1d3b9f552d37968d5efa647820f711cc72273bd5ac38dd80c757939b2a8d17b5");
}

}  // namespace
}  // namespace mend::keys::test
