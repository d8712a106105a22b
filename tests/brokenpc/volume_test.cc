// SPDX-License-Identifier: GPL-3.0-or-later
// Tables and file systems, judged by sgdisk, sfdisk, ntfs-3g, libfsntfs, dosfstools and hivex.
#include <hivex.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "tests/brokenpc/judges.h"
#include "tests/support/catch.h"
#include "tools/brokenpc/dos_name.h"

namespace {

using namespace mend;
using namespace mend::brokenpc;
using mend::test::Answer;
using mend::test::ask;
using mend::test::Bench;
using mend::test::contains;
using mend::test::have;

constexpr uint64_t kMebi = 1 << 20;

std::string slashes(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  return path;
}

void check_ntfs(const std::string& volume) {
  if (have("ntfsresize", "ntfs-3g")) {
    Answer answer = ask({"ntfsresize", "--no-progress-bar", "-i", "-f", volume});
    INFO(answer.output);
    CHECK(answer.status == 0);
  }
  if (have("fsntfsinfo", "libfsntfs-utils")) {
    Answer answer = ask({"fsntfsinfo", "-H", volume});
    INFO(answer.output.substr(0, 2000));
    CHECK(answer.status == 0);
    CHECK_THAT(answer.output, !contains("Unable"));
  }
}

// The value as text, from a hive file.
std::string hive_text(const std::string& file, const std::vector<std::string>& path, const char* value) {
  hive_h* hive = hivex_open(file.c_str(), 0);
  REQUIRE(hive != nullptr);
  hive_node_h node = hivex_root(hive);
  for (const std::string& name : path) node = node == 0 ? 0 : hivex_node_get_child(hive, node, name.c_str());
  hive_value_h found = node == 0 ? 0 : hivex_node_get_value(hive, node, value);
  char* text = found == 0 ? nullptr : hivex_value_string(hive, found);
  std::string result = text == nullptr ? "(absent)" : text;
  std::free(text);
  hivex_close(hive);
  return result;
}

std::string extract(const Bench& bench, const std::string& volume, const std::string& path) {
  Answer content = ask({"ntfscat", "-f", volume, path});
  REQUIRE(content.status == 0);
  std::string file = bench.file("extracted");
  write_file(file, as_bytes(content.output));
  return file;
}

}  // namespace

TEST_CASE("P-1: the same seed gives the same bytes, another seed others", "[brokenpc]") {
  Bench bench;
  auto build = [&](const std::string& name, uint64_t seed) {
    Options options = bench.options(name, 96 * kMebi);
    options.table = Table::kGpt;
    options.encrypt = true;
    options.extra_files = 300;
    options.seed = seed;
    return test::digest(test::read_all(make(options).path));
  };
  std::string first = build("one", 7);
  CHECK(first == build("two", 7));
  CHECK(first != build("three", 8));
}

TEST_CASE("P-3: what goes wrong leaves no file behind", "[brokenpc]") {
  Bench bench;
  Options options = bench.options("image", 64 * kMebi);
  options.extra_files = 10'000'000;  // more than fit
  CHECK_THROWS_AS(make(options), Error);
  CHECK_FALSE(std::filesystem::exists(options.output));
  std::filesystem::path directory = std::filesystem::path(options.output).parent_path();
  CHECK(std::filesystem::is_empty(directory));
}

TEST_CASE("options that contradict each other are refused before anything is made", "[brokenpc]") {
  Bench bench;
  auto refused = [&](auto change) {
    Options options = bench.options("image", 64 * kMebi);
    change(options);
    CHECK_THROWS_AS(make(options), Error);
    CHECK_FALSE(std::filesystem::is_regular_file(options.output));
  };
  refused([](Options& options) { options.size_bytes = 4 * kMebi; });
  refused([](Options& options) { options.size_bytes += 100; });
  refused([](Options& options) { options.sector_bytes = 1024; });
  refused([](Options& options) { options.cluster_bytes = 3000; });
  refused([](Options& options) { options.passwords = {"none"}; });
  refused([](Options& options) { options.host = ""; });
  refused([](Options& options) { options.output = "/dev/null"; });
  refused([](Options& options) {
    options.table = Table::kGpt;
    options.size_bytes = 40 * kMebi;
  });
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("sgdisk and sfdisk accept the tables", "[brokenpc]") {
  Bench bench;
  for (Table table : {Table::kGpt, Table::kMbr, Table::kMbrLogical}) {
    Options options = bench.options("image", 128 * kMebi);
    options.table = table;
    Made made = make(options);
    if (have("sfdisk", "fdisk")) {
      Answer verified = ask({"sfdisk", "-V", made.path});
      INFO(verified.output);
      CHECK(verified.status == 0);
      CHECK_THAT(verified.output, contains("No errors detected"));
      Answer dump = ask({"sfdisk", "-d", made.path});
      for (const Partition& partition : made.partitions)
        CHECK_THAT(dump.output, contains("image" + std::to_string(partition.number) + " :"));
    }
    if (table == Table::kGpt && have("sgdisk", "gdisk"))
      CHECK_THAT(ask({"sgdisk", "-v", made.path}).output, contains("No problems found"));
  }
}

TEST_CASE("a GPT in sectors of 4096 bytes has both headers and their checksums", "[brokenpc]") {
  Bench bench;
  Options options = bench.options("image", 96 * kMebi);
  options.table = Table::kGpt;
  options.sector_bytes = 4096;
  ByteVector image = test::read_all(make(options).path);
  for (uint64_t at : {uint64_t{4096}, uint64_t{image.size() - 4096}}) {
    ByteVector header(image.begin() + static_cast<ptrdiff_t>(at),
                      image.begin() + static_cast<ptrdiff_t>(at + 92));
    CHECK(as_text(Bytes(header).first(8)) == "EFI PART");
    uint32_t checksum = read_le<uint32_t>(header, 16);
    write_le<uint32_t>(header, 16, 0);
    CHECK(crc32(header) == checksum);
    CHECK(read_le<uint64_t>(header, 24) * 4096 == at);
    Bytes array = slice(Bytes(image), read_le<uint64_t>(header, 72) * 4096, 128 * 128);
    CHECK(crc32(array) == read_le<uint32_t>(header, 88));
  }
}

TEST_CASE("the other partitions hold what Windows Setup puts there", "[brokenpc]") {
  Bench bench;
  Options options = bench.options("image", 128 * kMebi);
  options.table = Table::kGpt;
  Made made = make(options);
  REQUIRE(made.partitions.size() == 4);
  std::string esp = bench.cut_out(made, made.partitions[0]);
  if (have("fsck.fat", "dosfstools")) CHECK(ask({"fsck.fat", "-n", esp}).status == 0);
  if (have("mdir", "mtools"))
    CHECK_THAT(ask({"mdir", "-/", "-b", "-i", esp}).output, contains("::/EFI/Microsoft/Boot/bootmgfw.efi"));
  check_ntfs(bench.cut_out(made, made.partitions[3]));
  options.table = Table::kMbr;
  made = make(options);
  check_ntfs(bench.cut_out(made, made.partitions[0]));
}

TEST_CASE("the Windows volume is sound at any size of volume, cluster and sector", "[brokenpc]") {
  Bench bench;
  struct Case {
    uint64_t mebibytes;
    uint32_t cluster, sector;
  };
  for (Case size : {Case{8, 4096, 512}, Case{8, 512, 512}, Case{64, 4096, 4096}, Case{64, 1024, 512},
                    Case{256, 65536, 512}, Case{256, 4096, 512}}) {
    INFO(size.mebibytes << " MiB, clusters of " << size.cluster << ", sectors of " << size.sector);
    Options options = bench.options("image", size.mebibytes * kMebi);
    options.cluster_bytes = size.cluster;
    options.sector_bytes = size.sector;
    check_ntfs(make(options).path);
  }
}

TEST_CASE("every file of the list is on the volume, byte for byte", "[brokenpc]") {
  if (!have("ntfscat", "ntfs-3g")) return;
  Bench bench;
  Made made = make(bench.options("image", 64 * kMebi));
  size_t compared = 0;
  for (const MadeFile& file : made.files) {
    // libntfs-3g reads zeros where a file is in the form of CompactOS; the page files were never written.
    if (file.note == "wof" || file.sha256.empty()) continue;
    INFO(file.path);
    Answer content = ask({"ntfscat", "-f", made.path, slashes(file.path)});
    CHECK(content.output.size() == file.size_bytes);
    CHECK(test::digest(as_bytes(content.output)) == file.sha256);
    ++compared;
  }
  CHECK(compared > 120);
}

TEST_CASE("the incident is there: one faulty channel file and its good successor", "[brokenpc]") {
  Bench bench;
  Options options = bench.options("image", 64 * kMebi);
  options.bad_files = 3;
  Made made = make(options);
  size_t bad = 0, good = 0;
  for (const MadeFile& file : made.files) {
    if (file.note != "channel-bad" && file.note != "channel-good") continue;
    INFO(file.path);
    CHECK_THAT(file.path, contains("Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-000000"));
    bool late = file.modified >= *parse_iso8601("2024-07-19T05:27:00Z");
    CHECK(late == (file.note == "channel-good"));
    if (have("ntfscat", "ntfs-3g")) {
      Answer content = ask({"ntfscat", "-f", made.path, slashes(file.path)});
      CHECK(to_hex(as_bytes(content.output).first(8)) == "aaaaaaaa01002301");
    }
    (late ? good : bad) += 1;
  }
  CHECK(bad == 3);
  CHECK(good == 1);
  options.incident = false;
  made = make(options);
  CHECK(std::none_of(made.files.begin(), made.files.end(),
                     [](const MadeFile& file) { return file.note == "channel-bad"; }));
}

TEST_CASE("the hives say which Windows it is", "[brokenpc]") {
  if (!have("ntfscat", "ntfs-3g")) return;
  Bench bench;
  Options options = bench.options("image", 64 * kMebi);
  options.host = "LAB-17";
  Made made = make(options);
  const std::string config = "Windows/System32/config/";
  std::string system = extract(bench, made.path, config + "SYSTEM");
  CHECK(hive_text(system, {"ControlSet001", "Control", "ComputerName", "ComputerName"}, "ComputerName") ==
        "LAB-17");
  CHECK(hive_text(system, {"ControlSet001", "Control", "TimeZoneInformation"}, "TimeZoneKeyName") ==
        "W. Europe Standard Time");
  if (have("hivexget", "libhivex-bin"))
    CHECK_THAT(ask({"hivexget", system, "ControlSet001\\Services\\Tcpip\\Parameters", "Hostname"}).output,
               contains("LAB-17"));
  std::string software = extract(bench, made.path, config + "SOFTWARE");
  const std::vector<std::string> version = {"Microsoft", "Windows NT", "CurrentVersion"};
  CHECK(hive_text(software, version, "ProductName") == made.product);
  CHECK(hive_text(software, version, "CurrentBuildNumber") == std::to_string(made.build));
  for (const char* name : {"SAM", "SECURITY", "DEFAULT"})
    CHECK_NOTHROW(extract(bench, made.path, config + name));
}

TEST_CASE("hives of real size have the size of real hives", "[brokenpc]") {
  Bench bench;
  Options options = bench.options("image", 512 * kMebi);
  options.hives = Hives::kReal;
  Made made = make(options);
  auto size_of = [&](const std::string& name) {
    for (const MadeFile& file : made.files)
      if (file.path == "Windows\\System32\\config\\" + name) return file.size_bytes / kMebi;
    return uint64_t{0};
  };
  CHECK(size_of("SYSTEM") >= 18);
  CHECK(size_of("SYSTEM") <= 24);
  CHECK(size_of("SOFTWARE") >= 90);
  CHECK(size_of("SOFTWARE") <= 115);
  check_ntfs(made.path);
}

TEST_CASE("ntfs-3g sees the states of the log, the dirty flag and the hibernation file", "[brokenpc]") {
  if (!have("ntfs-3g.probe", "ntfs-3g")) return;
  constexpr int kMountable = 0, kHibernated = 14, kUnclean = 15;
  Bench bench;
  auto probe = [&](auto change) {
    Options options = bench.options("image", 16 * kMebi);
    change(options);
    return ask({"ntfs-3g.probe", "-w", make(options).path}).status;
  };
  CHECK(probe([](Options&) {}) == kMountable);
  CHECK(probe([](Options& options) { options.log = Log::kEmpty; }) == kMountable);
  CHECK(probe([](Options& options) { options.log = Log::kUnclean11; }) == kUnclean);
  CHECK(probe([](Options& options) { options.log = Log::kUnclean; }) ==
        kHibernated);  // what it calls version 2.0
  CHECK(probe([](Options& options) { options.hibernation = Hibernation::kLower; }) == kHibernated);
  CHECK(probe([](Options& options) { options.hibernation = Hibernation::kWake; }) == kMountable);
  Options options = bench.options("image", 16 * kMebi);
  options.dirty = true;
  if (have("ntfsinfo", "ntfs-3g"))
    CHECK_THAT(ask({"ntfsinfo", "-m", "-f", make(options).path}).output, contains("DIRTY"));
}

TEST_CASE("files of every kind that a repair may meet are there", "[brokenpc]") {
  if (!have("ntfsinfo", "ntfs-3g")) return;
  Bench bench;
  Made made = make(bench.options("image", 128 * kMebi));
  auto look = [&](const std::string& path) {
    Answer answer = ask({"ntfsinfo", "-f", "-v", "-F", path, made.path});
    INFO(path);
    CHECK(answer.status == 0);
    return answer.output;
  };
  const std::string folder = "ProgramData/Northwind/Updater/";
  CHECK_THAT(look(folder + "compressed.log"), contains("COMPRESSED"));
  CHECK_THAT(look(folder + "sparse.bin"), contains("SPARSE"));
  CHECK_THAT(look(folder + "locked.dat"), contains("READONLY HIDDEN SYSTEM"));
  CHECK_THAT(look(folder + "database.mdf"), contains("$ATTRIBUTE_LIST"));
  CHECK_THAT(look(folder + "streams.dat"), contains("'preview'"));
  CHECK_THAT(look(folder + "shared.dll"), contains("Number of Hard Links:\t 3"));
  std::string long_only = look(folder + "a name without a short one.txt");
  CHECK_THAT(long_only, contains("Number of Hard Links:\t 1"));
  CHECK_THAT(long_only, contains("Win32"));
  CHECK_THAT(look("Windows/notepad.exe"), contains("WofCompressedData") && contains("$REPARSE_POINT"));
  CHECK_THAT(look("Users/m.berger/Documents/Quarterly report 2024-Q2.docx"),
             contains("'QUARTE~1.DOC'") && contains("$OBJECT_ID"));
  CHECK_THAT(look("Users/m.berger/Documents/会議の議事録.txt"), contains("会議の議事録.txt"));
  CHECK_THAT(look("$Extend/$UsnJrnl"), contains("'$J'"));
}

TEST_CASE("many files, and many in one directory, are all there", "[brokenpc]") {
  if (!have("ntfsls", "ntfs-3g")) return;
  Bench bench;
  Options options = bench.options("image", 128 * kMebi);
  options.extra_files = 2500;
  options.big_directory = 5000;
  Made made = make(options);
  check_ntfs(made.path);
  auto count = [&](const std::string& path) {
    Answer answer = ask({"ntfsls", "-f", "-p", path, made.path});
    return std::count(answer.output.begin(), answer.output.end(), '\n') - 2;  // itself and its parent
  };
  CHECK(count("/Windows/Installer/$PatchCache$") == 5000);
  CHECK(count("/ProgramData/Archive") == 3);
  CHECK(count("/ProgramData/Archive/00000002") == 500);
}

TEST_CASE("short names are what Windows would give", "[brokenpc]") {
  CHECK(is_dos_name(u"hal.dll"));
  CHECK(is_dos_name(u"BOOTNXT"));
  CHECK_FALSE(is_dos_name(u"ntoskrnl.exe.mui"));
  CHECK_FALSE(is_dos_name(u"Program Files"));
  CHECK_FALSE(is_dos_name(u"файл.txt"));
  CHECK_FALSE(is_dos_name(u"trailing."));
  std::set<std::u16string> taken;
  CHECK(make_dos_name(u"Program Files", taken) == u"PROGRA~1");
  CHECK(make_dos_name(u"Program Files (x86)", taken) == u"PROGRA~2");
  CHECK(make_dos_name(u"Quarterly report.docx", taken) == u"QUARTE~1.DOC");
  CHECK(make_dos_name(u"a+b.c.txt", taken) == u"A_BC~1.TXT");
  for (int i = 0; i < 4; ++i)
    make_dos_name(u"channel file " + std::u16string(1, static_cast<char16_t>(u'a' + i)), taken);
  std::u16string fifth = make_dos_name(u"channel file e", taken);
  CHECK(fifth.substr(0, 2) == u"CH");
  CHECK(fifth.substr(6) == u"~1");
}
