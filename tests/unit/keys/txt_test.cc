// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/scan.h"
#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

// As Windows writes it, in the words of no language.
std::string saved_file(uint32_t id, uint32_t key) {
  return "Qwertz Uiop \r\n\r\nAsdf ghjkl, yxcvbn 1 qwe:\r\n\r\nQwertzu:\r\n\r\n\t" + guid_text(id) +
         "\r\n\r\nAsdf ghjkl qwertz.\r\n\r\nYxcvb nmqw:\r\n\r\n\t" + password(key) +
         "\r\n\r\nAsdf. https://example.com/123456 \r\n";
}

TEST_CASE("a saved recovery key is read in every encoding, whatever its language", "[keys]") {
  for (const std::string& text : {utf16(saved_file(7, 1)), utf16(saved_file(7, 1), true), saved_file(7, 1),
                                  "\xef\xbb\xbf" + saved_file(7, 1), "Schl\xfcssel\r\n" + saved_file(7, 1)}) {
    const Result result = read(text);
    CHECK(is(result, 0, 1, 7));
    CHECK(result.report.keys == 1);
    CHECK(result.report.problems.empty());
  }
  // The key before its identifier.
  CHECK(is(read(password(1) + "\n\n" + guid_text(7) + "\n"), 0, 1, 7));
  CHECK(is(read("\xe5\xaf\x86\xe9\x92\xa5\xef\xbc\x9a" + password(1) + "\n" + guid_text(7)), 0, 1, 7));
}

TEST_CASE("a text whose first line passes for a table's header is a text", "[keys]") {
  const std::string rest =
      "\n\nIdentifier:\n\t" + guid_text(7) + "\n\nRecovery key:\n\t" + password(1) + "\n";
  for (const char* first : {"Recovery key, saved by hand", "Computer; recovery key", "Key\tvalue",
                            "Recovery key", "Recovery key:"}) {
    CAPTURE(first);
    const Result result = read(first + rest);
    CHECK(is(result, 0, 1, 7));
    CHECK(result.report.problems.empty());
  }
}

TEST_CASE("manage-bde's list gives each key the ID above it", "[keys]") {
  const std::string text =
      "Volume C: [Windows]\nAll Key Protectors\n\n    TPM:\n      ID: {" + guid_text(5) +
      "}\n      PCR Validation Profile:\n        7, 11\n\n    Numerical Password:\n      ID: {" +
      guid_text(7) + "}\n      Password:\n        " + password(1) +
      "\n\n    Numerical Password:\n      ID: {" + guid_text(8) + "}\n      Password:\n        " +
      password(2) + "\n        " + password(3) + "\n";
  const Result result = read(text);
  CHECK(is(result, 0, 1, 7));
  CHECK(is(result, 1, 2, 8));
  CHECK(is(result, 2, 3, 0));  // no ID is left for it
}

TEST_CASE("lists of keys are read, one or several on a line", "[keys]") {
  const Result list = read(password(1) + "\n" + password(2, "") + "\r\n" + password(3, " ") + "\r" +
                           password(4) + "  " + password(5) + "\n");
  for (uint32_t n = 1; n <= 5; ++n) CHECK(is(list, n - 1, n, 0));
  const Result pairs =
      read(guid_text(7) + ";" + password(1) + "\n{" + guid_text(8) + "} = " + password(2) + "\n");
  CHECK(is(pairs, 0, 1, 7));
  CHECK(is(pairs, 1, 2, 8));
  CHECK(is(read("123456 " + password(1)), 0, 1, 0));
  CHECK(is(read("PC01 2024-07-19 05:27 " + password(1) + " 19.07.2024"), 0, 1, 0));
}

TEST_CASE("KF-3: a GUID of a device is not taken for a protector's", "[keys]") {
  CHECK(is(read("Device: " + guid_text(7) + "\nKey: " + password(1) + "\n"), 0, 1, 0));
  CHECK(is(read("PC01 " + guid_text(7) + " " + password(1)), 0, 1, 0));
  CHECK(
      is(read("PC01\t" + guid_text(7) + "\t" + password(1) + "\nPC02\t" + guid_text(8) + "\t" + password(2)),
         1, 2, 0));
  CHECK(is(read("DEVICE ID: " + guid_text(9) + "\nID: " + guid_text(7) + "\n" + password(1)), 0, 1, 7));
}

TEST_CASE("KF-2: a key that is nearly one is reported with its line", "[keys]") {
  std::string mistyped = password(1);
  mistyped[9] = mistyped[9] == '9' ? '8' : static_cast<char>(mistyped[9] + 1);
  CHECK(contains(problem(read("x\n\n" + mistyped + "\n")),
                 "keys.csv:3: mistyped recovery password, wrong in group 2"));
  const std::string short_group = password(1).erase(8, 1);
  CHECK(contains(problem(read("x\r\n" + short_group + "\r\n")),
                 "keys.csv:2: group 2 of the recovery password has 5 digits"));
  CHECK(contains(problem(read(password(1).substr(0, 48))), "keys.csv:1: "));
  CHECK(contains(problem(read(password(1, "") + "7")), "49 digits"));
  const Result mixed = read(mistyped + "\n" + password(2) + "\n");
  CHECK(is(mixed, 0, 2, 0));
  CHECK(mixed.report.problems.size() == 1);
}

TEST_CASE("what is no key is not taken for one", "[keys]") {
  for (const char* text : {"", "\n\n", "hello", "1234567890", "+49 30 123456-789 / 2024-07-19 12:34:56",
                           "12345678-1234-1234-1234-123456789012", "A123456-123456-123456-123456",
                           "123456-123456-123456-123456-123456"}) {
    CAPTURE(text);
    CHECK(contains(problem(read(text)), "keys.csv: there is no recovery password and no startup key in it"));
  }
  CHECK(contains(problem(read(std::string("MZ\0\1\2\0\0", 7))), "neither a text nor a startup key"));
}

TEST_CASE("the scanner finds GUIDs and keys at their places", "[keys]") {
  const std::string text = "x {" + guid_text(7) + "} y " + password(1) + ";z" + password(2);
  const std::vector<Finding> found = scan(text);
  REQUIRE(found.size() == 3);
  CHECK(found[0].kind == Finding::Kind::kGuid);
  CHECK(found[0].guid == guid(7));
  CHECK(text.substr(found[0].offset, found[0].length) == guid_text(7));
  CHECK(found[1].kind == Finding::Kind::kKey);
  CHECK(text.substr(found[1].offset, found[1].length) == password(1));
  CHECK(found[2].kind == Finding::Kind::kNearKey);  // its first group touches a letter
  // Full-width digits, and separators of other scripts.
  const std::string wide = "\xef\xbc\x90\xef\xbc\x90\xef\xbc\x90\xef\xbc\x90\xef\xbc\x91\xef\xbc\x91";
  std::string key = wide;
  for (int i = 0; i < 7; ++i) key += "\xe3\x83\xbc" + wide;
  REQUIRE(scan(key).size() == 1);
  CHECK(scan(key)[0].length == key.size());
  CHECK(read(key).report.keys == 1);
  // A GUID that touches letters is none, and neither is a part of a longer one.
  CHECK(scan("a" + guid_text(7)).empty());
  CHECK(scan(guid_text(7) + "-1").empty());
  CHECK(scan("\xff\xfe\x80" + guid_text(7) + "\xff").size() == 1);
}

TEST_CASE("names of the directory give the ID and the computer", "[keys]") {
  const std::string object = "2024-07-19T05:27:00-00:00{" + guid_text(7) + "}";
  CHECK(directory_object(object)->id == guid(7));
  CHECK(directory_object("CN=2024-07-19T05:27:00\\+02:00{" + guid_text(7) + "},CN=PC01")->id == guid(7));
  CHECK_FALSE(directory_object("CN={" + guid_text(7) + "},CN=PC01"));
  CHECK_FALSE(directory_object("2024-07-19T05:27:00{" + guid_text(7).substr(1) + "}"));
  CHECK(host_of("CN=" + object + ",CN=PC01,OU=x") == "PC01");
  CHECK(host_of("cn=PC01") == "PC01");
  CHECK(host_of(" PC01 ") == "PC01");
  CHECK(host_of(object).empty());
  CHECK(host_of("CN=" + object).empty());
  CHECK(host_of("CN=A\\,").size() == 3);
  CHECK(host_of("").empty());
}

}  // namespace
}  // namespace mend::keys::test
