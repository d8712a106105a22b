// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/path.h"

#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

struct Tree {
  VolumeBuilder builder;
  MftReference windows, drivers, falcon, users;
  std::vector<MftReference> files;

  Tree() {
    windows = builder.make_directory(kRootDirectory, u"Windows");
    const MftReference system32 = builder.make_directory(windows, u"System32");
    drivers = builder.make_directory(system32, u"drivers");
    falcon = builder.make_directory(drivers, u"CrowdStrike");
    for (std::u16string_view name :
         {u"C-00000290-00000000-00000001.sys", u"C-00000291-00000000-00000007.sys",
          u"C-00000291-00000000-00000032.sys", u"C-00000292-00000000-00000001.sys"})
      files.push_back(builder.make_file(falcon, name, as_bytes("x")));
    users = builder.make_directory(kRootDirectory, u"Users");
    for (std::u16string_view name : {u"anna", u"bernd"}) {
      const MftReference user = builder.make_directory(users, name);
      builder.make_file(user, u"ntuser.dat", as_bytes("hive"));
    }
    builder.make_file(users, u"desktop.ini", {});
  }
};

ByteVector junction() {
  ByteVector value(24, 0);
  write_le<uint32_t>(value, 0, kReparseTagMountPoint);
  write_le<uint16_t>(value, 4, 16);
  return value;
}

MftReference make_junction(VolumeBuilder& builder, MftReference parent, std::u16string_view name) {
  const MftReference folder = builder.make_directory(parent, name);
  builder.insert_attribute(folder.record, {.type = AttributeType::kReparsePoint, .value = junction()});
  return folder;
}

std::vector<std::string> paths(const GlobResult& result) {
  std::vector<std::string> out;
  for (const GlobMatch& match : result.matches) out.push_back(match.path);
  return out;
}

}  // namespace

TEST_CASE("A path is found in any case and told as the volume spells it", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  Volume& volume = tree.builder.volume();
  const Resolution found =
      resolve(volume, "WINDOWS/system32\\DRIVERS\\crowdstrike\\c-00000291-00000000-00000032.SYS");
  REQUIRE(found.found());
  CHECK(found.entry->reference == tree.files[2]);
  CHECK(found.entry->parent == tree.falcon);
  CHECK(found.path == "Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys");
  CHECK(resolve(volume, "").entry->reference == kRootDirectory);
  CHECK(resolve(volume, "\\Windows\\").entry->reference == tree.windows);
}

TEST_CASE("A path that is absent tells which component is", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  Volume& volume = tree.builder.volume();
  Resolution result = resolve(volume, "Windows\\System32\\driverz\\CrowdStrike");
  CHECK_FALSE(result.found());
  CHECK(result.absent_component == 2);
  CHECK(result.path == "Windows\\System32");
  CHECK_FALSE(result.not_a_directory);
  result = resolve(volume, "Users\\desktop.ini\\x");
  CHECK_FALSE(result.found());
  CHECK(result.absent_component == 1);
  CHECK(result.not_a_directory);
}

TEST_CASE("NP-1: a reparse point on the way is refused, at its end it is told", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  make_junction(tree.builder, tree.users, u"All Users");
  Volume& volume = tree.builder.volume();
  CHECK(id_of_error([&] { resolve(volume, "Users\\All Users\\x"); }) == "ntfs.path.reparse");
  CHECK(resolve(volume, "Users\\All Users").found());
  CHECK(id_of_error([&] { glob(volume, split_path("Users\\all users\\*"), 10); }) == "ntfs.path.reparse");
  const GlobResult result = glob(volume, split_path("Users\\*\\NTUSER.DAT"), 10);
  CHECK(paths(result) == std::vector<std::string>{"Users\\anna\\ntuser.dat", "Users\\bernd\\ntuser.dat"});
  CHECK(result.passed_over == std::vector<std::string>{"Users\\All Users"});
}

TEST_CASE("A glob finds what its pattern says, in order, and stops at its limit", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  Volume& volume = tree.builder.volume();
  const std::string folder = "Windows\\System32\\drivers\\CrowdStrike\\";
  GlobResult result = glob(volume, split_path(folder + "C-00000291*.sys"), 20);
  CHECK(paths(result) == std::vector<std::string>{folder + "C-00000291-00000000-00000007.sys",
                                                  folder + "C-00000291-00000000-00000032.sys"});
  CHECK_FALSE(result.limit_reached);
  CHECK(result.matches[0].entry.reference == tree.files[1]);
  result = glob(volume, split_path(folder + "*"), 2);
  CHECK(result.matches.size() == 2);
  CHECK(result.limit_reached);
  result = glob(volume, split_path(folder + "*"), 4);
  CHECK(result.matches.size() == 4);
  CHECK_FALSE(result.limit_reached);
  result = glob(volume, split_path(folder + "c-00000290-00000000-00000001.sys"), 20);
  CHECK(result.matches.size() == 1);
  result = glob(volume, split_path("*\\*\\*\\*\\c-0000029?-*7.s?s"), 20);
  CHECK(paths(result) == std::vector<std::string>{folder + "C-00000291-00000000-00000007.sys"});
}

TEST_CASE("A glob without a match tells how far it came", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  Volume& volume = tree.builder.volume();
  GlobResult result = glob(volume, split_path("Windows\\System32\\drivers\\CrowdStrike\\D-*"), 20);
  CHECK(result.matches.empty());
  CHECK(result.absent_component == 4);
  CHECK(result.searched_in == "Windows\\System32\\drivers\\CrowdStrike");
  result = glob(volume, split_path("Windows\\System31\\drivers\\*"), 20);
  CHECK(result.absent_component == 1);
  CHECK(result.searched_in == "Windows");
  result = glob(volume, split_path("Users\\desktop.ini\\*"), 20);
  CHECK(result.matches.empty());
  CHECK(result.absent_component == 1);
}

TEST_CASE("NP-2: a DOS name leads to its long name; wildcards do not see DOS names", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  const MftReference file = builder.make_file(folder, u"long name.html", as_bytes("x"));
  // As Windows has it: a Win32 name and a DOS name, two entries.
  builder.remove_attribute(file.record, AttributeType::kFileName);
  builder.set_link_count(file.record, 0);
  builder.write_index(folder, {});
  builder.add_name(file, folder, {u"long name.html", NameSpace::kWin32});
  builder.add_name(file, folder, {u"LONGNA~1.HTM", NameSpace::kDos});
  Volume& volume = builder.volume();
  CHECK(glob(volume, split_path("folder\\*.htm"), 9).matches.empty());
  const GlobResult result = glob(volume, split_path("folder\\longna~1.htm"), 9);
  REQUIRE(result.matches.size() == 1);
  CHECK(result.matches[0].path == "folder\\long name.html");
  CHECK(result.matches[0].entry.name_space == NameSpace::kWin32);
  CHECK(resolve(volume, "folder\\LONGNA~1.HTM").entry->name_space == NameSpace::kDos);
  CHECK(glob(volume, split_path("folder\\*"), 9).matches.size() == 1);
  const FileInfo info = volume.stat(file);
  CHECK(info.links.size() == 2);
  CHECK(info.link_count == 2);
  CHECK(info.name == u"long name.html");
}

TEST_CASE("Names in any script, and such that are no UTF-16", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const std::u16string lone(1, char16_t{0xd83d});
  const std::vector<std::u16string> names = {u"\u0444\u0430\u0439\u043b", u"\u6587\u4ef6", u"\u202egpj.exe",
                                             lone, std::u16string(255, u'x')};
  for (const std::u16string& name : names) builder.make_file(kRootDirectory, name, as_bytes("x"));
  Volume& volume = builder.volume();
  for (const std::u16string& name : names) CHECK(resolve(volume, std::vector<std::u16string>{name}).found());
  CHECK(resolve(volume, "\xd0\xa4\xd0\x90\xd0\x99\xd0\x9b").found());  // the first one in capitals
}

TEST_CASE("NV-1, NV-4: resolving a path reads a few blocks and writes none", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Tree tree;
  RecordingDevice device(tree.builder.device());
  Volume volume(device);
  volume.upcase();
  const size_t opened = device.events.size();
  CHECK(opened <= 6);
  CHECK(resolve(volume, "Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys").found());
  CHECK(device.events.size() - opened <= 10);
  for (const auto& event : device.events) CHECK(event.kind == RecordingDevice::Kind::kRead);
}
