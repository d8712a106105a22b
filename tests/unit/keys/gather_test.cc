// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/gather.h"

#include <filesystem>
#include <fstream>

#include "keys/table.h"
#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mend-gather-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

const std::string kHead = "Hostname,KeyID,RecoveryKey,Created\n";

std::string row(const std::string& host, uint32_t id, uint32_t key, const std::string& created = "") {
  return host + "," + (id == 0 ? "" : guid_text(id)) + "," + password(key) + "," + created + "\n";
}

TEST_CASE("keys of several files are merged, and told by host", "[keys]") {
  const Folder folder;
  GatherRequest request;
  request.files = {
      folder.put("a.csv", kHead + row("PC01", 1, 1, "2024-07-01") + row("pc02.example.com", 2, 2)),
      folder.put("b.csv", kHead + row("PC01", 1, 1, "2024-07-19") + row("PC01", 3, 3) + row("", 4, 4))};
  const Gathered gathered = gather(request);
  CHECK(gathered.report.problems.empty());
  CHECK(gathered.credentials.recovery.size() == 4);
  CHECK(gathered.report.duplicates == 1);
  CHECK(gathered.without_host == 1);
  REQUIRE(gathered.by_host.size() == 2);
  CHECK(gathered.by_host[0].host == "PC01");
  CHECK(gathered.by_host[0].keys == 2);
  CHECK(to_iso8601(*gathered.by_host[0].newest) == "2024-07-19T00:00:00Z");
  CHECK(gathered.by_host[1].host == "pc02.example.com");
  CHECK_FALSE(gathered.by_host[1].newest);
}

TEST_CASE("a computer that was renamed is known by its later name", "[keys]") {
  const Folder folder;
  GatherRequest request;
  for (const bool later_first : {true, false}) {
    const std::string later = row("NEW", 1, 1, "2024-07-19"), earlier = row("OLD", 1, 1, "2024-01-01");
    request.files = {folder.put("a.csv", kHead + (later_first ? later + earlier : earlier + later))};
    const Gathered gathered = gather(request);
    REQUIRE(gathered.by_host.size() == 1);
    CHECK(gathered.by_host[0].host == "NEW");
  }
}

TEST_CASE("of several keys under one ID the newest is kept, where it is known", "[keys]") {
  const Folder folder;
  const auto kept = [&](const std::string& rows) {
    GatherRequest request;
    request.files = {folder.put("a.csv", kHead + rows)};
    Gathered gathered = gather(request);
    REQUIRE(gathered.report.problems.size() == 1);
    CHECK(contains(gathered.report.problems[0].text(), "different keys have the ID " + guid_text(1)));
    CHECK(gathered.superseded + gathered.credentials.recovery.size() == 3);
    return gathered;
  };
  const std::string other = row("PC02", 2, 9);
  const Gathered dated = kept(row("PC01", 1, 1, "2024-01-01") + other + row("PC01", 1, 2, "2024-07-19"));
  CHECK(dated.superseded == 1);
  CHECK(equal(dated.credentials.recovery.at(1).password.key_words(),
              bitlocker::RecoveryPassword::parse(password(2)).key_words()));
  CHECK(kept(row("PC01", 1, 1) + other + row("PC01", 1, 2, "2024-07-19")).superseded == 0);
  CHECK(kept(row("PC01", 1, 1, "2024-07-19") + other + row("PC01", 1, 2, "2024-07-19")).superseded == 0);
}

TEST_CASE("keys of one host under different IDs are all kept: a PC may have several volumes", "[keys]") {
  const Folder folder;
  GatherRequest request;
  request.files = {
      folder.put("a.csv", kHead + row("PC01", 1, 1, "2023-01-01") + row("PC01", 2, 2, "2024-01-01"))};
  CHECK(gather(request).credentials.recovery.size() == 2);
}

TEST_CASE("what is in the table already stays in it", "[keys]") {
  const Folder folder;
  GatherRequest request;
  request.files = {folder.put("a.csv", kHead + row("PC01", 1, 1, "2024-07-19"))};
  const std::string table(write_table(gather(request).credentials).text());
  request.earlier = folder.put(kTableName, table);
  request.files = {folder.put("b.csv", kHead + row("PC02", 2, 2))};
  const Gathered both = gather(request);
  CHECK(both.by_host.size() == 2);
  request.files = {request.earlier};
  CHECK(write_table(gather(request).credentials).text() == table);  // date and source too
}

TEST_CASE("hosts of a list without a key are named as the list writes them", "[keys]") {
  const Folder folder;
  GatherRequest request;
  request.files = {folder.put("a.csv", kHead + row("PC01.example.com", 1, 1) + row("", 4, 4))};
  for (const char* list :
       {"# all\npc01\n\nPC02\nPC03.example.com\npc02\n", "ComputerName\nPC01\nPC02\nPC03.example.com\n",
        "\"Name\"\r\n\"PC01\"\r\n\"PC02\"\r\n\"PC03.example.com\"\r\n",
        "Serial;Hostname\n1;PC01\n2;PC02\n3;PC03.example.com\n",
        "CN=PC01,OU=x\nCN=PC02,OU=x\nPC03.example.com\n"}) {
    CAPTURE(list);
    request.hosts = HostList::load(folder.put("hosts", list));
    CHECK(gather(request).hosts_without == std::vector<std::string>{"PC02", "PC03.example.com"});
  }
  request.hosts = HostList::parse(as_bytes(utf16("PC01\r\nPC02\r\n")), "hosts");
  CHECK(gather(request).hosts_without == std::vector<std::string>{"PC02"});
  CHECK_THROWS_AS(HostList::parse(as_bytes("\n# none\n"), "hosts"), Error);
}

TEST_CASE("only keys that are wanted are taken, and those still missing are named", "[keys]") {
  const Folder folder;
  const std::string list = std::string(kWantedHeader) + "\n" + guid_text(1) +
                           ",PC01,PC01 C: 19/07/2024,S1,2024\n" + guid_text(2) + ",,,,\n" + guid_text(3) +
                           ",PC03,PC03 D: 1/1/2024,S3,\n,PC04,,,\n,PC05,,,\n";
  GatherRequest request;
  request.wanted = WantedList::load(folder.put(kWantedName, list));
  CHECK(request.wanted->keys().size() == 5);
  request.files = {folder.put("a.csv", kHead + row("PC01", 1, 1) + row("PC01", 9, 9) + row("PC03", 0, 3) +
                                           row("PC04.example.com", 8, 8) + row("PC06", 0, 6) +
                                           row("", 7, 7))};
  const Gathered gathered = gather(request);
  CHECK(gathered.credentials.recovery.size() == 3);  // by ID; by host without an ID; any of the host
  CHECK(gathered.not_wanted == 3);
  REQUIRE(gathered.missing.size() == 2);
  CHECK(gathered.missing[0].text() == guid_text(2));
  CHECK(gathered.missing[1].text() == "PC05");
  CHECK(request.wanted->keys()[0].text() == guid_text(1) + " (PC01 C: 19/07/2024)");

  // What is there from before is neither taken away nor missed.
  request.earlier = folder.put("earlier.csv", kHead + row("PC99", 99, 99) + row("PC02", 2, 2));
  const Gathered more = gather(request);
  CHECK(more.credentials.recovery.size() == 5);
  CHECK(more.missing.size() == 1);
}

TEST_CASE("KF-1: a list of hosts that holds a key is refused, and the key is not shown", "[keys]") {
  for (const std::string& text :
       {"PC01\r\n" + password(1) + "\r\n", "Hostname,x\nPC01,\n\"" + password(1) + "\",\n"}) {
    CAPTURE(text);
    try {
      HostList::parse(as_bytes(text), "hosts");
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(error.id() == std::string("keys.hosts.key"));
      CHECK(contains(error.what(), text.starts_with("PC01") ? "line 2" : "line 3"));
      CHECK_FALSE(contains(error.what(), password(1).substr(0, 6)));
    }
  }
}

TEST_CASE("a list of wanted keys that is wrong says where", "[keys]") {
  const auto error = [](const std::string& text) -> std::string {
    try {
      WantedList::parse(as_bytes(text), "wanted.csv");
    } catch (const Error& wrong) {
      return wrong.what();
    }
    return "";
  };
  const std::string head = std::string(kWantedHeader) + "\n";
  CHECK(contains(error("Hostname,KeyID\nPC01,x\n"), "'wanted.csv' is no list of wanted keys"));
  CHECK(contains(error(""), "is no list of wanted keys"));
  CHECK(contains(error(head), "no key is wanted"));
  CHECK(
      contains(error(head + guid_text(1) + ",,,,\nnone,PC01,,,\n"), "line 3: the protector's ID is no GUID"));
  CHECK(contains(error(head + ",,PC01 C:,,\n"), "line 2: there is neither an ID nor a host"));
  CHECK(contains(error(head + "\"" + guid_text(1) + ",,,,\n"), "line 2: a quote"));
  CHECK(contains(error(head + guid_text(1) + ",PC01," + password(1) + ",,\n"),
                 "line 2: a recovery key stands"));
  CHECK(error("Serial;host;protector_id\n;PC01;\n").empty());  // the columns may stand in any order
}

}  // namespace
}  // namespace mend::keys::test
