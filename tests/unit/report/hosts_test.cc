// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/hosts.h"

#include "base/error.h"
#include "base/text.h"
#include "tests/support/catch.h"

namespace mend::report {
namespace {

using Hosts = std::vector<std::string>;

TEST_CASE("a list of hosts is one a line; comments, empty lines and repetitions do not count", "[report]") {
  CHECK(parse_hosts("# office\nPC1\r\n\n  PC2 \npc1.corp.example\nPC3", "f") == Hosts{"PC1", "PC2", "PC3"});
}

TEST_CASE("of a table the column with the heading for hosts counts, else the first", "[report]") {
  CHECK(parse_hosts("Site;Computer Name\nA;PC1\nB;PC2\n", "f") == Hosts{"PC1", "PC2"});
  CHECK(parse_hosts("\"DeviceName\",\"User\"\n\"PC1\",\"Smith, J\"\n,\"nobody\"\n", "f") == Hosts{"PC1"});
  CHECK(parse_hosts("PC1\tfirst floor\nPC2\tcellar\n", "f") == Hosts{"PC1", "PC2"});
}

TEST_CASE("Excel's and PowerShell's UTF-16, and a byte order mark, are read", "[report]") {
  const ByteVector bytes = utf16_to_le(to_utf16("Rechner-Übung\nPC2\n"));
  CHECK(parse_hosts("\xff\xfe" + std::string(bytes.begin(), bytes.end()), "f") ==
        Hosts{"Rechner-Übung", "PC2"});
  CHECK(parse_hosts("\xef\xbb\xbfPC1\n", "f") == Hosts{"PC1"});
}

TEST_CASE("what is no list of hosts is named with its line", "[report]") {
  for (const std::string& text : {std::string("PC1\n\x01\x02\x03\n"), std::string("PC1\nP\xff\xff\n"),
                                  "PC1\n" + std::string(300, 'x') + "\n"}) {
    try {
      parse_hosts(text, "list.txt");
      FAIL("it was taken");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("list.txt:2") == 0);
    }
  }
  CHECK_THROWS_AS(parse_hosts("\n# nobody\n", "f"), Error);
  CHECK_THROWS_AS(parse_hosts("", "f"), Error);
}

TEST_CASE("two spellings of one host are the same", "[report]") {
  CHECK(host_key("PC1") == host_key("pc1.corp.example"));
  CHECK(host_key("A-VERY-LONG-COMPUTER-NAME") == host_key("a-very-long-com"));
  CHECK(host_key("PC1") != host_key("PC2"));
}

}  // namespace
}  // namespace mend::report
