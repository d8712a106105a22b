// SPDX-License-Identifier: GPL-3.0-or-later
// Installations on volumes that mkntfs made and libntfs-3g filled.
#include <fstream>

#include "base/error.h"
#include "base/text.h"
#include "block/file_device.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/unit/windows/hives.h"
#include "tools/brokenpc/ntfs_writer.h"

using namespace mend;
using namespace mend::test;
using windows::Installation;

namespace {

constexpr uint64_t kVolumeBytes = 48 << 20;

class VolumeBuilder {
 public:
  VolumeBuilder()
      : image_(brokenpc::ImageFile::create(folder_ / "volume.img", kVolumeBytes)),
        writer_(image_, 0, kVolumeBytes, {}, folder_ / "scratch") {}

  uint64_t folder(uint64_t parent, std::u16string_view name) {
    return writer_.make_directory(parent, entry(name));
  }
  uint64_t file(uint64_t parent, std::u16string_view name, const ByteVector& bytes, uint32_t attributes = 0) {
    brokenpc::NewEntry made = entry(name);
    made.attributes |= attributes;
    brokenpc::Content content;
    content.size_bytes = bytes.size();
    content.fill = [&bytes](uint64_t offset, MutableBytes out) {
      std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
    };
    return writer_.make_file(parent, made, content);
  }
  // A whole Windows folder; parts that are empty are left out.
  void windows(std::u16string_view name, const ByteVector& system, const ByteVector& software,
               bool kernel = true, uint32_t attributes = 0) {
    const uint64_t system32 = folder(folder(brokenpc::kRootRecord, name), u"System32");
    if (kernel) file(system32, u"ntoskrnl.exe", ByteVector(3000, 'k'));
    const uint64_t config = folder(system32, u"config");
    if (!system.empty()) file(config, u"SYSTEM", system, attributes);
    if (!software.empty()) file(config, u"SOFTWARE", software, attributes);
  }
  brokenpc::NtfsWriter& writer() { return writer_; }

  // The volume's bytes. Nothing may be added after it.
  ByteVector finish() {
    writer_.close();
    ByteVector bytes(kVolumeBytes);
    image_.read(0, bytes);
    return bytes;
  }

 private:
  static brokenpc::NewEntry entry(std::u16string_view name) {
    brokenpc::NewEntry made;
    made.name = name;
    made.times = {133'000'000'000'000'000, 133'000'000'000'000'000};
    return made;
  }

  TempFolder folder_;
  brokenpc::ImageFile image_;
  brokenpc::NtfsWriter writer_;
};

std::vector<Installation> find(ByteVector bytes) {
  MemoryDevice device(std::move(bytes));
  ntfs::Volume volume(device);
  return windows::find_installations(volume);
}

ByteVector junction() {  // to somewhere else
  const ByteVector name = utf16_to_le(u"\\??\\D:\\Windows");
  ByteVector data(16 + name.size() + 4);
  write_le<uint32_t>(data, 0, ntfs::kReparseTagMountPoint);
  write_le<uint16_t>(data, 4, static_cast<uint16_t>(data.size() - 8));
  write_le<uint16_t>(data, 10, static_cast<uint16_t>(name.size()));
  write_le<uint16_t>(data, 12, static_cast<uint16_t>(name.size() + 2));
  std::copy(name.begin(), name.end(), data.begin() + 16);
  return data;
}

}  // namespace

TEST_CASE("An installation is told by what is on the volume", "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder volume;
  volume.folder(brokenpc::kRootRecord, u"Users");
  volume.folder(brokenpc::kRootRecord, u"Program Files");
  volume.windows(u"Windows", SystemHive().bytes(), SoftwareHive().bytes());
  const std::vector<Installation> found = find(volume.finish());
  REQUIRE(found.size() == 1);
  CHECK(found[0].windows_directory == "Windows");
  CHECK(found[0].host == "PC-042");
  CHECK(found[0].product == "Windows 10 Pro");
  CHECK(found[0].build == 19045);
  CHECK(found[0].ubr == 4651);
  CHECK(found[0].time_zone == "W. Europe Standard Time");
  CHECK(found[0].hiberboot_enabled);
  CHECK(found[0].warnings.empty());
}

TEST_CASE("All installations at the root count, of any name; old ones, copies and stubs do not",
          "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder volume;
  SystemHive second;
  second.host = "TEST-BENCH";
  volume.windows(u"WINDOWS", SystemHive().bytes(), SoftwareHive().bytes());
  volume.windows(u"Windows Prüfstand", second.bytes(), SoftwareHive().bytes());
  volume.windows(u"NoKernel", SystemHive().bytes(), SoftwareHive().bytes(), false);
  volume.windows(u"NoHive", {}, SoftwareHive().bytes());
  volume.windows(u"Windows.old", SystemHive().bytes(), SoftwareHive().bytes());
  volume.writer().make_directory(brokenpc::kRootRecord, {.name = u"Linked"}, junction());
  const std::vector<Installation> found = find(volume.finish());
  REQUIRE(found.size() == 2);
  CHECK(found[0].windows_directory == "WINDOWS");
  CHECK(found[0].host == "PC-042");
  CHECK(found[1].windows_directory == "Windows Prüfstand");
  CHECK(found[1].host == "TEST-BENCH");
}

TEST_CASE("A volume without Windows has no installation", "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder volume;
  volume.folder(volume.folder(brokenpc::kRootRecord, u"Windows"), u"System32");
  volume.file(brokenpc::kRootRecord, u"SYSTEM", SystemHive().bytes());
  CHECK(find(volume.finish()).empty());
}

TEST_CASE("Hives that NTFS keeps compressed are read", "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder volume;
  volume.windows(u"Windows", SystemHive().bytes(), SoftwareHive().bytes(), true,
                 brokenpc::attribute::kCompressed);
  const std::vector<Installation> found = find(volume.finish());
  REQUIRE(found.size() == 1);
  CHECK(found[0].host == "PC-042");
  CHECK(found[0].build == 19045);
  CHECK(found[0].warnings.empty());
}

TEST_CASE("W-1: an installation with broken or absent hives is found all the same", "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder volume;
  volume.windows(u"Windows", ByteVector(200'000, 0), {});
  ByteVector damaged = SystemHive().bytes();
  for (size_t at = 0x1000; at < damaged.size(); at += 3) damaged[at] = 0xee;
  volume.windows(u"WinNT", damaged, ByteVector(3, 'x'));
  const std::vector<Installation> found = find(volume.finish());
  REQUIRE(found.size() == 2);
  CHECK(warns(found[0], "SYSTEM could not be read: it is not a registry hive"));
  CHECK(warns(found[0], "no hive SOFTWARE"));
  CHECK(warns(found[1], "SYSTEM could not be read: it is damaged"));
  CHECK(warns(found[1], "SOFTWARE could not be read: it is not a registry hive"));
}

TEST_CASE("Finding an installation costs few reads beside its hives", "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  for (const char16_t* name :
       {u"PerfLogs", u"Program Files", u"Program Files (x86)", u"ProgramData", u"Recovery", u"Users",
        u"inetpub", u"Intel", u"$Recycle.Bin", u"System Volume Information"}) {
    const uint64_t folder = builder.folder(brokenpc::kRootRecord, name);
    for (char16_t letter = u'a'; letter < u'z'; ++letter) builder.folder(folder, std::u16string(12, letter));
  }
  builder.windows(u"Windows", SystemHive().bytes(), SoftwareHive().bytes());
  MemoryDevice memory(builder.finish());
  RecordingDevice device(memory);
  ntfs::Volume volume(device);
  const size_t opened = device.events.size();
  REQUIRE(windows::find_installations(volume).size() == 1);
  uint64_t bytes = 0;
  for (size_t i = opened; i < device.events.size(); ++i) bytes += device.events[i].length;
  INFO(device.events.size() - opened << " reads, " << bytes << " bytes");
  CHECK(device.events.size() - opened <= 50);
  CHECK(bytes <= 300'000 + SystemHive().bytes().size() + SoftwareHive().bytes().size());
}

TEST_CASE("A device that fails: an error while folders are looked for, a warning within a hive",
          "[windows]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  builder.windows(u"Windows", SystemHive().bytes(), SoftwareHive().bytes());
  MemoryDevice memory(builder.finish());
  uint64_t reads = 0, errors = 0, warned = 0;
  {
    FailingDevice counting(memory);
    ntfs::Volume volume(counting);
    windows::find_installations(volume);
    reads = counting.reads;
  }
  for (uint64_t nth = 0; nth < reads; ++nth) {
    INFO("read " << nth);
    FailingDevice failing(memory);
    failing.fail_read = nth;
    try {
      ntfs::Volume volume(failing);
      const std::vector<Installation> found = windows::find_installations(volume);
      REQUIRE(found.size() == 1);
      CHECK(!found[0].warnings.empty());
      ++warned;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kIo);
      ++errors;
    }
  }
  CHECK(errors > 0);
  CHECK(warned > 0);
}
