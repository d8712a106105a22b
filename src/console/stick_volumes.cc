// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/stick_volumes.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "disk/content.h"
#include "profile/stick.h"

namespace mend::console {
namespace {

namespace fs = std::filesystem;
using disk::Content;

constexpr unsigned long kData = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
constexpr size_t kStartBytes = 4096;  // one sector of any disk

// An open waits until the kernel has read the partition table of a disk that has just come.
Content content_of(const std::string& volume) {
  const int fd = ::open(volume.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Content::kUnknown;
  std::array<uint8_t, kStartBytes> start{};
  const ssize_t count = ::pread(fd, start.data(), start.size(), 0);
  ::close(fd);
  return count <= 0 ? Content::kUnknown : disk::classify(Bytes(start).first(static_cast<size_t>(count)));
}

}  // namespace

std::vector<StickVolume> volumes_of(const std::string& disk) {
  const std::string name = disk.substr(disk.rfind('/') + 1);
  const StickVolume whole{disk, content_of(disk)};
  std::vector<StickVolume> volumes;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/block/" + name, error)) {
    const std::string part = entry.path().filename().string();
    if (part.starts_with(name)) volumes.push_back({"/dev/" + part, content_of("/dev/" + part)});
  }
  // A boot sector where the table should be: what was read as partitions is none.
  if (volumes.empty() || whole.content == Content::kFat || whole.content == Content::kNtfs) return {whole};
  std::sort(volumes.begin(), volumes.end(),
            [](const StickVolume& a, const StickVolume& b) { return a.path < b.path; });
  return volumes;
}

int mount_volume(const std::string& volume, const std::string& folder, Rights rights) {
  const unsigned long flags = kData | (rights == Rights::kRead ? unsigned{MS_RDONLY} : 0U);
  if (::mount(volume.c_str(), folder.c_str(), "vfat", flags, stick::kFatOptions) == 0) return 0;
  if (errno != EINVAL) return errno;  // not FAT
  return ::mount(volume.c_str(), folder.c_str(), "exfat", flags, nullptr) == 0 ? 0 : errno;
}

Mounted::Mounted(const std::string& volume, Rights rights) {
  std::string folder = (fs::temp_directory_path() / "other-stick-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    error_ = errno;
    return;
  }
  folder_ = folder;
  error_ = mount_volume(volume, folder_, rights);
}

Mounted::~Mounted() {
  if (error_ == 0) ::umount2(folder_.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

}  // namespace mend::console
