// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat32.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "image/fat_names.h"
#include "image/output_file.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::pattern;
namespace fs = std::filesystem;

constexpr uint64_t kVolumeBytes = 255 * kMiB;
constexpr Time kTime{std::chrono::seconds(1'790'000'001)};  // 2026-09-21T14:13:21Z

FatRequest request_with(std::vector<FatFile> files, uint64_t size_bytes = kVolumeBytes) {
  FatRequest request;
  request.size_bytes = size_bytes;
  request.serial = 0x01234567;
  request.label = "ACME GMBH";
  request.time = kTime;
  request.files = std::move(files);
  return request;
}

// The volume alone, as a file for the judges.
std::string write_volume(const FatRequest& request, const mend::test::TempFolder& folder) {
  OutputFile file(folder / "volume.img", 0);
  file.set_size(request.size_bytes);
  for (const Extent& extent : lay_out_fat32(request).extents)
    file.write(extent.offset - request.partition_offset, extent.content);
  file.commit();
  return folder / "volume.img";
}

std::string id_of(const FatRequest& request) {
  try {
    lay_out_fat32(request);
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

// Names that need each of the ways to a short one.
std::vector<FatFile> difficult_files() {
  std::vector<FatFile> files;
  for (const char* name : {"READ-ME-FIRST.txt",
                           "profile.toml",
                           "EFI/BOOT/BOOTX64.EFI",
                           "EFI/debian/grub.cfg",
                           "UPPER.TXT",
                           "lower.txt",
                           "Mixed.Txt",
                           "no-extension",
                           "two.dots.here.txt",
                           "keys/Schlüssel für Zürich.csv",
                           "keys/Schlüssel für Köln.csv",
                           "keys/ключи.txt",
                           "keys/鍵.csv",
                           "keys/a+b=c,d.txt",
                           "keys/ends~1.txt",
                           "keys/.hidden-like",
                           "keys/space in name",
                           "keys/LONGNA~1.TXT",
                           "keys/longnames-one.txt",
                           "keys/longnames-two.txt",
                           "deep/er/and/deeper/still/file.bin"}) {
    files.push_back({name, Content::memory(fmt::format("content of {}", name))});
  }
  files.push_back({"empty.txt", Content::memory("")});
  files.push_back({"keys/" + std::string(250, 'n') + ".txt", Content::memory("x")});
  for (int i = 0; i < 120; ++i)
    files.push_back({fmt::format("many/collision number {}.txt", i), Content::memory(pattern(1000))});
  files.push_back({"big.bin", Content::memory(pattern(3'000'017))});
  return files;
}

}  // namespace

TEST_CASE("fsck.fat, mtools and file find nothing wrong with a volume of difficult names", "[image]") {
  if (!mend::test::need_program("fsck.fat") || !mend::test::need_program("mcopy")) return;
  const mend::test::TempFolder folder;
  FatRequest request = request_with(difficult_files());
  request.folders = {{"logs", 64 * 1024}, {"keys", 4096}};
  const std::string volume = write_volume(request, folder);

  const Outcome check = test::run_judge({"fsck.fat", "-n", "-v", volume});
  INFO(check.output << check.errors);
  CHECK(check.status == 0);
  CHECK(check.output.find("2048 bytes per cluster") != std::string::npos);

  const Outcome label = test::run_judge({"mlabel", "-s", "-i", volume, "::"});
  CHECK(label.output.find("ACME GMBH") != std::string::npos);
  const Outcome list = test::run_judge({"mdir", "-i", volume, "::"});
  CHECK(list.output.find("Volume Serial Number is 0123-4567") != std::string::npos);
  CHECK(list.output.find("2026-09-21") != std::string::npos);
  CHECK(test::run_judge({"file", volume}).output.find("FAT (32 bit)") != std::string::npos);

  fs::create_directory(folder.path() / "back");
  const Outcome copy = test::run_judge({"mcopy", "-s", "-n", "-i", volume, "::*", folder / "back"});
  INFO(copy.errors);
  REQUIRE(copy.status == 0);
  for (const FatFile& file : request.files) {
    INFO(file.path);
    const std::string back = folder / ("back/" + file.path);
    REQUIRE(fs::exists(back));
    CHECK((test::read_text(back) == as_text(file.content.bytes())));
  }
  CHECK(fs::is_directory(folder.path() / "back/logs"));
}

TEST_CASE("fsck.fat agrees with the count of free clusters, at each cluster size", "[image]") {
  if (!mend::test::need_program("fsck.fat")) return;
  const struct {
    uint64_t size_mib;
    uint32_t cluster_bytes;
  } cases[] = {{36, 512}, {70, 1024}, {140, 2048}, {255, 2048}, {300, 4096}, {1023, 4096}, {5000, 4096}};
  for (const auto& given : cases) {
    const mend::test::TempFolder folder;
    const FatRequest request = request_with(difficult_files(), given.size_mib * kMiB);
    const FatVolume volume = lay_out_fat32(request);
    INFO(given.size_mib << " MiB");
    CHECK(volume.cluster_bytes == given.cluster_bytes);
    CHECK(volume.clusters >= 65525 + 16);
    const Outcome check = test::run_judge({"fsck.fat", "-n", "-v", write_volume(request, folder)});
    INFO(check.output << check.errors);
    CHECK(check.status == 0);
    CHECK(check.output.find("Free cluster summary wrong") == std::string::npos);
    const std::string used =
        fmt::format("{}/{} clusters", volume.clusters - volume.free_clusters, volume.clusters);
    CHECK(check.output.find(used) != std::string::npos);
  }
}

TEST_CASE("FA-1: the same request gives the same extents", "[image]") {
  const FatVolume first = lay_out_fat32(request_with(difficult_files()));
  const FatVolume second = lay_out_fat32(request_with(difficult_files()));
  REQUIRE(first.extents.size() == second.extents.size());
  for (size_t i = 0; i < first.extents.size(); ++i) {
    CHECK(first.extents[i].offset == second.extents[i].offset);
    CHECK(equal(first.extents[i].content.bytes(), second.extents[i].content.bytes()));
  }
}

TEST_CASE("CT-1, FA-2, FA-4: extents are aligned, share no block, and cover all before the data", "[image]") {
  for (const uint64_t size_mib : {36U, 63U, 255U, 300U, 2047U}) {
    const FatRequest request = request_with(difficult_files(), size_mib * kMiB);
    const FatVolume volume = lay_out_fat32(request);
    CHECK(volume.data_offset % kMiB == 0);
    uint64_t covered = request.partition_offset;
    uint64_t last_end = 0;
    for (const Extent& extent : volume.extents) {
      CHECK(extent.content.size_bytes() != 0);
      CHECK(extent.offset % kBlockBytes == 0);
      CHECK(extent.offset >= align_up(last_end, kBlockBytes));
      last_end = extent.end();
      if (extent.offset == covered && extent.offset < volume.data_offset) covered = extent.end();
    }
    CHECK(covered == volume.data_offset);
    CHECK(last_end <= request.partition_offset + request.size_bytes);
  }
}

TEST_CASE("FN-1: short names of one folder are all different, and plain ones stay", "[image]") {
  std::set<ShortName> taken;
  std::set<ShortName> given;
  for (int i = 0; i < 2000; ++i)
    CHECK(given.insert(numbered_short_name(fmt::format("collision {}.text", i), taken)).second);
  CHECK(plain_short_name("BOOTX64.EFI") == plain_short_name("bootx64.efi"));
  CHECK(plain_short_name("BOOTX64.EFI").has_value());
  for (const char* name : {"grub.config", "ninechars", "a b", "ä.txt", ".txt", "a.", "x.y.z", "a+b"}) {
    INFO(name);
    CHECK(!plain_short_name(name).has_value());
  }
  CHECK(long_name_entries("BOOTX64.EFI", *plain_short_name("BOOTX64.EFI")).empty());
  // mtools shows no name beyond the first 65,536 characters, so the units are looked at here: 🔑 is two.
  const ByteVector key = long_name_entries("🔑", numbered_short_name("🔑", taken));
  CHECK(read_le<uint32_t>(key, 1) == 0xDD11D83DU);
  CHECK(long_name_entries("bootx64.efi", *plain_short_name("bootx64.efi")).size() == 32);
}

TEST_CASE("names that Windows or FAT would not take are refused with a reason", "[image]") {
  for (const char* name : {"", ".", "..", "a:b", "what?", "end.", "end ", " start", "con", "AUX.txt",
                           "com1.csv", "tab\there", "bad\xFFutf", "back\\slash"}) {
    INFO(name);
    CHECK(fat_name_fault(name).has_value());
    CHECK(id_of(request_with({{name, Content::memory("x")}})) == "image.fat.name");
  }
  CHECK(!fat_name_fault(std::string(255, 'n')).has_value());
  CHECK(fat_name_fault(std::string(256, 'n')).has_value());
  for (const char* name : {"console", "a.b.c", "Ünïcode", "~", "com10"})
    CHECK(!fat_name_fault(name).has_value());
  CHECK(id_of(request_with({{"a/KEYS.txt", Content::memory("x")}, {"a/keys.TXT", Content::memory("y")}})) ==
        "image.fat.same");
  CHECK(id_of(request_with({{"Ä", Content::memory("x")}, {"ä", Content::memory("y")}})) == "image.fat.same");
  CHECK(id_of(request_with({{"a", Content::memory("x")}, {"a/b", Content::memory("y")}})) ==
        "image.fat.same");
}

TEST_CASE("FA-5: what does not fit is refused, with sizes; what just fits is taken", "[image]") {
  FatRequest request = request_with({{"big", Content::file("/nowhere", 0, 40 * kMiB)}}, 40 * kMiB);
  try {
    lay_out_fat32(request);
    FAIL("it was laid out");
  } catch (const Error& error) {
    CHECK(std::string(error.id()) == "image.fat.full");
    CHECK(std::string(error.what()).find("40.0 MiB") != std::string::npos);
  }
  CHECK(id_of(request_with({}, 30 * kMiB)) == "image.fat.small");
  // The largest file that fits leaves no cluster; one more cluster does not fit.
  const FatVolume empty = lay_out_fat32(request_with({}, 40 * kMiB));
  const uint64_t room = align_down(uint64_t{empty.free_clusters} * empty.cluster_bytes, kBlockBytes);
  const FatVolume full = lay_out_fat32(request_with({{"f", Content::file("/nowhere", 0, room)}}, 40 * kMiB));
  CHECK(full.free_clusters < kBlockBytes / full.cluster_bytes);
  CHECK(id_of(request_with({{"f", Content::file("/nowhere", 0, room + 1)}}, 40 * kMiB)) == "image.fat.full");
  // needed_fat32_bytes() leaves what it was asked for.
  request.size_bytes = needed_fat32_bytes(request, 100 * kMiB);
  const FatVolume roomy = lay_out_fat32(request);
  CHECK(uint64_t{roomy.free_clusters} * roomy.cluster_bytes >= 100 * kMiB);
}

TEST_CASE("a label holds what FAT takes of a customer's name", "[image]") {
  CHECK(volume_label("Acme") == "ACME");
  CHECK(volume_label("Müller & Söhne GmbH") == "MULLER _ SO");
  CHECK(volume_label("Фирма 12") == "_____ 12");
  CHECK(volume_label("  x.y  ") == "X_Y");
  CHECK(volume_label("").empty());
  CHECK(volume_label("exactly ten x") == "EXACTLY TEN");
}

}  // namespace mend::image
