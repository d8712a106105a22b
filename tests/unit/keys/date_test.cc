// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/date.h"

#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

std::string read_date(std::string_view text) {
  const std::optional<Time> time = parse_date(text);
  return time ? to_iso8601(*time) : "none";
}

TEST_CASE("dates are read as exports write them", "[keys]") {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"2024-07-19T05:27:00Z", "2024-07-19T05:27:00Z"},
      {" 2024-07-19T05:27:00.1234567Z ", "2024-07-19T05:27:00Z"},
      {"2024-07-19T05:27:00+02:00", "2024-07-19T03:27:00Z"},
      {"2024-07-19T05:27:00-0530", "2024-07-19T10:57:00Z"},
      {"2024-07-19T05:27:00\\+02:00", "2024-07-19T03:27:00Z"},  // as a distinguished name escapes it
      {"2024-07-19 05:27:00", "2024-07-19T05:27:00Z"},
      {"2024-07-19 05:27 UTC", "2024-07-19T05:27:00Z"},
      {"2024-07-19", "2024-07-19T00:00:00Z"},
      {"2024/7/9", "2024-07-09T00:00:00Z"},
      {"19.07.2024 05:27:00", "2024-07-19T05:27:00Z"},
      {"9.7.2024", "2024-07-09T00:00:00Z"},
      {"7/19/2024 5:27:00 AM", "2024-07-19T05:27:00Z"},
      {"7/19/2024 12:27:00 PM", "2024-07-19T12:27:00Z"},
      {"7/19/2024 12:27:00 AM", "2024-07-19T00:27:00Z"},
      {"7/19/2024 5:27:00\u202fPM", "2024-07-19T17:27:00Z"},
      {"7/19/2024, 5:27:00 pm", "2024-07-19T17:27:00Z"},
      {"19/07/2024 17:27", "2024-07-19T17:27:00Z"},
      {"19-07-2024", "2024-07-19T00:00:00Z"},
      {"7/7/2024", "2024-07-07T00:00:00Z"},
      {"20240719052700.0Z", "2024-07-19T05:27:00Z"},
      {"/Date(1721366820000)/", "2024-07-19T05:27:00Z"},
      {"\\/Date(1721366820000)\\/", "2024-07-19T05:27:00Z"},
      {"2024-02-29", "2024-02-29T00:00:00Z"},
  };
  for (const auto& [text, wanted] : kCases) {
    CAPTURE(text);
    CHECK(read_date(text) == wanted);
  }
}

TEST_CASE("what is no date, or may be one of two, gives none", "[keys]") {
  for (const char* text : {"",
                           "2024",
                           "n/a",
                           "3/4/2024",
                           "3-4-2024",
                           "2024-13-01",
                           "2023-02-29",
                           "2024-07-19T25:00:00Z",
                           "2024-07-19T05:27:00Zx",
                           "2024-07-19T05",
                           "19.07.24",
                           "1.1.0001",
                           "9999-12-31",
                           "2024-07-19 05:27 CEST",
                           "/Date(99999999999999)/",
                           "/Date(x)/",
                           "20241319052700.0Z",
                           "2024-07-19T05:27:00+99:00",
                           "000011-000022-000033-000044-000055-000066-000077-720885",
                           "99999999999999999999999999"}) {
    CAPTURE(text);
    CHECK(read_date(text) == "none");
  }
}

TEST_CASE("a key's age is read where the formats carry one", "[keys]") {
  const auto created = [](const std::string& text) {
    const Result result = read(text);
    if (result.credentials.recovery.size() != 1 || !result.credentials.recovery[0].created)
      return std::string("none");
    return to_iso8601(*result.credentials.recovery[0].created);
  };
  const std::string object = "CN=2024-07-19T05:27:00-01:00{" + guid_text(7) + "},CN=PC01,OU=Sales,DC=example";
  for (const std::string& text :
       {"DeviceName,RecoveryKeyId,CreatedDateTime,RecoveryKey\nPC01," + guid_text(7) +
            ",2024-07-19T06:27:00Z," + password(1) + "\n",
        "DisplayName,BitLockerKeyId,RecoveryKey,KeyCreated\nPC01," + guid_text(7) + "," + password(1) +
            ",2024-07-19T06:27:00Z\n",
        "ComputerName;Date;Time;GMT;PasswordID;RecoveryPassword\nPC01;2024-07-19;05:27:00;-01:00;" +
            guid_text(7) + ";" + password(1) + "\n",
        // The object's own date, not the computer's.
        "whenCreated;RecoveryPassword;DistinguishedName\n2019-01-01;" + password(1) + ";\"" + object + "\"\n",
        "Name;Id;LastUpdateTime;RecoveryKey\nPC01;7;19.07.2024 06:27:00;" + password(1) + "\n",
        "{\"id\": \"" + guid_text(7) + "\", \"createdDateTime\": \"2024-07-19T06:27:00Z\", \"key\": \"" +
            password(1) + "\"}",
        "Name,Created,BitLocker Keys\nPC01,2024-07-19T06:27:00Z,\"[\"\"" + password(1) + "\"\"]\"\n"}) {
    CAPTURE(text);
    CHECK(created(text) == "2024-07-19T06:27:00Z");
  }
  CHECK(created("Hostname,RecoveryKey\nPC01," + password(1) + "\n") == "none");
}

}  // namespace
}  // namespace mend::keys::test
