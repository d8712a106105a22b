// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

std::string braced(uint32_t n) {
  return "{" + guid_text(n) + "}";
}

TEST_CASE("every table that is met in the field is read", "[keys]") {
  struct Case {
    const char* source;
    std::string text;
    uint32_t id;
    const char* host;
  };
  const std::string directory_object =
      "CN=2024-07-19T05:27:00-00:00" + braced(7) + ",CN=PC01,OU=Sales,DC=example,DC=com";
  const Case cases[] = {
      {"CrowdStrike host recovery, Entra",
       "Hostname,KeyID,RecoveryKey,Directory\nPC01," + guid_text(7) + "," + password(1) + ",Entra\n", 7,
       "PC01"},
      {"CrowdStrike host recovery, AD",
       "Hostname,KeyID,RecoveryKey,Directory\n\"CN=PC01,OU=Sales,DC=example,DC=com\"," + braced(7) + "," +
           password(1) + ",AD\n",
       7, "PC01"},
      {"community", "Id,Key\n" + guid_text(7) + "," + password(1) + "\n", 7, ""},
      {"Entra script 1",
       "DeviceName,DeviceId,RecoveryKeyId,CreatedDateTime,RecoveryKey,VolumeType\nPC01," + guid_text(99) +
           "," + guid_text(7) + ",2024-07-19T05:27:00Z," + password(1) + ",1\n",
       7, "PC01"},
      {"Entra script 2",
       "EntraObjectId,DeviceId,DisplayName,BitLockerKeyId,RecoveryKey,VolumeType,KeyCreated\n" +
           guid_text(97) + "," + guid_text(98) + ",PC01," + guid_text(7) + "," + password(1) + ",OS,2024\n",
       7, "PC01"},
      {"Active Directory",
       "ComputerName;OperatingSystem;Date;Time;GMT;PasswordID;RecoveryPassword;DistinguishedName\nPC01;"
       "Windows 11;2024-07-19;05:27:00;+00:00;" +
           guid_text(7) + ";" + password(1) + ";" + directory_object + "\n",
       7, "PC01"},
      {"Active Directory, ID in the object's name",
       "ComputerName;RecoveryPassword;DistinguishedName\nPC01;" + password(1) + ";" + directory_object + "\n",
       7, "PC01"},
      {"Active Directory, all in the object's name",
       "DistinguishedName\tmsFVE-RecoveryPassword\n" + directory_object + "\t" + password(1) + "\n", 7,
       "PC01"},
      {"Active Directory, object's name as host",
       "Name,msFVE-RecoveryPassword\n2024-07-19T05:27:00-00:00" + braced(7) + "," + password(1) + "\n", 7,
       ""},
      {"Active Directory, no IDs",
       "Computer Name,whenCreated,msFVE-RecoveryPassword\nPC01,19.07.2024 05:27:00," + password(1) + "\n", 0,
       "PC01"},
      {"MBAM", "Machine Name,Recovery Key ID,Recovery Key\nPC01," + guid_text(7) + "," + password(1) + "\n",
       7, "PC01"},
      {"Configuration Manager",
       "Id,Name,VolumeId,RecoveryKeyId,LastUpdateTime,RecoveryKey\n4711,PC01,12," + guid_text(7) + ",2024," +
           password(1) + "\n",
       7, "PC01"},
      {"management tool, JSON in a cell",
       "Device Name,BitLocker Keys\nPC01,\"[{\"\"id\"\":\"\"" + guid_text(7) + "\"\",\"\"key\"\":\"\"" +
           password(1) + "\"\"}]\"\n",
       7, "PC01"},
      {"management tool, JSON list in a cell",
       "Device Name;Key Id;BitLocker Keys\nPC01;" + braced(7) + ";\"[\"\"" + password(1) + "\"\"]\"\n", 7,
       "PC01"},
      {"Excel with its separator",
       "sep=;\r\nHostname;KeyID;RecoveryKey\r\nPC01;" + guid_text(7) + ";" + password(1) + "\r\n", 7, "PC01"},
      {"PowerShell with its type",
       "#TYPE "
       "System.Management.Automation.PSCustomObject\r\n\"Hostname\",\"KeyID\",\"RecoveryKey\"\r\n\"PC01\","
       "\"" +
           guid_text(7) + "\",\"" + password(1) + "\"\r\n",
       7, "PC01"},
      {"empty lines before",
       "\n\n  \nHostname,KeyID,RecoveryKey\nPC01," + guid_text(7) + "," + password(1) + "\n", 7, "PC01"},
      {"old line ends", "Hostname,KeyID,RecoveryKey\rPC01," + guid_text(7) + "," + password(1) + "\r", 7,
       "PC01"},
      {"no end of line at the end", "Hostname,KeyID,RecoveryKey\nPC01," + guid_text(7) + "," + password(1), 7,
       "PC01"},
      {"names in other letters",
       "HOST_NAME,recovery-key-id,RECOVERY PASSWORD\nPC01," + guid_text(7) + "," + password(1) + "\n", 7,
       "PC01"},
      {"upper-case GUID",
       "Hostname,KeyID,RecoveryKey\nPC01,{0000000A-1234-4ABC-8DEF-00000000000A}," + password(1) + "\n", 10,
       "PC01"},
      {"a quoted line end",
       "Hostname,Note,KeyID,RecoveryKey\nPC01,\"two\nlines\"," + guid_text(7) + "," + password(1) + "\n", 7,
       "PC01"},
      {"a key without hyphens",
       "Hostname,KeyID,RecoveryKey\nPC01," + guid_text(7) + "," + password(1, "") + "\n", 7, "PC01"},
      {"a key with blanks",
       "Hostname;KeyID;RecoveryKey\nPC01;" + guid_text(7) + ";  " + password(1, " ") + " \n", 7, "PC01"},
      {"a key with en dashes",
       "Hostname;KeyID;RecoveryKey\nPC01;" + guid_text(7) + ";" + password(1, "\xe2\x80\x93") + "\n", 7,
       "PC01"},
  };
  for (const Case& c : cases) {
    INFO(c.source);
    for (const std::string& text : {c.text, "\xef\xbb\xbf" + c.text}) {
      const Result result = read(text);
      CHECK(is(result, 0, 1, c.id, c.host));
      CHECK(result.report.keys == 1);
      CHECK(result.report.problems.empty());
    }
    if (c.text.find('\xe2') == std::string::npos) {
      CHECK(is(read(utf16(c.text)), 0, 1, c.id, c.host));
      CHECK(is(read(utf16(c.text, true)), 0, 1, c.id, c.host));
      CHECK(is(read(utf16(c.text, false, false)), 0, 1, c.id, c.host));
    }
  }
}

TEST_CASE("host names keep their script, and lose what a terminal would act on", "[keys]") {
  const std::string head = "Hostname,KeyID,RecoveryKey\n",
                    rest = "," + guid_text(7) + "," + password(1) + "\n";
  CHECK(is(read(head + "B\xc3\xbcro-\xe6\xbc\xa2" + rest), 0, 1, 7, "B\xc3\xbcro-\xe6\xbc\xa2"));
  CHECK(is(read(head +
                "B\xfcro\x96"
                "1" +
                rest),
           0, 1, 7,
           "B\xc3\xbcro\xe2\x80\x93"
           "1"));  // Windows-1252
  CHECK(is(read(head + "PC\x1b[2J" + rest), 0, 1, 7, "PC\\u{1b}[2J"));
  CHECK(is(read(head + "\"CN=A\\, B,OU=x\"" + rest), 0, 1, 7, "A\\, B"));
  CHECK(read(head + std::string(3000, 'x') + rest).credentials.recovery.at(0).host.size() == 255);
}

TEST_CASE("a cell may hold several keys", "[keys]") {
  const std::string head = "Hostname;KeyID;RecoveryKey\n";
  const auto row = [&](const std::string& id, const std::string& key) {
    return read(head + "PC01;" + id + ";" + key + "\n");
  };
  Result two = row(guid_text(7) + ", " + guid_text(8), password(1) + ", " + password(2));
  CHECK(is(two, 0, 1, 7, "PC01"));
  CHECK(is(two, 1, 2, 8, "PC01"));
  Result spaced = row(braced(7) + " " + braced(8), password(1) + " " + password(2));
  CHECK(is(spaced, 0, 1, 7, "PC01"));
  CHECK(is(spaced, 1, 2, 8, "PC01"));
  // With one ID for two keys it is not known whose it is.
  Result one_id = row(guid_text(7), password(1) + " " + password(2));
  CHECK(is(one_id, 0, 1, 0, "PC01"));
  CHECK(is(one_id, 1, 2, 0, "PC01"));
  Result labelled = row("", braced(7) + ": " + password(1) + ", " + braced(8) + ": " + password(2));
  CHECK(is(labelled, 0, 1, 7, "PC01"));
  CHECK(is(labelled, 1, 2, 8, "PC01"));
}

TEST_CASE("KF-3: an ID that may be a device's is not taken for a protector's", "[keys]") {
  CHECK(
      is(read("Hostname,Id,RecoveryKey\nPC01," + guid_text(7) + "," + password(1) + "\n"), 0, 1, 0, "PC01"));
  CHECK(is(read("Hostname,DeviceId,Key\nPC01," + guid_text(7) + "," + password(1) + "\n"), 0, 1, 0, "PC01"));
  CHECK(is(read("PC01," + guid_text(7) + "," + password(1) + "\n"), 0, 1, 0));  // no header at all
  CHECK(is(read(guid_text(7) + "," + password(1) + "\n"), 0, 1, 7));
}

TEST_CASE("KF-2: a wrong line is reported by number, and the others count", "[keys]") {
  const std::string head = "Hostname,KeyID,RecoveryKey\n";
  const std::string good = "PC02," + guid_text(8) + "," + password(2) + "\n";
  struct Case {
    std::string line;
    const char* says;
  };
  std::string mistyped = password(1);
  mistyped[9] = mistyped[9] == '9' ? '8' : static_cast<char>(mistyped[9] + 1);
  const Case cases[] = {
      {"PC01," + guid_text(7) + ",System.Object[]\n", "keys.csv:2: the export wrote 'System.Object[]'"},
      {"PC01," + guid_text(7) + ",System.Object[]\n", "for PC01"},
      {"PC01," + guid_text(7) + ",\n", "keys.csv:2: there is no key for PC01"},
      {"PC01,,NOData\n", "keys.csv:2: there is no key for PC01"},
      {"PC01\n", "keys.csv:2: this line is no row of the table"},
      {"PC01,\n", "keys.csv:2: there is no key for PC01"},
      {"PC01," + guid_text(7) + "," + mistyped + "\n",
       "keys.csv:2: mistyped recovery password, wrong in group 2"},
      {"PC01," + guid_text(7) + "," + password(1).substr(7) + "\n",
       "keys.csv:2: a recovery password has 48 digits"},
      {"PC01," + guid_text(7) + ",hunter2\n", "keys.csv:2: a recovery password is made of 48 digits"},
      {"PC01," + guid_text(7) + ",[{\"key\n", "keys.csv:2"},
      {"PC01," + guid_text(7) + ",\"not closed\n", "keys.csv:2: a quote is out of place, or is not closed"},
      {"\"PC01,x\n", "keys.csv:2: a quote"},
  };
  // The line alone, and behind a cell of several lines.
  const auto second = [&](const std::string& line) { return read(head + line + good); };
  const auto fifth = [&](const std::string& line) {
    return read("Hostname,KeyID,RecoveryKey,Note\nPC03,,NOData,\"a\n\nb\"\n" + line + good);
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const Result result = second(c.line);
    CHECK(is(result, 0, 2, 8, "PC02"));
    CHECK(result.credentials.recovery.size() == 1);
    CHECK(contains(problem(result), c.says));
    const Result later = fifth(c.line);
    CHECK(is(later, 0, 2, 8, "PC02"));
    CHECK(later.report.problems.back().line == 5);
  }
}

TEST_CASE("KF-2: an ID that is no GUID leaves the key, and is said once", "[keys]") {
  const Result result = read("Hostname,KeyID,RecoveryKey\nPC01,A1B2C3D4," + password(1) + "\nPC02,E1B2C3D4," +
                             password(2) + "\n");
  CHECK(is(result, 0, 1, 0, "PC01"));
  CHECK(is(result, 1, 2, 0, "PC02"));
  CHECK(contains(problem(result), "keys.csv:2: the key's ID is not a GUID"));
}

TEST_CASE("CS-2: quotes out of place cost their own lines, and a flood of them ends the reading", "[keys]") {
  const std::string head = "Hostname,KeyID,RecoveryKey\n";
  // A cell that RFC 4180 does not allow, with the right number of cells.
  CHECK(is(read(head + "15\" PC," + guid_text(7) + "," + password(1) + "\n"), 0, 1, 7, "15\" PC"));
  // One that could mean anything.
  const Result unclear = read(head + "\"A\" B," + guid_text(7) + "," + password(1) + "\nPC2," + guid_text(8) +
                              "," + password(2) + "\n");
  CHECK(contains(problem(unclear), "keys.csv:2: a quote is out of place"));
  CHECK(is(unclear, 0, 2, 8, "PC2"));

  std::string text = head;
  for (uint32_t i = 0; i < 50; ++i) {
    text += "\"open," + guid_text(i + 1) + "," + password(i) + "\n";
    text += "PC," + guid_text(i + 1) + "," + password(i) + "\n";
  }
  const Result mixed = read(text);
  CHECK(mixed.report.keys == 50);
  CHECK(mixed.report.problems.size() == 50);
  CHECK(mixed.report.problems[49].line == 100);

  text = head;
  for (int i = 0; i < 100000; ++i) text += "\"open\n";
  const Result flood = read(text);
  CHECK(flood.report.problems.size() == 101);
  CHECK(contains(flood.report.problems.back().text(), "keys.csv:102: too many quotes out of place"));
}

TEST_CASE("an empty row is no problem, and neither is a table without rows", "[keys]") {
  const Result result =
      read("Hostname,KeyID,RecoveryKey\n,,\nPC01," + guid_text(7) + "," + password(1) + "\n\n , ,\n");
  CHECK(result.report.keys == 1);
  CHECK(result.report.problems.empty());
  CHECK(contains(problem(read("Hostname,KeyID,RecoveryKey\n")), "keys.csv: there is no recovery password"));
}

}  // namespace
}  // namespace mend::keys::test
