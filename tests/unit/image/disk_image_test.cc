// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/disk_image.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;
using test::small_base;

FatRequest some_volume(const Base& base) {
  FatRequest volume;
  volume.serial = 0x8F3BE421;
  volume.label = "TEST";
  for (const BaseFile& file : base.files)
    volume.files.push_back(
        {file.path_on_stick, Content::file(base.directory + "/" + file.file, 0, file.size_bytes)});
  return volume;
}

std::string id_of(const Base& base, uint64_t size_bytes) {
  try {
    lay_out_disk(base, some_volume(base), size_bytes, 1);
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

size_t files_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("DI-2: other programs see one active FAT32 partition from 1 MiB to the end", "[image]") {
  if (!mend::test::need_program("sfdisk") || !mend::test::need_program("fsck.fat")) return;
  const mend::test::TempFolder folder;
  const Base base = small_base(folder.path() / "base");
  for (const uint64_t size : {64 * kMiB, 1000 * kMiB, 9000 * kMiB}) {
    const std::string path = folder / "disk.img";
    write_disk(lay_out_disk(base, some_volume(base), size, 0xDEADBEEF), path).commit();
    CHECK(fs::file_size(path) == size);
    const Outcome table = test::run_judge({"sfdisk", "--dump", path});
    INFO(table.output << table.errors);
    CHECK(table.output.find("label-id: 0xdeadbeef") != std::string::npos);
    CHECK(table.output.find("type=c, bootable") != std::string::npos);
    CHECK(table.output.find("start=        2048") != std::string::npos);
    const Outcome check = test::run_judge({"sfdisk", "--verify", path});
    CHECK(check.status == 0);
    CHECK((check.output + check.errors).find("No errors detected") != std::string::npos);
    // The volume alone, since fsck.fat takes no offset.
    const std::string volume = folder / "volume.img";
    OutputFile cut(volume, 0);
    cut.set_size(size - kMiB);
    cut.write(0, Content::file(path, kMiB, std::min(size - kMiB, 64 * kMiB)));
    cut.commit();
    CHECK(test::run_judge({"fsck.fat", "-n", volume}).status == 0);
  }
}

TEST_CASE("the boot code, the signature and the core are where the firmware looks for them", "[image]") {
  const mend::test::TempFolder folder;
  const Base base = small_base(folder.path() / "base");
  const std::string path = folder / "disk.img";
  write_disk(lay_out_disk(base, some_volume(base), 64 * kMiB, 0), path).commit();
  const std::string image = test::read_text(path).substr(0, kMiB);
  CHECK(image.substr(0, 440) == std::string(440, '\x90'));
  CHECK(read_le<uint32_t>(as_bytes(image), 440) == 1);  // never 0, which means none
  CHECK(read_le<uint16_t>(as_bytes(image), 510) == 0xAA55);
  CHECK(image.substr(512, base.bios_core.size()) == std::string(base.bios_core.size(), '\x5A'));
  CHECK(all_zero(as_bytes(image).subspan(512 + base.bios_core.size())));
}

TEST_CASE("DI-1, DI-3: an image is sparse, and has the bytes of its files", "[image]") {
  const mend::test::TempFolder folder;
  const Base base = small_base(folder.path() / "base");
  const DiskImage disk = lay_out_disk(base, some_volume(base), 64 * kMiB, 5);
  OutputFile first = write_disk(disk, folder / "a.img");
  first.commit();
  fs::create_directory(folder.path() / "other");
  write_disk(disk, folder / "other/b.img").commit();
  struct stat status {};
  REQUIRE(::stat((folder / "a.img").c_str(), &status) == 0);
  CHECK(static_cast<uint64_t>(status.st_blocks) * 512 < disk.bytes_to_write() + kMiB);
  CHECK((test::read_text(folder / "a.img") == test::read_text(folder / "other/b.img")));
  if (!mend::test::need_program("mcopy")) return;
  for (const BaseFile& file : base.files) {
    const Outcome back = test::run_judge({"mcopy", "-n", "-i", test::volume_of(folder / "a.img"),
                                          "::" + file.path_on_stick, folder / file.file});
    INFO(back.errors);
    CHECK((test::read_text(folder / file.file) == test::read_text(base.directory + "/" + file.file)));
  }
}

TEST_CASE("sizes that are no image's are refused", "[image]") {
  const mend::test::TempFolder folder;
  Base base = small_base(folder.path() / "base");
  CHECK(id_of(base, 63 * kMiB) == "image.disk.size");
  CHECK(id_of(base, 100 * kMiB + 512) == "image.disk.size");
  CHECK(id_of(base, 1024 * 1024 * kMiB) == "image.disk.size");
  CHECK(id_of(base, 64 * kMiB) == "none");
  base.bios_core.resize(kMiB);
  CHECK(id_of(base, 64 * kMiB) == "image.disk.core");
}

TEST_CASE("OF-1, OF-2: the final name appears with the whole content, or what was there stays", "[image]") {
  const mend::test::TempFolder folder;
  const std::string path = folder / "x.img";
  test::write_text_file(path, "before");
  {
    OutputFile file(path, 4);
    file.write(0, Content::memory("after"));
    CHECK(test::read_text(path) == "before");
    CHECK(files_in(folder.path()) == 2);
  }
  CHECK(test::read_text(path) == "before");
  CHECK(files_in(folder.path()) == 1);
  write_text(path, "after").commit();
  CHECK(test::read_text(path) == "after");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("want of space is found before anything is written, and named with sizes", "[image]") {
  const mend::test::TempFolder folder;
  try {
    const OutputFile file(folder / "x.img", uint64_t{1} << 60);
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(std::string(error.id()) == "image.output.space");
    CHECK(std::string(error.what()).find("GiB") != std::string::npos);
  }
  CHECK(files_in(folder.path()) == 0);
  CHECK_THROWS_AS(OutputFile(folder / "missing/x.img", 1), Error);
}

TEST_CASE("CT-2: a file of the base that became shorter is an error, never zeros", "[image]") {
  const mend::test::TempFolder folder;
  const Base base = small_base(folder.path() / "base");
  const DiskImage disk = lay_out_disk(base, some_volume(base), 64 * kMiB, 5);
  fs::resize_file(base.directory + "/initramfs", 1'000'000);
  CHECK_THROWS_AS(write_disk(disk, folder / "x.img"), Error);
  CHECK(!fs::exists(folder / "x.img"));
}

}  // namespace mend::image
