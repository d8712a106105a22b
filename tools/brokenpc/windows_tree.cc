// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/windows_tree.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "tools/brokenpc/change_journal.h"

namespace mend::brokenpc {
namespace {

struct Program {
  const char* path = "";
  uint64_t kibibytes = 0;
  bool compact_os = false;
};

constexpr std::array<Program, 83> kPrograms = {{
    {"Windows\\explorer.exe", 5400},
    {"Windows\\regedit.exe", 370, true},
    {"Windows\\notepad.exe", 352, true},
    {"Windows\\Boot\\EFI\\bootmgfw.efi", 2000},
    {"Windows\\Boot\\EFI\\memtest.efi", 1300},
    {"Windows\\Boot\\PCAT\\bootmgr", 430},
    {"Windows\\Fonts\\segoeui.ttf", 956},
    {"Windows\\Fonts\\arial.ttf", 1012},
    {"Windows\\System32\\ntoskrnl.exe", 11800},
    {"Windows\\System32\\hal.dll", 38},
    {"Windows\\System32\\ntdll.dll", 2100},
    {"Windows\\System32\\winload.efi", 1900},
    {"Windows\\System32\\winload.exe", 1700},
    {"Windows\\System32\\winresume.efi", 1500},
    {"Windows\\System32\\ci.dll", 1000},
    {"Windows\\System32\\clfs.sys", 460},
    {"Windows\\System32\\kdcom.dll", 33},
    {"Windows\\System32\\pshed.dll", 140},
    {"Windows\\System32\\bootvid.dll", 46},
    {"Windows\\System32\\kernel32.dll", 780},
    {"Windows\\System32\\KernelBase.dll", 3800},
    {"Windows\\System32\\user32.dll", 1750},
    {"Windows\\System32\\gdi32.dll", 160},
    {"Windows\\System32\\advapi32.dll", 700},
    {"Windows\\System32\\msvcrt.dll", 650},
    {"Windows\\System32\\ole32.dll", 1700},
    {"Windows\\System32\\shell32.dll", 8200},
    {"Windows\\System32\\win32k.sys", 640},
    {"Windows\\System32\\win32kbase.sys", 3000},
    {"Windows\\System32\\smss.exe", 160},
    {"Windows\\System32\\csrss.exe", 26},
    {"Windows\\System32\\wininit.exe", 530},
    {"Windows\\System32\\winlogon.exe", 900},
    {"Windows\\System32\\services.exe", 720},
    {"Windows\\System32\\lsass.exe", 82},
    {"Windows\\System32\\svchost.exe", 88},
    {"Windows\\System32\\cmd.exe", 330, true},
    {"Windows\\System32\\calc.exe", 48, true},
    {"Windows\\System32\\mspaint.exe", 980, true},
    {"Windows\\System32\\taskmgr.exe", 1800, true},
    {"Windows\\System32\\reg.exe", 78, true},
    {"Windows\\System32\\chkdsk.exe", 30, true},
    {"Windows\\System32\\manage-bde.exe", 300, true},
    {"Windows\\System32\\en-US\\ntoskrnl.exe.mui", 60},
    {"Windows\\System32\\de-DE\\ntoskrnl.exe.mui", 66},
    {"Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", 450, true},
    {"Windows\\System32\\drivers\\acpi.sys", 840},
    {"Windows\\System32\\drivers\\acpiex.sys", 160},
    {"Windows\\System32\\drivers\\cng.sys", 760},
    {"Windows\\System32\\drivers\\disk.sys", 130},
    {"Windows\\System32\\drivers\\fltMgr.sys", 480},
    {"Windows\\System32\\drivers\\fvevol.sys", 1000},
    {"Windows\\System32\\drivers\\iorate.sys", 60},
    {"Windows\\System32\\drivers\\ksecdd.sys", 160},
    {"Windows\\System32\\drivers\\mountmgr.sys", 130},
    {"Windows\\System32\\drivers\\ndis.sys", 1700},
    {"Windows\\System32\\drivers\\netio.sys", 640},
    {"Windows\\System32\\drivers\\ntfs.sys", 3400},
    {"Windows\\System32\\drivers\\partmgr.sys", 210},
    {"Windows\\System32\\drivers\\pci.sys", 560},
    {"Windows\\System32\\drivers\\rdyboost.sys", 330},
    {"Windows\\System32\\drivers\\storahci.sys", 220},
    {"Windows\\System32\\drivers\\stornvme.sys", 260},
    {"Windows\\System32\\drivers\\storport.sys", 780},
    {"Windows\\System32\\drivers\\tcpip.sys", 3300},
    {"Windows\\System32\\drivers\\volmgr.sys", 100},
    {"Windows\\System32\\drivers\\volmgrx.sys", 410},
    {"Windows\\System32\\drivers\\volsnap.sys", 460},
    {"Windows\\System32\\drivers\\Wdf01000.sys", 1100},
    {"Windows\\System32\\drivers\\WdFilter.sys", 580},
    {"Windows\\System32\\drivers\\werkernel.sys", 64},
    {"Windows\\System32\\drivers\\CrowdStrike\\CSAgent.sys", 4100},
    {"Windows\\System32\\drivers\\CrowdStrike\\CSBoot.sys", 92},
    {"Windows\\System32\\drivers\\CrowdStrike\\CSDeviceControl.sys", 190},
    {"Windows\\SysWOW64\\ntdll.dll", 1700},
    {"Windows\\SysWOW64\\kernel32.dll", 680},
    {"Program Files\\Common Files\\microsoft shared\\ink\\tabskb.dll", 420},
    {"Program Files\\CrowdStrike\\CSFalconService.exe", 5800},
    {"Program Files\\CrowdStrike\\CSFalconContainer.exe", 1100},
    {"Program Files\\Fabrikam Office\\writer.exe", 2600},
    {"Program Files (x86)\\Fabrikam Scanner\\scan.exe", 900},
    {"ProgramData\\Microsoft\\Windows Defender\\Platform\\MsMpEng.exe", 130},
    {"ProgramData\\Package Cache\\{7b1fcd52-8f6b-4f12-a143-361ea39f5e7c}\\setup.exe", 610},
}};

// In System32 and, under a second name, in the component store.
constexpr std::array<const char*, 6> kInComponentStore = {"ntoskrnl.exe", "hal.dll",    "ntdll.dll",
                                                          "kernel32.dll", "user32.dll", "services.exe"};

class WindowsTree {
 public:
  WindowsTree(TreeBuilder& tree, const TreeOptions& context)
      : tree_(tree),
        context_(context),
        machine_(context.machine),
        largest_(std::clamp<uint64_t>(context.volume_bytes / 1024, 8 << 10, 12 << 20)) {}

  void make(const std::vector<NamedHive>& hives, const ByteVector& user_hive);

 private:
  uint64_t scale(uint64_t kibibytes) const { return std::min(kibibytes * 1024, largest_); }
  Random random(std::string_view purpose) const { return Random(context_.seed, purpose); }
  Content noise(uint64_t kibibytes, std::string_view purpose) const {
    return noise_content(scale(kibibytes), {}, random(purpose));
  }
  Look program_look() const { return {{machine_.built, machine_.updated}}; }
  Look user_look() const { return {{machine_.installed, machine_.worked}, Access::kUser}; }
  Look system_look() const {
    return {{machine_.installed, machine_.last_boot},
            Access::kSystem,
            attribute::kHidden | attribute::kSystem | attribute::kArchive};
  }

  void make_root();
  void make_programs();
  void make_hives(const std::vector<NamedHive>& hives);
  void make_logs();
  void make_user(const ByteVector& user_hive);
  void make_special_files();
  void make_hibernation();
  void make_journal();

  TreeBuilder& tree_;
  const TreeOptions& context_;
  const Machine& machine_;
  uint64_t largest_;
};

void WindowsTree::make(const std::vector<NamedHive>& hives, const ByteVector& user_hive) {
  make_root();
  make_programs();
  make_hives(hives);
  make_logs();
  make_user(user_hive);
  make_special_files();
  make_hibernation();
  make_journal();
}

void WindowsTree::make_root() {
  Look link = program_look();
  link.attributes = attribute::kHidden | attribute::kSystem;
  tree_.directory("$Recycle.Bin", Access::kSystem, attribute::kHidden | attribute::kSystem);
  tree_.link_directory("Documents and Settings", junction("C:\\Users"), link);
  tree_.directory("PerfLogs");
  tree_.directory("Program Files", Access::kProgram, attribute::kReadOnly);
  tree_.directory("Program Files (x86)", Access::kProgram, attribute::kReadOnly);
  tree_.directory("ProgramData", Access::kProgram, attribute::kHidden);
  tree_.directory("Recovery", Access::kSystem, attribute::kHidden | attribute::kSystem);
  tree_.directory("System Volume Information", Access::kSystem, attribute::kHidden | attribute::kSystem);
  tree_.directory("Users", Access::kProgram, attribute::kReadOnly);
  tree_.file("System Volume Information\\tracking.log", noise(20, "tracking"), system_look());
  tree_.file("System Volume Information\\WPSettings.dat", noise(1, "settings"), system_look());
  // Allocated and never written: what a page file is after a start.
  Content page_file;
  page_file.size_bytes = align_up(std::clamp<uint64_t>(context_.volume_bytes / 32, 64 << 10, 64 << 20), 4096);
  tree_.file("pagefile.sys", page_file, system_look());
  page_file.size_bytes = std::min<uint64_t>(page_file.size_bytes, 16 << 20);
  tree_.file("swapfile.sys", page_file, system_look());
  tree_.file("DumpStack.log.tmp", bytes_content(ByteVector(8192)), system_look());
}

void WindowsTree::make_programs() {
  std::vector<std::pair<std::string, uint64_t>> stored;
  for (const Program& program : kPrograms) {
    Look look = program_look();
    Content content = program_content(scale(program.kibibytes), random(program.path));
    if (program.compact_os) {
      content = compact_os_content(content);
      look.note = "wof";
    }
    uint64_t record = tree_.file(program.path, content, look);
    std::string_view path = program.path;
    for (const char* name : kInComponentStore)
      if (path == "Windows\\System32\\" + std::string(name)) stored.emplace_back(name, record);
  }
  for (const auto& [name, record] : stored) {
    std::string path = "Windows\\WinSxS\\amd64_microsoft-windows-";
    path.append(name, 0, name.find('.')).append("_31bf3856ad364e35_10.0.22621.");
    path.append(std::to_string(machine_.ubr)).append("_none_").append(to_hex(random(name).bytes(8)));
    tree_.hard_link(record, path.append("\\").append(name));
  }
}

void WindowsTree::make_hives(const std::vector<NamedHive>& hives) {
  const std::string config = "Windows\\System32\\config\\";
  Look look{{machine_.installed, machine_.last_boot}, Access::kSystem};
  for (const NamedHive& hive : hives) {
    tree_.file(config + hive.name, bytes_content(hive.bytes), look);
    // Both logs are there and empty after a start that came through.
    for (const char* log : {".LOG1", ".LOG2"}) {
      Look hidden = look;
      hidden.attributes |= attribute::kHidden | attribute::kSystem;
      tree_.file(config + hive.name + log, bytes_content(ByteVector(8192)), hidden);
    }
  }
  tree_.directory(config + "RegBack", Access::kSystem);
  tree_.directory(config + "systemprofile\\AppData\\Local", Access::kSystem);
}

void WindowsTree::make_logs() {
  Look look{{machine_.installed, machine_.crashed}, Access::kSystem};
  ByteVector event_header(4096);
  std::copy_n("ElfFile", 7, event_header.begin());
  const std::string events = "Windows\\System32\\winevt\\Logs\\";
  for (const char* name : {"System.evtx", "Application.evtx", "Security.evtx",
                           "Microsoft-Windows-Kernel-Boot%4Operational.evtx"})
    tree_.file(events + name, noise_content(std::max<uint64_t>(scale(68), 4096), event_header, random(name)),
               look);
  ByteVector dump_header(4096);
  std::copy_n("PAGEDU64", 8, dump_header.begin());
  Look crash{{machine_.crashed, machine_.crashed}, Access::kSystem};
  tree_.file("Windows\\Minidump\\071924-9187-01.dmp",
             noise_content(scale(1200), dump_header, random("minidump")), crash);
  tree_.file("Windows\\MEMORY.DMP", noise_content(scale(8000), dump_header, random("dump")), crash);
  tree_.file("Windows\\System32\\drivers\\etc\\hosts", text_content(824, "# 127.0.0.1 localhost\r\n"),
             program_look());
  tree_.file("Windows\\System32\\drivers\\etc\\services", text_content(scale(17), "echo 7/tcp\r\n"),
             program_look());
  tree_.file("Windows\\INF\\setupapi.dev.log", text_content(scale(900), ">>>  [Device Install]\r\n"), look);
  tree_.file("Windows\\System32\\Tasks\\Microsoft\\Windows\\UpdateOrchestrator\\Schedule Scan",
             text_content(3800, "<Task version=\"1.2\">\r\n"), look);
  tree_.file("Windows\\Prefetch\\NTOSBOOT-B00DFAAD.pf", noise(90, "prefetch"), look);
  tree_.file("Windows\\SoftwareDistribution\\DataStore\\DataStore.edb", noise(2000, "datastore"), look);
  tree_.directory("Windows\\Temp", Access::kSystem);
}

void WindowsTree::make_user(const ByteVector& user_hive) {
  const std::string home = "Users\\" + machine_.user + "\\";
  Look look = user_look();
  Look link = look;
  link.attributes = attribute::kHidden | attribute::kSystem;
  tree_.link_directory("Users\\All Users", directory_symbolic_link("C:\\ProgramData"), link);
  for (const char* folder : {"Desktop", "Downloads", "Pictures", "AppData\\Roaming", "AppData\\Local\\Temp"})
    tree_.directory(home + folder, Access::kUser);
  tree_.directory("Users\\Default\\Desktop", Access::kProgram);
  tree_.directory("Users\\Public\\Documents", Access::kProgram);
  Look hidden = look;
  hidden.attributes |= attribute::kHidden;
  tree_.file(home + "NTUSER.DAT", bytes_content(user_hive), hidden);
  hidden.attributes |= attribute::kSystem;
  tree_.file(home + "Desktop\\desktop.ini", text_content(282, "[.ShellClassInfo]\r\n"), hidden);

  Content report = noise(180, "report");
  report.object_id.push_back(random("object id").guid());  // link tracking gives one to what was opened
  tree_.file(home + "Documents\\Quarterly report 2024-Q2.docx", report, look);
  tree_.file(home + "Documents\\invoice 0071.pdf", noise(95, "invoice"), look);
  Look fixed = look;
  fixed.attributes |= attribute::kReadOnly;
  fixed.note = "read-only";
  tree_.file(home + "Documents\\contract (signed).pdf", noise(310, "contract"), fixed);
  const char* const names[] = {"Документы за июль.txt", "会議の議事録.txt", "λίστα.txt",     "تقرير.txt",
                               "Übergrößenträger.txt",  "naïve café.txt",   "📦 delivery.txt"};
  for (const char* name : names)
    tree_.file(home + "Documents\\" + name, text_content(200, std::string(name) + "\r\n"), look);
  Content download = program_content(scale(700), random("download"));
  const std::string_view zone =
      "[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=https://downloads.example/setup.exe\r\n";
  download.streams.push_back({u"Zone.Identifier", ByteVector(zone.begin(), zone.end())});
  look.note = "streams";
  tree_.file(home + "Downloads\\setup.exe", download, look);
}

// A vendor's folder with one file of each kind.
void WindowsTree::make_special_files() {
  const std::string folder = "ProgramData\\Northwind\\Updater\\";
  auto look = [&](const char* note) {
    Look made{{machine_.installed, machine_.worked}};
    made.note = note;
    return made;
  };
  Look compressed = look("compressed");
  compressed.attributes |= attribute::kCompressed;
  tree_.file(folder + "compressed.log",
             text_content(std::max<uint64_t>(scale(300), 70000), "update applied\r\n"), compressed);
  Content sparse = noise(64, "sparse");
  sparse.sparse = true;
  sparse.sparse_tail = sparse.size_bytes;
  sparse.size_bytes += largest_ * 2;
  tree_.file(folder + "sparse.bin", sparse, look("sparse"));
  Content streams = text_content(1200, "main stream\r\n");
  streams.streams.push_back({u"summary", ByteVector(100, 's')});
  streams.streams.push_back({u"preview", random("preview").bytes(static_cast<size_t>(scale(40)))});
  tree_.file(folder + "streams.dat", streams, look("streams"));
  Look locked = look("read-only");
  locked.attributes |= attribute::kReadOnly | attribute::kHidden | attribute::kSystem;
  tree_.file(folder + "locked.dat", noise(3, "locked"), locked);
  Look long_only = look("win32-only");
  long_only.names = Names::kWin32Only;
  tree_.file(folder + "a name without a short one.txt", text_content(90, "long\r\n"), long_only);
  uint64_t shared = tree_.file(folder + "shared.dll", program_content(scale(40), random("shared")), look(""));
  tree_.hard_link(shared, folder + "plugins\\shared-copy.dll");
  tree_.hard_link(shared, folder + "plugins\\shared-again.dll");
  // More runs than fit into one record, where the volume has room for them.
  uint64_t cluster = tree_.writer().cluster_bytes();
  uint64_t pieces = std::min<uint64_t>(600, context_.volume_bytes / 128 / cluster);
  Look fragmented = look("fragmented");
  fragmented.fragmented = true;
  tree_.file(folder + "database.mdf", noise_content(pieces * cluster, {}, random("database")), fragmented);
  tree_.file(folder + "empty.flag", bytes_content({}), look("empty"));
  tree_.file(folder + std::string(200, 'n') + ".txt", text_content(40, "long name\r\n"), look(""));
}

void WindowsTree::make_hibernation() {
  constexpr uint64_t kHeaderBytes = 4096;
  ByteVector header(kHeaderBytes);
  std::string_view signature;
  switch (context_.options.hibernation) {
    case Hibernation::kNone:
      break;  // a page of zeros: Windows was shut down
    case Hibernation::kLower:
      signature = "hibr";
      break;
    case Hibernation::kUpper:
    case Hibernation::kFastStartup:
      signature = "HIBR";
      break;
    case Hibernation::kRestore:
      signature = "RSTR";
      break;
    case Hibernation::kWake:
      signature = "wake";
      break;
  }
  std::copy(signature.begin(), signature.end(), header.begin());
  bool session = !signature.empty();
  if (session) {
    // As Windows 10 on x64 lays it out.
    write_le<uint32_t>(header, 0x0c, 0x3e0);             // its own length
    write_le<uint32_t>(header, 0x18, kHeaderBytes);      // page size
    write_le<uint64_t>(header, 0x20, machine_.crashed);  // when it was written
    header[0x364] = context_.options.hibernation == Hibernation::kFastStartup ? 1 : 0;
  }
  uint64_t size = align_up(std::clamp<uint64_t>(context_.volume_bytes / 64, 64 << 10, 32 << 20), 4096);
  Content content = session ? noise_content(size, header, random("hibernation")) : bytes_content(header);
  if (!session) {
    content.size_bytes = size;
    content.fill = [](uint64_t, MutableBytes out) { std::fill(out.begin(), out.end(), uint8_t{0}); };
  }
  Look look = system_look();
  look.note = session ? "hibernated" : "";
  tree_.file("hiberfil.sys", content, look);
}

void WindowsTree::make_journal() {
  Content journal = bytes_content({});
  journal.only_streams = true;
  journal.streams = change_journal_streams(tree_.directory("Windows\\System32\\drivers\\CrowdStrike"),
                                           machine_.installed, machine_.crashed);
  Look look = system_look();
  look.attributes = attribute::kHidden | attribute::kSystem | attribute::kArchive;
  tree_.file("$Extend\\$UsnJrnl", journal, look);
}

// "C-00000291-00000000-00000032.sys"
std::string channel_name(unsigned channel, unsigned version) {
  auto padded = [](unsigned number) {
    std::string digits = std::to_string(number);
    return std::string(8 - digits.size(), '0') + digits;
  };
  return "C-" + padded(channel) + "-00000000-" + padded(version) + ".sys";
}

}  // namespace

void make_windows_tree(TreeBuilder& tree, const TreeOptions& options, const std::vector<NamedHive>& hives,
                       const ByteVector& user_hive) {
  WindowsTree(tree, options).make(hives, user_hive);
}

void make_incident(TreeBuilder& tree, const TreeOptions& context) {
  const std::string folder = "Windows\\System32\\drivers\\CrowdStrike\\";
  const Machine& machine = context.machine;
  auto make = [&](unsigned channel, unsigned version, uint64_t size, uint64_t when, const char* note) {
    std::string name = channel_name(channel, version);
    Look look{{when, when}, Access::kSystem};
    look.note = note;
    tree.file(folder + name,
              channel_content(size, static_cast<uint16_t>(channel), Random(context.seed, name)), look);
  };
  make(285, 40, 1880, machine.worked, "channel-other");
  make(285, 41, 2264, machine.good_channel, "channel-other");
  make(290, 7, 21004, machine.updated, "channel-other");
  make(292, 3, 11372, machine.good_channel, "channel-other");
  make(292, 2, 11372, machine.bad_channel, "channel-other");
  // The faulty update, and the one that took it back and reached some PCs before they went down.
  for (unsigned i = 0; i < context.options.bad_files && context.options.incident; ++i)
    make(291, 32 - i, 41004, machine.bad_channel + i * 10000000ULL, "channel-bad");
  make(291, 33, 36452, machine.good_channel, "channel-good");
  Look look{{machine.installed, machine.worked}, Access::kSystem};
  tree.file(folder + "WdfLog.etl", noise_content(4096, {}, Random(context.seed, "etl")), look);
}

void make_many_files(TreeBuilder& tree, const TreeOptions& context) {
  constexpr uint64_t kFilesPerDirectory = 1000;
  const Machine& machine = context.machine;
  Random random(context.seed, "many files");
  NewEntry entry;
  entry.times = {machine.installed, machine.worked};
  auto name = [](uint64_t number, const char16_t* extension) {
    std::u16string text;
    for (int shift = 28; shift >= 0; shift -= 4) text += u"0123456789abcdef"[(number >> shift) & 0xf];
    return text + extension;
  };
  // Numbers in an order that fills an index as chance would, each once.
  auto scatter = [](uint64_t i) { return (i * 2654435761u) & UINT32_MAX; };
  uint64_t directory = 0;
  for (uint64_t i = 0; i < context.options.extra_files; ++i) {
    if (i % kFilesPerDirectory == 0) {
      std::u16string number = name(i / kFilesPerDirectory, u"");
      directory = tree.directory("ProgramData\\Archive\\" + to_utf8(number));
    }
    entry.name = name(scatter(i), u".dat");
    tree.writer().make_file(directory, entry, noise_content(random.below(200), {}, Random(i, "file")));
  }
  if (context.options.big_directory == 0) return;
  directory = tree.directory("Windows\\Installer\\$PatchCache$");
  for (uint64_t i = 0; i < context.options.big_directory; ++i) {
    entry.name = name(scatter(i), u".msi");
    tree.writer().make_file(directory, entry, noise_content(random.below(200), {}, Random(i, "patch")));
  }
}

void make_recovery_tree(TreeBuilder& tree, const TreeOptions& context) {
  const Machine& machine = context.machine;
  Look look{{machine.installed, machine.installed}, Access::kSystem};
  uint64_t largest = context.volume_bytes / 16;
  ByteVector header(208);
  std::copy_n("MSWIM\0\0\0", 8, header.begin());
  const std::string folder = "Recovery\\WindowsRE\\";
  tree.file(folder + "Winre.wim",
            noise_content(std::min<uint64_t>(largest, 4 << 20), header, Random(context.seed, "re")), look);
  tree.file(folder + "boot.sdi",
            noise_content(std::min<uint64_t>(largest, 3170304), {}, Random(context.seed, "sdi")), look);
  tree.file(folder + "ReAgent.xml", text_content(1180, "<WindowsRE version=\"2.0\"/>\r\n"), look);
  tree.directory("System Volume Information", Access::kSystem, attribute::kHidden | attribute::kSystem);
}

void make_system_tree(TreeBuilder& tree, const TreeOptions& context, const ByteVector& boot_hive) {
  const Machine& machine = context.machine;
  Look look{{machine.built, machine.installed},
            Access::kSystem,
            attribute::kHidden | attribute::kSystem | attribute::kReadOnly | attribute::kArchive};
  tree.file("bootmgr", noise_content(430000, {}, Random(context.seed, "bootmgr")), look);
  tree.file("BOOTNXT", bytes_content({'1'}), look);
  tree.file("Boot\\BCD", bytes_content(boot_hive), {{machine.installed, machine.installed}, Access::kSystem});
  tree.file("Boot\\memtest.exe", program_content(900000, Random(context.seed, "memtest")), look);
  tree.directory("System Volume Information", Access::kSystem, attribute::kHidden | attribute::kSystem);
}

}  // namespace mend::brokenpc
