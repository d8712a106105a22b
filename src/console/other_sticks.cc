// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/other_sticks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "console/texts.h"
#include "disk/disk.h"
#include "keys/keys.h"

namespace mend::console {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kData = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
constexpr const char* kFatOptions = "utf8=1,shortname=mixed";
constexpr uint64_t kLargestKeyFile = uint64_t{8} << 20;
constexpr size_t kMostFiles = 1000;  // looked at on one stick

// The block devices that may hold a file system: a disk's partitions, and itself.
std::vector<std::string> volumes_of(const std::string& disk) {
  std::vector<std::string> volumes;
  const std::string name = disk.substr(disk.rfind('/') + 1);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/sys/block/" + name, error)) {
    const std::string part = entry.path().filename().string();
    if (part.starts_with(name)) volumes.push_back("/dev/" + part);
  }
  std::sort(volumes.begin(), volumes.end());
  volumes.push_back(disk);
  return volumes;
}

// A volume mounted at a folder of its own, as long as the object lives.
class Mounted {
 public:
  Mounted(const std::string& volume, unsigned long flags) {
    std::string folder = (fs::temp_directory_path() / "other-stick-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return;
    made_ = folder;
    if (::mount(volume.c_str(), folder.c_str(), "vfat", kData | flags, kFatOptions) == 0) folder_ = folder;
  }
  ~Mounted() {
    if (!folder_.empty()) ::umount2(folder_.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
    if (!made_.empty()) ::rmdir(made_.c_str());
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  const std::string& folder() const { return folder_; }  // empty: not mounted

 private:
  std::string made_, folder_;
};

// Calls `take` with the folder of each and its name for people, until it says that this was enough.
void for_each_stick(const OtherSticks& sticks, unsigned long flags,
                    const std::function<bool(const std::string& folder, const std::string& name)>& take) {
  for (const std::string& folder : sticks.folders) {
    if (take(folder, folder)) return;
  }
  if (!sticks.folders.empty()) return;  // a rehearsal: the host's own sticks are not for it
  for (const std::string& disk : disk::external_disks()) {
    if (disk == sticks.stick_device) continue;
    for (const std::string& volume : volumes_of(disk)) {
      const Mounted mounted(volume, flags);
      if (!mounted.folder().empty() && take(mounted.folder(), volume)) return;
    }
  }
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const std::string& place : {folder, folder + "/keys"}) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(place, error)) {
      std::error_code unreadable;
      const uint64_t size = entry.is_regular_file(unreadable) ? entry.file_size(unreadable) : 0;
      if (!unreadable && size != 0 && size <= kLargestKeyFile && files.size() < kMostFiles)
        files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add_keys(const std::string& folder, const std::string& name, FoundKeys& found) {
  std::string taken;
  for (const std::string& file : files_in(folder)) {
    try {
      if (keys::load(file, found.credentials).keys == 0) continue;
      taken += (taken.empty() ? "" : ", ") + printable(file.substr(file.rfind('/') + 1));
    } catch (const Error&) {  // no key file
    }
  }
  if (!taken.empty()) found.where += fmt::format("{}{} ({})", found.where.empty() ? "" : ", ", name, taken);
}

[[noreturn]] void fail(const std::string& why) {
  throw Error(ErrorCode::kIo, "console.save.copy", why);
}

void copy_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) fail(printable(to) + ": " + error.message());
  const int fd = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) fail(printable(to) + ": " + std::strerror(errno));
}

}  // namespace

FoundKeys find_keys(const OtherSticks& sticks) {
  FoundKeys found;
  for_each_stick(sticks, MS_RDONLY, [&](const std::string& folder, const std::string& name) {
    add_keys(folder, name, found);
    return false;
  });
  if (found.credentials.empty()) found.where = texts::kNoKeyFiles;
  return found;
}

FoundKeys keys_in(const std::string& folder) {
  FoundKeys found;
  add_keys(folder, folder, found);
  if (found.credentials.empty()) found.where = texts::kKeysNone;
  return found;
}

std::string save_files(const OtherSticks& sticks, const std::vector<std::string>& files) {
  std::string where, why = texts::kNoOtherStick;
  for_each_stick(sticks, 0, [&](const std::string& folder, const std::string& name) {
    try {
      for (const std::string& file : files) copy_file(file, folder + file.substr(file.rfind('/')));
      where = name;
    } catch (const Error& error) {
      why = error.what();
    }
    return !where.empty();
  });
  if (where.empty()) fail(why);
  return where;
}

}  // namespace mend::console
