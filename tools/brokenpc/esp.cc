// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/esp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/error.h"
#include "tools/brokenpc/content.h"
#include "tools/brokenpc/partition_table.h"
#include "tools/brokenpc/program.h"
#include "tools/brokenpc/windows_hives.h"

namespace mend::brokenpc {
namespace {

struct File {
  const char* directory;
  const char* name;
  uint64_t size_bytes;
};
constexpr std::array<const char*, 8> kDirectories = {"EFI",
                                                     "EFI/Boot",
                                                     "EFI/Microsoft",
                                                     "EFI/Microsoft/Boot",
                                                     "EFI/Microsoft/Boot/de-DE",
                                                     "EFI/Microsoft/Boot/en-US",
                                                     "EFI/Microsoft/Boot/Fonts",
                                                     "EFI/Microsoft/Boot/Resources"};
constexpr std::array<File, 12> kFiles = {{
    {"EFI/Boot", "bootx64.efi", 2000},
    {"EFI/Microsoft/Boot", "bootmgfw.efi", 2000},
    {"EFI/Microsoft/Boot", "bootmgr.efi", 1980},
    {"EFI/Microsoft/Boot", "memtest.efi", 1300},
    {"EFI/Microsoft/Boot", "BCD", 0},
    {"EFI/Microsoft/Boot", "boot.stl", 9},
    {"EFI/Microsoft/Boot/de-DE", "bootmgfw.efi.mui", 78},
    {"EFI/Microsoft/Boot/en-US", "bootmgfw.efi.mui", 78},
    {"EFI/Microsoft/Boot/Fonts", "segoe_slboot.ttf", 86},
    {"EFI/Microsoft/Boot/Fonts", "wgl4_boot.ttf", 48},
    {"EFI/Microsoft/Boot/Resources", "bootres.dll", 90},
    {"EFI/Microsoft/Boot/Resources", "de-DE.dll", 12},
}};

void set_time(const std::string& path, uint64_t when) {
  time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(from_filetime(when)));
  timespec times[2] = {{seconds, 0}, {seconds, 0}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) throw_errno("brokenpc.esp.time", path, errno);
}

}  // namespace

void make_esp(const ImageFile& image, const Partition& partition, uint32_t sector_bytes,
              const Machine& machine, uint64_t seed, const TemporaryDirectory& scratch) {
  // FAT32 wants 65,525 clusters; what is smaller is FAT16, which firmware reads as well.
  bool fat32 = partition.size_bytes / sector_bytes > 66000;
  uint64_t epoch = (machine.installed - filetime("1970-01-01T00:00:00Z")) / 10000000;
  std::vector<std::string> environment = {"SOURCE_DATE_EPOCH=" + std::to_string(epoch),
                                          "MTOOLS_SKIP_CHECK=1"};
  std::string fat = scratch.file("esp");
  { ImageFile::create(fat, partition.size_bytes); }
  Random random(seed, "esp");
  char serial[9];
  std::snprintf(serial, sizeof serial, "%08x", static_cast<unsigned>(random.next() & UINT32_MAX));
  run_program(
      {"mkfs.fat", "--invariant", "-F", fat32 ? "32" : "16", "-s", "1", "-S", std::to_string(sector_bytes),
       "-h", std::to_string(partition.offset / sector_bytes), "-i", serial, "-n", "SYSTEM", fat},
      "dosfstools", environment);

  std::vector<std::string> make_directories = {"mmd", "-i", fat};
  for (const char* directory : kDirectories) make_directories.push_back("::" + std::string(directory));
  run_program(make_directories, "mtools", environment);
  uint64_t largest = partition.size_bytes / 64;
  for (const char* directory : kDirectories) {
    std::vector<std::string> copy = {"mcopy", "-m", "-i", fat};
    std::filesystem::create_directories(scratch.file(directory));
    for (const File& file : kFiles) {
      if (std::string_view(file.directory) != directory) continue;
      std::string path = scratch.file(std::string(directory) + "/" + file.name);
      if (file.size_bytes == 0) {
        write_file(path, make_boot_hive(machine, scratch.file("hive")));
      } else {
        Content content = program_content(std::min(file.size_bytes * 1024, largest), Random(seed, file.name));
        ByteVector bytes(static_cast<size_t>(content.size_bytes));
        content.fill(0, bytes);
        write_file(path, bytes);
      }
      set_time(path, file.size_bytes == 0 ? machine.installed : machine.built);
      copy.push_back(path);
    }
    if (copy.size() == 4) continue;
    copy.push_back("::" + std::string(directory));
    run_program(copy, "mtools", environment);
  }
  ImageFile target = ImageFile::open(image.path());
  target.copy_from(ImageFile::open(fat), 0, partition.offset, partition.size_bytes);
}

}  // namespace mend::brokenpc
