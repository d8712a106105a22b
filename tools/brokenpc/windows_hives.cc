// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/windows_hives.h"

#include <array>

#include "base/text.h"
#include "tools/brokenpc/hive_writer.h"

namespace mend::brokenpc {
namespace {

using Value = HiveValue;

// What a PC of an office has after two years: measured on installations, rounded.
constexpr uint64_t kRealSystemBytes = uint64_t{15} << 20;
constexpr uint64_t kRealSoftwareBytes = uint64_t{68} << 20;
constexpr size_t kFanOut = 96;  // hivex copies a key's list of subkeys at each insertion

std::string braced(const Guid& guid) {
  std::string text = "{" + guid.to_string() + "}";
  for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string hex(uint64_t value, int digits) {
  std::string text;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    text += "0123456789abcdef"[(value >> shift) & 0xf];
  return text;
}

// SYSTEMTIME of a change of clocks: month, day of the week, week, hour.
ByteVector clock_change(uint16_t month, uint16_t week, uint16_t hour) {
  ByteVector time(16);
  write_le<uint16_t>(time, 2, month);
  write_le<uint16_t>(time, 6, week);
  write_le<uint16_t>(time, 8, hour);
  return time;
}

struct Service {
  const char* name;
  const char* image;
  uint32_t start;  // 0 boot, 1 system, 2 automatic, 3 on demand
  uint32_t type;   // 1 kernel driver, 2 file system, 0x10 and 0x20 processes
  const char* group;
};
constexpr std::array<Service, 26> kServices = {{
    {"ACPI", "System32\\drivers\\ACPI.sys", 0, 1, "Core"},
    {"CNG", "System32\\Drivers\\cng.sys", 0, 1, "Core"},
    {"CSAgent", "\\??\\C:\\Windows\\system32\\drivers\\CrowdStrike\\CSAgent.sys", 1, 2,
     "FSFilter Activity Monitor"},
    {"CSBoot", "system32\\drivers\\CrowdStrike\\CSBoot.sys", 0, 1, "Early-Launch"},
    {"CSFalconService", "\"C:\\Program Files\\CrowdStrike\\CSFalconService.exe\"", 2, 0x10, ""},
    {"Dhcp", "%SystemRoot%\\system32\\svchost.exe -k LocalServiceNetworkRestricted -p", 2, 0x20, "TDI"},
    {"Dnscache", "%SystemRoot%\\system32\\svchost.exe -k NetworkService -p", 2, 0x20, "TDI"},
    {"EventLog", "%SystemRoot%\\System32\\svchost.exe -k LocalServiceNetworkRestricted -p", 2, 0x20,
     "Event Log"},
    {"FltMgr", "system32\\drivers\\fltmgr.sys", 0, 2, "FSFilter Infrastructure"},
    {"LanmanServer", "%SystemRoot%\\system32\\svchost.exe -k netsvcs -p", 2, 0x20, ""},
    {"LanmanWorkstation", "%SystemRoot%\\System32\\svchost.exe -k NetworkService -p", 2, 0x20,
     "NetworkProvider"},
    {"NDIS", "system32\\drivers\\ndis.sys", 0, 1, "NDIS Wrapper"},
    {"Ntfs", "System32\\Drivers\\Ntfs.sys", 3, 2, "Boot File System"},
    {"RpcSs", "%SystemRoot%\\system32\\svchost.exe -k rpcss -p", 2, 0x20, "COM Infrastructure"},
    {"Schedule", "%systemroot%\\system32\\svchost.exe -k netsvcs -p", 2, 0x20, "SchedulerGroup"},
    {"Tcpip", "System32\\drivers\\tcpip.sys", 0, 1, "PNP_TDI"},
    {"Wdf01000", "system32\\drivers\\Wdf01000.sys", 0, 1, "WdfLoadGroup"},
    {"WinDefend", "\"C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\MsMpEng.exe\"", 3, 0x10, ""},
    {"disk", "System32\\drivers\\disk.sys", 0, 1, "SCSI Class"},
    {"fvevol", "System32\\DRIVERS\\fvevol.sys", 0, 1, "FSFilter Encryption"},
    {"mountmgr", "System32\\drivers\\mountmgr.sys", 0, 1, "System Bus Extender"},
    {"partmgr", "System32\\drivers\\partmgr.sys", 0, 1, "Boot Bus Extender"},
    {"pci", "System32\\drivers\\pci.sys", 0, 1, "Boot Bus Extender"},
    {"storahci", "System32\\drivers\\storahci.sys", 0, 1, "SCSI Miniport"},
    {"stornvme", "System32\\drivers\\stornvme.sys", 0, 1, "SCSI Miniport"},
    {"volmgr", "System32\\drivers\\volmgr.sys", 0, 1, "System Bus Extender"},
}};

void add_services(HiveWriter& hive, HiveWriter::Key control_set) {
  HiveWriter::Key services = hive.key(control_set, "Services");
  for (const Service& service : kServices) {
    std::vector<Value> values = {Value::number("ErrorControl", service.start == 0 ? 3 : 1),
                                 Value::expandable("ImagePath", service.image),
                                 Value::number("Start", service.start), Value::number("Type", service.type)};
    if (service.group[0] != '\0') values.push_back(Value::text("Group", service.group));
    hive.set(hive.key(services, service.name), values);
  }
}

// Devices that were plugged in once: the bulk of a real SYSTEM hive.
void add_devices(HiveWriter& hive, HiveWriter::Key control_set, Random& random) {
  for (size_t bus = 0; hive.estimated_bytes() < kRealSystemBytes; ++bus) {
    HiveWriter::Key parent = hive.key(control_set, "Enum\\" + std::string(bus % 2 == 0 ? "PCI" : "USB"));
    std::string group =
        "VEN_" + hex(random.next(), 4) + "&DEV_" + hex(random.next(), 4) + "&REV_" + hex(bus, 4);
    HiveWriter::Key device = hive.key(parent, group);
    for (size_t i = 0; i < kFanOut && hive.estimated_bytes() < kRealSystemBytes; ++i) {
      HiveWriter::Key instance =
          hive.new_key(device, hex(i, 1) + "&" + hex(random.next(), 8) + "&0&" + hex(i, 4));
      std::string id = braced(random.guid());
      hive.set(instance,
               {Value::text("ClassGUID", id), Value::number("ConfigFlags", 0),
                Value::text("ContainerID", braced(random.guid())),
                Value::text("DeviceDesc", "@oem" + hex(bus, 2) + ".inf,%device." + hex(i, 3) + "%;Device"),
                Value::text("Driver", id + "\\" + hex(i, 4)),
                Value::texts("HardwareID", {group, "PCI\\" + group, "PCI\\CC_" + hex(i, 6)}),
                Value::text("Mfg", "@oem" + hex(bus, 2) + ".inf,%mfg%;Fabrikam")});
      hive.set(hive.new_key(instance, "Device Parameters"), {Value::binary("Cache", random.bytes(160))});
    }
  }
}

void add_time_zone(HiveWriter& hive, HiveWriter::Key control_set, const Machine& machine) {
  constexpr uint32_t kOneHourEast = static_cast<uint32_t>(-60);
  hive.set(
      hive.key(control_set, "Control\\TimeZoneInformation"),
      {Value::number("ActiveTimeBias", 2 * kOneHourEast), Value::number("Bias", kOneHourEast),
       Value::number("DaylightBias", kOneHourEast), Value::text("DaylightName", "@tzres.dll,-321"),
       Value::binary("DaylightStart", clock_change(3, 5, 2)), Value::number("StandardBias", 0),
       Value::text("StandardName", "@tzres.dll,-322"), Value::binary("StandardStart", clock_change(10, 5, 3)),
       Value::text("TimeZoneKeyName", machine.time_zone)});
}

// C: of a GPT disk is "DMIO:ID:" and the partition's GUID.
ByteVector drive_letter(const Guid& volume_id) {
  ByteVector data;
  for (char c : std::string_view("DMIO:ID:")) data.push_back(static_cast<uint8_t>(c));
  data.insert(data.end(), volume_id.bytes.begin(), volume_id.bytes.end());
  return data;
}

ByteVector make_system(const Machine& machine, Hives size, const Guid& volume_id, Random& random,
                       const std::string& scratch) {
  HiveWriter hive(scratch, "SYSTEM", machine.last_boot);
  hive.set(hive.key("Select"), {Value::number("Current", 1), Value::number("Default", 1),
                                Value::number("Failed", 0), Value::number("LastKnownGood", 1)});
  hive.set(hive.key("Setup"), {Value::number("OOBEInProgress", 0), Value::number("SetupType", 0),
                               Value::text("SystemPartition", "\\Device\\HarddiskVolume1")});
  hive.set(hive.key("MountedDevices"), {Value::binary("\\DosDevices\\C:", drive_letter(volume_id))});
  HiveWriter::Key set = hive.key("ControlSet001");
  HiveWriter::Key control = hive.key(set, "Control");
  hive.set(control, {Value::number("CurrentUser", 0),
                     Value::text("SystemBootDevice", "multi(0)disk(0)rdisk(0)partition(3)"),
                     Value::text("SystemStartOptions", " NOEXECUTE=OPTIN  HYPERVISORLAUNCHTYPE=AUTO")});
  for (const char* name : {"ComputerName\\ActiveComputerName", "ComputerName\\ComputerName"})
    hive.set(hive.key(control, name), {Value::text("ComputerName", machine.host)});
  add_time_zone(hive, set, machine);
  hive.set(hive.key(control, "Session Manager\\Power"),
           {Value::number("HiberbootEnabled", machine.hiberboot ? 1 : 0)});
  hive.set(hive.key(control, "Session Manager\\Memory Management"),
           {Value::texts("ExistingPageFiles", {"\\??\\C:\\pagefile.sys"}),
            Value::texts("PagingFiles", {"?:\\pagefile.sys"})});
  hive.set(hive.key(control, "Windows"),
           {Value::number("CSDVersion", 0), Value::expandable("Directory", "%SystemRoot%")});
  hive.set(hive.key(control, "CrashControl"),
           {Value::number("CrashDumpEnabled", 7), Value::expandable("DumpFile", "%SystemRoot%\\MEMORY.DMP"),
            Value::expandable("MinidumpDir", "%SystemRoot%\\Minidump")});
  add_services(hive, set);
  hive.set(hive.key(set, "Services\\Tcpip\\Parameters"),
           {Value::text("Domain", "corp.example"), Value::text("Hostname", machine.host),
            Value::text("NV Hostname", machine.host)});
  if (size == Hives::kReal) add_devices(hive, set, random);
  return hive.finish();
}

// COM classes, components and packages: the bulk of a real SOFTWARE hive.
void add_classes(HiveWriter& hive, Random& random) {
  constexpr std::array<const char*, 4> kAreas = {
      "Classes\\CLSID", "Classes\\Interface",
      "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages",
      "Microsoft\\Windows\\CurrentVersion\\Installer\\UserData\\S-1-5-18\\Components"};
  for (size_t round = 0; hive.estimated_bytes() < kRealSoftwareBytes; ++round) {
    HiveWriter::Key area = hive.key(kAreas[round % kAreas.size()]);
    HiveWriter::Key group = hive.key(area, "Package_" + hex(round, 4) + "~31bf3856ad364e35~amd64");
    for (size_t i = 0; i < kFanOut && hive.estimated_bytes() < kRealSoftwareBytes; ++i) {
      HiveWriter::Key item = hive.new_key(group, braced(random.guid()));
      hive.set(item, {Value::text("", "Fabrikam Component " + hex(random.next(), 6)),
                      Value::text("AppID", braced(random.guid())), Value::number("Version", 1)});
      HiveWriter::Key server = hive.new_key(item, "InProcServer32");
      hive.set(server, {Value::expandable("", "%SystemRoot%\\System32\\fab" + hex(random.next(), 5) + ".dll"),
                        Value::text("ThreadingModel", "Both")});
      hive.set(hive.new_key(item, "ProgID"), {Value::text("", "Fabrikam.Item." + hex(i, 3) + ".1"),
                                              Value::binary("State", random.bytes(96))});
    }
  }
}

ByteVector make_software(const Machine& machine, Hives size, Random& random, const std::string& scratch) {
  HiveWriter hive(scratch, "SOFTWARE", machine.last_boot);
  uint32_t installed =
      static_cast<uint32_t>((machine.installed - filetime("1970-01-01T00:00:00Z")) / 10000000);
  std::string build = std::to_string(machine.build);
  hive.set(hive.key("Microsoft\\Windows NT\\CurrentVersion"),
           {Value::text("BuildLab", "22621.ni_release.220506-1250"),
            Value::number("CurrentMajorVersionNumber", 10), Value::number("CurrentMinorVersionNumber", 0),
            Value::text("CurrentBuild", build), Value::text("CurrentBuildNumber", build),
            Value::text("CurrentVersion", "6.3"), Value::text("DisplayVersion", machine.display_version),
            Value::text("EditionID", machine.edition), Value::number("InstallDate", installed),
            Value::number64("InstallTime", machine.installed), Value::text("InstallationType", "Client"),
            Value::text("PathName", "C:\\Windows"), Value::text("ProductName", machine.product),
            Value::text("RegisteredOwner", machine.user), Value::text("ReleaseId", "2009"),
            Value::text("SystemRoot", "C:\\Windows"), Value::number("UBR", machine.ubr)});
  hive.set(hive.key("Microsoft\\Windows "
                    "NT\\CurrentVersion\\ProfileList\\S-1-5-21-1004336348-1177238915-682003330-1001"),
           {Value::number("Flags", 0), Value::expandable("ProfileImagePath", "C:\\Users\\" + machine.user)});
  hive.set(hive.key("Microsoft\\Windows\\CurrentVersion"),
           {Value::text("CommonFilesDir", "C:\\Program Files\\Common Files"),
            Value::text("ProgramFilesDir", "C:\\Program Files"),
            Value::expandable("ProgramFilesPath", "%ProgramFiles%")});
  hive.set(hive.key("Microsoft\\Windows\\CurrentVersion\\Run"),
           {Value::expandable("SecurityHealth", "%windir%\\system32\\SecurityHealthSystray.exe")});
  hive.set(hive.key("Microsoft\\Windows\\CurrentVersion\\Uninstall\\" + braced(random.guid())),
           {Value::text("DisplayName", "CrowdStrike Windows Sensor"),
            Value::text("DisplayVersion", "7.15.18513.0"), Value::text("Publisher", "CrowdStrike, Inc.")});
  hive.key("Classes\\.txt");
  hive.key("Policies\\Microsoft\\FVE");
  if (size == Hives::kReal) add_classes(hive, random);
  return hive.finish();
}

ByteVector make_accounts(const Machine& machine, const std::string& scratch) {
  HiveWriter hive(scratch, "SAM", machine.installed);
  HiveWriter::Key users = hive.key("SAM\\Domains\\Account\\Users");
  const std::pair<const char*, std::string> accounts[] = {
      {"000001F4", "Administrator"}, {"000001F5", "Guest"}, {"000003E9", machine.user}};
  for (const auto& [id, name] : accounts) {
    hive.set(hive.key(users, id), {Value::binary("F", ByteVector(80)), Value::binary("V", ByteVector(204))});
    hive.set(hive.key(users, "Names\\" + name), {{"", 0x3e9, {}}});
  }
  hive.key("SAM\\Domains\\Builtin\\Aliases\\00000220");
  return hive.finish();
}

ByteVector make_security(const Machine& machine, Random& random, const std::string& scratch) {
  HiveWriter hive(scratch, "SECURITY", machine.installed);
  hive.set(hive.key("Policy\\PolAcDmN"), {Value::binary("", utf16_to_le(to_utf16(machine.host)))});
  hive.set(hive.key("Policy\\PolRevision"), {Value::number("", 0x000a0001)});
  hive.set(hive.key("Policy\\Secrets\\DPAPI_SYSTEM\\CurrVal"), {Value::binary("", random.bytes(172))});
  hive.key("Cache");
  return hive.finish();
}

ByteVector make_profile(const Machine& machine, std::string_view name, const std::string& scratch) {
  HiveWriter hive(scratch, name, machine.worked);
  hive.set(hive.key("Control Panel\\Desktop"),
           {Value::text("ScreenSaveActive", "1"),
            Value::text("Wallpaper", "C:\\Windows\\web\\wallpaper\\img0.jpg")});
  hive.set(hive.key("Control Panel\\International"),
           {Value::text("Locale", "00000407"), Value::text("sCountry", "Germany")});
  hive.set(hive.key("Environment"), {Value::expandable("TEMP", "%USERPROFILE%\\AppData\\Local\\Temp")});
  hive.set(hive.key("Keyboard Layout\\Preload"), {Value::text("1", "00000407")});
  hive.key("Software\\Microsoft\\Windows\\CurrentVersion\\Explorer");
  return hive.finish();
}

}  // namespace

std::vector<NamedHive> make_windows_hives(const Machine& machine, Hives size, const Guid& volume_id,
                                          uint64_t seed, const std::string& scratch) {
  Random random(seed, "hives");
  std::vector<NamedHive> hives;
  hives.push_back({"SYSTEM", make_system(machine, size, volume_id, random, scratch)});
  hives.push_back({"SOFTWARE", make_software(machine, size, random, scratch)});
  hives.push_back({"SAM", make_accounts(machine, scratch)});
  hives.push_back({"SECURITY", make_security(machine, random, scratch)});
  hives.push_back({"DEFAULT", make_profile(machine, "DEFAULT", scratch)});
  return hives;
}

ByteVector make_user_hive(const Machine& machine, const std::string& scratch) {
  return make_profile(machine, "NTUSER.DAT", scratch);
}

ByteVector make_boot_hive(const Machine& machine, const std::string& scratch) {
  HiveWriter hive(scratch, "BCD", machine.installed);
  constexpr uint32_t kBootManager = 0x10100002;
  constexpr uint32_t kOsLoader = 0x10200003;
  hive.set(hive.key("Description"), {Value::text("KeyName", "BCD00000000"), Value::number("System", 1),
                                     Value::number("TreatAsSystem", 1)});
  std::string loader = "{3e5d9a1c-c24f-11ed-9f0b-806e6f6e6963}";
  HiveWriter::Key manager = hive.key("Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}");
  hive.set(hive.key(manager, "Description"), {Value::number("Type", kBootManager)});
  hive.set(hive.key(manager, "Elements\\12000002"),
           {Value::text("Element", "\\EFI\\Microsoft\\Boot\\bootmgfw.efi")});
  hive.set(hive.key(manager, "Elements\\23000003"), {Value::text("Element", loader)});
  hive.set(hive.key(manager, "Elements\\24000001"), {Value::texts("Element", {loader})});
  HiveWriter::Key windows = hive.key("Objects\\" + loader);
  hive.set(hive.key(windows, "Description"), {Value::number("Type", kOsLoader)});
  hive.set(hive.key(windows, "Elements\\12000002"),
           {Value::text("Element", "\\Windows\\system32\\winload.efi")});
  hive.set(hive.key(windows, "Elements\\12000004"), {Value::text("Element", "Windows 11")});
  hive.set(hive.key(windows, "Elements\\22000002"), {Value::text("Element", "\\Windows")});
  return hive.finish();
}

}  // namespace mend::brokenpc
