// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/rotation.h"

#include "tests/support/catch.h"

namespace mend::report {
namespace {

const char* const kOne = "00000001-1234-4abc-8def-000000000001";
const char* const kTwo = "00000002-1234-4abc-8def-000000000002";

VolumeSeen volume(const std::string& id, const std::string& type, const std::string& description,
                  const std::string& host = "") {
  VolumeSeen seen;
  seen.protector_id = id;
  seen.protector_type = type;
  seen.description = description;
  seen.host = host;
  return seen;
}

Run run(const std::string& clock, std::vector<VolumeSeen> volumes) {
  Run one;
  one.log = clock + ".jsonl";
  one.clock = parse_iso8601(clock);
  one.volumes = std::move(volumes);
  return one;
}

void carry(bitlocker::Credentials& credentials, const char* id, const char* host) {
  credentials.recovery.push_back(
      {Guid::parse(id), host, bitlocker::RecoveryPassword::from_words(ByteVector(16, 1))});
}

bool contains(const std::string& text, const std::string& part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("a key that was used is listed once, by its last use", "[report]") {
  const std::vector<Run> runs = {
      run("2024-07-21T08:00:00Z", {volume(kOne, "recovery password", "OLD C: 19/07/2024", "PC01")}),
      run("2024-07-20T08:00:00Z", {volume(kOne, "recovery password", "OLD C: 19/07/2024", "PC01"),
                                   volume(kTwo, "password", "PC02 D: 1/1/2024"), volume("", "", ""),
                                   volume(kTwo, "clear key", "PC03 C: 1/1/2024")})};
  CHECK(rotation_csv(keys_to_rotate(runs, {}, {})) ==
        "host,drive,protector_id,type,reason,last_used,log\n"
        "PC01,C:," +
            std::string(kOne) +
            ",recovery password,used,2024-07-21T08:00:00Z,2024-07-21T08:00:00Z.jsonl\n"
            "PC02,D:," +
            kTwo + ",password,used,2024-07-20T08:00:00Z,2024-07-20T08:00:00Z.jsonl\n");
}

TEST_CASE("keys that a lost stick carried are listed too, of a list of hosts alone where there is one",
          "[report]") {
  bitlocker::Credentials carried;
  carry(carried, kOne, "PC01");
  carry(carried, kTwo, "PC02.example.com");
  carry(carried, "", "PC02");
  carry(carried, "", "pc02");
  const std::vector<Run> runs = {
      run("2024-07-20T08:00:00Z", {volume(kOne, "recovery password", "PC01 C: 19/07/2024")})};
  const auto all = keys_to_rotate(runs, carried, {});
  REQUIRE(all.size() == 3);
  CHECK(all[0].used);
  CHECK(all[0].carried);
  CHECK(contains(rotation_csv(all), ",recovery password,used and carried,"));
  CHECK(contains(rotation_csv(all), "PC02,,,recovery password,carried,,\n"));
  const auto some = keys_to_rotate({}, carried, keys::HostList::parse(as_bytes("pc02\n"), "hosts"));
  CHECK(some.size() == 2);
}

TEST_CASE("the commands make the new key before they delete the old one, by its ID alone", "[report]") {
  const std::vector<Run> runs = {
      run("2024-07-20T08:00:00Z", {volume(kOne, "recovery password", "PC01 D: 19/07/2024")})};
  const std::string text = rotation_commands(keys_to_rotate(runs, {}, {}));
  const std::string added = "\nmanage-bde -protectors -add D: -RecoveryPassword\n";
  const std::string deleted = "\nmanage-bde -protectors -delete D: -id {" + std::string(kOne) + "}\n";
  CHECK(contains(text, added));
  CHECK(contains(text, "\nmanage-bde -protectors -adbackup D: -id {NEW-ID}\n"));
  CHECK(contains(text, deleted));
  CHECK(text.find(added) < text.find(deleted));

  bitlocker::Credentials carried;
  carry(carried, "", "PC03");
  const std::string unknown = rotation_commands(keys_to_rotate({}, carried, {}));
  CHECK(contains(unknown, "REM The drive is not known"));
  CHECK(contains(unknown, "\nREM manage-bde -protectors -delete C: -id {OLD-ID}\n"));
  CHECK(contains(rotation_commands(keys_to_rotate(
                     {run("2024-07-20T08:00:00Z", {volume(kOne, "password", "PC01 E: 1/1/2024")})}, {}, {})),
                 "\nmanage-bde -changepassword E:\n"));
}

TEST_CASE("RO-2: nothing that a disk or a file says becomes a command", "[report]") {
  const std::string evil = "x\n&del /q C:\\*%PATH%|^";
  bitlocker::Credentials carried;
  carry(carried, kTwo, evil.c_str());
  const std::vector<Run> runs = {
      run("2024-07-20T08:00:00Z",
          {volume(kOne, "recovery password", evil + " &: x", evil),
           volume("{" + evil + "}", "recovery password", "PC01 C: x"), volume(kTwo, evil, "PC01 C: x")})};
  const auto keys = keys_to_rotate(runs, carried, {});
  CHECK(keys.size() == 2);
  const std::string text = rotation_commands(keys);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    CAPTURE(line);
    CHECK((line.empty() || line.starts_with("REM ") || line.starts_with("manage-bde -protectors -")));
    CHECK(line.find_first_of("&|%^") == std::string::npos);
    at = end + 1;
  }
}

}  // namespace
}  // namespace mend::report
