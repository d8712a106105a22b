// SPDX-License-Identifier: GPL-3.0-or-later
// Hives for the tests, written through hivex by brokenpc's writer, and ways to put them into memory.
#pragma once

#include <optional>
#include <string>

#include "tests/support/temp_folder.h"
#include "tools/brokenpc/hive_writer.h"
#include "windows/hive_facts.h"

namespace mend::test {

using brokenpc::HiveValue;
using brokenpc::HiveWriter;

struct SystemHive {
  std::string host = "PC-042", nv_hostname;
  uint32_t current = 1;
  std::string time_zone = "W. Europe Standard Time";
  int32_t bias = -120;
  uint32_t hiberboot = 1;

  ByteVector bytes() const {
    const TempFolder folder;
    HiveWriter hive(folder / "hive", "SYSTEM", 133'000'000'000'000'000);
    hive.set(hive.key("Select"),
             {HiveValue::number("Current", current), HiveValue::number("Default", current)});
    const std::string set = "ControlSet00" + std::to_string(current);
    // Another set, whose values are not the ones in use.
    hive.set(hive.key("ControlSet009\\Control\\ComputerName\\ComputerName"),
             {HiveValue::text("ComputerName", "WRONG")});
    if (!host.empty()) {
      hive.set(hive.key(set + "\\Control\\ComputerName\\ComputerName"),
               {HiveValue::text("", "mnmsrvc"), HiveValue::text("ComputerName", host)});
    }
    if (!nv_hostname.empty()) {
      hive.set(hive.key(set + "\\Services\\Tcpip\\Parameters"),
               {HiveValue::text("NV Hostname", nv_hostname)});
    }
    hive.set(hive.key(set + "\\Control\\TimeZoneInformation"),
             {HiveValue::number("ActiveTimeBias", static_cast<uint32_t>(bias)),
              HiveValue::text("TimeZoneKeyName", time_zone)});
    hive.set(hive.key(set + "\\Control\\Session Manager\\Power"),
             {HiveValue::number("HiberbootEnabled", hiberboot)});
    return hive.finish();
  }
};

struct SoftwareHive {
  std::string product = "Windows 10 Pro", build = "19045", display_version = "22H2";

  ByteVector bytes() const {
    const TempFolder folder;
    HiveWriter hive(folder / "hive", "SOFTWARE", 133'000'000'000'000'000);
    std::vector<HiveValue> values = {HiveValue::text("ProductName", product),
                                     HiveValue::text("EditionID", "Professional"),
                                     HiveValue::text("CurrentBuildNumber", build),
                                     HiveValue::text("ReleaseId", "2009"), HiveValue::number("UBR", 4651)};
    if (!display_version.empty()) values.push_back(HiveValue::text("DisplayVersion", display_version));
    hive.set(hive.key("Microsoft\\Windows NT\\CurrentVersion"), values);
    return hive.finish();
  }
};

inline windows::Installation read_system(Bytes hive) {
  windows::HiveMemory memory;
  memory.append(hive);
  windows::Installation into;
  windows::read_system_hive(memory, into);
  return into;
}
inline windows::Installation read_software(Bytes hive) {
  windows::HiveMemory memory;
  memory.append(hive);
  windows::Installation into;
  windows::read_software_hive(memory, into);
  return into;
}

inline bool warns(const windows::Installation& installation, std::string_view what) {
  for (const std::string& warning : installation.warnings) {
    if (warning.find(what) != std::string::npos) return true;
  }
  return false;
}

}  // namespace mend::test
