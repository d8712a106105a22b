// SPDX-License-Identifier: GPL-3.0-or-later
#include "manifest/protected.h"

#include "base/text.h"
#include "manifest/path.h"
#include "manifest/protected_list.h"
#include "tests/support/catch.h"

namespace mend::manifest {
namespace {

std::vector<std::u16string> path(const std::string& text) {
  const PathResult result = parse_path(text);
  REQUIRE_FALSE(result.fault);
  return result.components;
}
Protection level(const std::string& text) {
  return protection_of(path(text)).level;
}
Protection could(const std::string& text) {
  return could_match(path(text)).level;
}

TEST_CASE("PR-1: what Windows needs to start is protected, in any case and in any Windows directory",
          "[manifest]") {
  const char* startup[] = {
      "Windows\\System32\\ntoskrnl.exe",
      "WINDOWS\\SYSTEM32\\NTOSKRNL.EXE",
      "Windows.1\\system32\\Ntdll.Dll",
      "WINNT\\System32\\config\\SYSTEM",
      "Windows\\System32\\config\\SOFTWARE.LOG1",
      "Windows\\System32\\config\\TxR\\{a}.TxR.blf",
      "Windows\\System32\\hal.dll",
      "Windows\\System32\\halmacpi.dll",
      "Windows\\System32\\ntkrnlpa.exe",
      "Windows\\System32\\winload.efi",
      "Windows\\System32\\winresume.exe",
      "Windows\\System32\\Boot\\winload.exe",
      "Windows\\Boot\\EFI\\bootmgfw.efi",
      "bootmgr",
      "Boot\\BCD",
      "boot\\de-DE\\bootmgr.exe.mui",
      "EFI\\Microsoft\\Boot\\BCD",
      "efi\\boot\\bootx64.efi",
      "Windows\\System32\\kernel32.dll",
      "Windows\\System32\\csrss.exe",
      "Windows\\System32\\smss.exe",
      "Windows\\System32\\wininit.exe",
      "Windows\\System32\\winlogon.exe",
      "Windows\\System32\\services.exe",
      "Windows\\System32\\lsass.exe",
      "Windows\\System32\\ci.dll",
      "Windows\\System32\\drivers\\ntfs.sys",
      "Windows\\System32\\drivers\\disk.sys",
      "Windows\\System32\\drivers\\storport.sys",
      "Windows\\System32\\drivers\\stornvme.sys",
      "Windows\\System32\\drivers\\storahci.sys",
      "Windows\\System32\\drivers\\iaStorVD.sys",
      "Windows\\System32\\drivers\\vmd.sys",
      "Windows\\System32\\drivers\\volmgr.sys",
      "Windows\\System32\\drivers\\volmgrx.sys",
      "Windows\\System32\\drivers\\volsnap.sys",
      "Windows\\System32\\drivers\\fvevol.sys",
      "Windows\\System32\\drivers\\partmgr.sys",
      "Windows\\System32\\drivers\\mountmgr.sys",
      "Windows\\System32\\drivers\\pci.sys",
      "Windows\\System32\\drivers\\acpi.sys",
      "Windows\\System32\\drivers\\wof.sys",
      "Windows\\System32\\DriverStore\\FileRepository\\iastorvd.inf_amd64_1\\iaStorVD.sys",
      "System Volume Information",
      "System Volume Information\\tracking.log",
      "pagefile.sys",
      "SwapFile.sys",
      "hiberfil.sys",
      "Windows",
      "Windows\\System32",
      "Windows\\System32\\drivers",
      "Windows\\System32\\config",
  };
  for (const char* text : startup) {
    CAPTURE(text);
    CHECK(level(text) == Protection::kStartup);
    CHECK(could(text) == Protection::kStartup);
  }
  for (const char* text :
       {"$MFT", "$mftmirr", "$LogFile", "$Volume", "$AttrDef", "$Bitmap", "$Boot", "$BadClus", "$Secure",
        "$UpCase", "$Extend", "$Extend\\$UsnJrnl", "$Extend\\$RmMetadata\\$Repair",
        "System Volume Information\\FVE2.{e40ad34d-dae9-4bc7-95bd-b16218c10f72}.1"}) {
    CAPTURE(text);
    CHECK(level(text) == Protection::kNever);
    CHECK(could(text) == Protection::kNever);
  }
}

TEST_CASE("what others put beside the protected files is not protected", "[manifest]") {
  for (const char* text :
       {"Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys",
        "Windows\\System32\\drivers\\CrowdStrike\\csagent.sys", "Windows\\System32\\drivers\\vendor.sys",
        "Windows\\System32\\evil.dll", "Users\\Public\\ntdll.dll", "ntfs.sys", "Windows\\ntoskrnl.exe",
        "Windows\\SysWOW64\\ntdll.dll", "Windows\\System32\\config\\systemprofile\\AppData\\x.dat",
        "$WINDOWS.~BT\\Sources\\x", "$Recycle.Bin\\x", "Program Files\\Vendor\\Boot.ini", "foo\\pagefile.sys",
        "Windows\\System32\\ntoskrnl.exe\\x", "System32\\ntdll.dll.bak",
        "Windows\\System32\\ntdll.dll.bak"}) {
    CAPTURE(text);
    CHECK(level(text) == Protection::kNone);
    CHECK(could(text) == Protection::kNone);
  }
}

TEST_CASE("PR-1: letters that some upcase table takes for ASCII do not hide a name", "[manifest]") {
  CHECK(level("Windows\\System32\\nto\xc5\xbfkrnl.exe") == Protection::kStartup);       // long s
  CHECK(level("Windows\\System32\\ntos\xe2\x84\xaarnl.exe") == Protection::kStartup);   // Kelvin sign
  CHECK(level("Windows\\System32\\drivers\\d\xc4\xb1sk.sys") == Protection::kStartup);  // dotless i
}

TEST_CASE("PR-2: a pattern that could match a protected file is found", "[manifest]") {
  for (const char* text : {"Windows\\System32\\*",
                           "Windows\\System32\\nt*.dll",
                           "*\\System32\\*.exe",
                           "*\\*\\ntdll.dll",
                           "Windows\\System32\\drivers\\*.sys",
                           "Windows\\System32\\drivers\\????.sys",
                           "Windows\\System32\\drivers\\iaStorAC.sys",
                           "Windows\\System32\\drivers\\i*C.sys",
                           "W*\\S*\\config\\S*",
                           "Windows\\System32\\config\\*.LOG*",
                           "page*",
                           "*.sys",
                           "?agefile.sys",
                           "Boot\\B*",
                           "EFI\\*\\*\\BCD",
                           "Windows\\S*32",
                           "Windows\\System32\\DriverStore\\FileRepository\\*\\*.sys",
                           "Windows\\*\\n*.dll",
                           "boot*",
                           "System*Information"}) {
    CAPTURE(text);
    CHECK(could(text) == Protection::kStartup);
  }
  for (const char* text :
       {"*", "$*", "$?FT", "$Extend\\*", "System Volume Information\\F*", "System Volume Information\\*"}) {
    CAPTURE(text);
    CHECK(could(text) == Protection::kNever);
  }
  for (const char* text :
       {"Windows\\System32\\drivers\\CrowdStrike\\C-00000291*.sys",
        "*\\System32\\drivers\\CrowdStrike\\C-00000291*.sys", "*\\System32\\drivers\\CrowdStrike\\*",
        "Windows\\System32\\drivers\\C-*.sys", "Users\\*\\AppData\\Local\\Temp\\*",
        "Windows\\System32\\evil*", "Windows\\Temp\\*", "*.log", "Windows\\*.log", "*\\Vendor\\*.dat"}) {
    CAPTURE(text);
    CHECK(could(text) == Protection::kNone);
  }
}

// Glob matching in its plainest form, to hold the intersection against.
bool matches(std::u16string_view pattern, std::u16string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == u'*')
    return matches(pattern.substr(1), name) || (!name.empty() && matches(pattern, name.substr(1)));
  return !name.empty() && (pattern[0] == u'?' || pattern[0] == name[0]) &&
         matches(pattern.substr(1), name.substr(1));
}

TEST_CASE("PR-2: a wildcard pattern is never less protected than any name it matches", "[manifest]") {
  // Patterns made from protected names by replacing parts with wildcards: each still matches the name, so
  // each must be found.
  uint32_t state = 42;
  const auto random = [&state](size_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  const char* kNames[] = {"Windows\\System32\\ntoskrnl.exe", "Windows\\System32\\drivers\\iaStorAVC.sys",
                          "pagefile.sys", "Windows\\System32\\config\\SYSTEM",
                          "Windows\\System32\\winload.efi"};
  size_t wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::u16string> pattern = path(kNames[random(5)]);
    const std::vector<std::u16string> name = pattern;
    std::u16string& component = pattern[random(pattern.size())];
    for (size_t changes = 1 + random(3); changes > 0; --changes) {
      const size_t at = random(component.size());
      if (random(2) == 0 && component[at] != u'*') {
        component[at] = u'?';
      } else {
        component.replace(at, random(component.size() - at + 1), u"*");
      }
      if (component.empty()) component = u"*";
    }
    for (size_t i = 0; i < name.size(); ++i) REQUIRE(matches(pattern[i], name[i]));
    if (could_match(pattern).level == Protection::kNone) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the list names every entry once and only in a form that is understood", "[manifest]") {
  std::vector<std::string> all;
  for (auto list : {never_touched(), needed_to_start(), boot_drivers()}) {
    for (std::string_view entry : list) all.push_back(lower_ascii(entry));
  }
  for (const std::string& entry : all) {
    CAPTURE(entry);
    CHECK(std::count(all.begin(), all.end(), entry) == 1);
    const std::string body =
        entry.size() > 3 && entry.ends_with("\\**") ? entry.substr(0, entry.size() - 3) : entry;
    CHECK_FALSE(parse_path(body).fault);
  }
  for (std::string_view driver : boot_drivers()) {
    CAPTURE(driver);
    CHECK(driver.find('\\') == std::string_view::npos);
    CHECK(driver.ends_with(".sys"));
  }
}

TEST_CASE("MF-3: a rule is held against the file it found and against what it would be called",
          "[manifest]") {
  Rule rule;
  rule.id.assign(1, 'r');
  rule.components = path("Windows\\*\\x.sys");
  CHECK_FALSE(may_match_protected(rule));
  CHECK_FALSE(why_refused(rule, path("Windows\\System32\\x.sys")));
  CHECK(why_refused(rule, path("Windows\\Boot\\x.sys")).value().find("allow_protected") != std::string::npos);
  rule.allow_protected = true;
  CHECK_FALSE(why_refused(rule, path("Windows\\Boot\\x.sys")));
  CHECK(why_refused(rule, path("$Extend\\x.sys")));
  CHECK(why_refused(rule, path("System Volume Information\\FVE2.x")));

  rule.action = Action::kRename;
  rule.components = path("Windows\\System32\\drivers\\x.sys");
  rule.new_name = u"y.sys";
  CHECK_FALSE(may_match_protected(rule));
  rule.new_name = u"Ntfs.sys";
  CHECK(may_match_protected(rule));
  CHECK(rename_target(rule) == path("Windows\\System32\\drivers\\Ntfs.sys"));
}

}  // namespace
}  // namespace mend::manifest
