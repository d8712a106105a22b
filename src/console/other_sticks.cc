// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/other_sticks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "console/stick_volumes.h"
#include "console/texts.h"
#include "disk/disk.h"
#include "keys/keys.h"

namespace mend::console {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestKeyFile = uint64_t{8} << 20;
constexpr size_t kMostFiles = 1000;  // looked at on one stick

const char* words_of(disk::Content content) {
  switch (content) {
    case disk::Content::kNtfs:
      return texts::kHoldsNtfs;
    case disk::Content::kBitlocker:
      return texts::kHoldsBitlocker;
    case disk::Content::kEmpty:
      return texts::kHoldsNothing;
    default:
      return texts::kHoldsOther;
  }
}

const char* words_of(int mount_error) {
  if (mount_error == EROFS || mount_error == EACCES) return texts::kWriteProtected;
  return mount_error == ENODEV ? texts::kNoDriver : std::strerror(mount_error);
}

void add(std::string& list, const std::string& text, const char* between = ", ") {
  list += (list.empty() ? "" : between) + text;
}

// Calls `take` with the folder of each and its name for people, until it says that this was enough. Returns
// what is to be said of those that could not be used.
std::string for_each_stick(
    const OtherSticks& sticks, Rights rights,
    const std::function<bool(const std::string& folder, const std::string& name)>& take) {
  for (const std::string& folder : sticks.folders) {
    if (take(folder, folder)) return {};
  }
  if (!sticks.folders.empty()) return {};  // a rehearsal: the host's own sticks are not for it
  std::string remarks;
  for (const std::string& disk : disk::external_disks()) {
    if (disk == sticks.stick_device) continue;
    const std::vector<StickVolume> volumes = volumes_of(disk);
    bool usable = false;
    for (const StickVolume& volume : volumes) {
      if (volume.content != disk::Content::kFat) continue;
      usable = true;
      const Mounted mounted(volume.path, rights);
      if (mounted.error() != 0)
        add(remarks, fmt::format(texts::kNotMounted, volume.path, words_of(mounted.error())), " ");
      else if (take(mounted.folder(), volume.path))
        return {};
    }
    if (!usable)
      add(remarks, fmt::format(texts::kNotForUs, volumes.front().path, words_of(volumes.front().content)),
          " ");
  }
  return remarks;
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
      add(taken, printable(file.substr(file.rfind('/') + 1)));
    } catch (const Error&) {  // no key file
    }
  }
  if (!taken.empty()) add(found.where, fmt::format("{} ({})", name, taken));
}

[[noreturn]] void fail(const std::string& why) {
  throw Error(ErrorCode::kIo, "console.save.copy", why);
}

void copy_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (!error) {
    const int fd = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::fsync(fd) != 0) error.assign(errno, std::generic_category());
    if (fd >= 0) ::close(fd);
  }
  if (!error) return;
  std::error_code ignored;
  fs::remove(to, ignored);  // a part of a log helps nobody
  fail(error.message());
}

}  // namespace

FoundKeys find_keys(const OtherSticks& sticks) {
  FoundKeys found;
  std::string looked_at;
  const std::string remarks =
      for_each_stick(sticks, Rights::kRead, [&](const std::string& folder, const std::string& name) {
        add_keys(folder, name, found);
        add(looked_at, name);
        return false;
      });
  if (!found.credentials.empty()) return found;
  found.where = looked_at.empty() ? "" : fmt::format(texts::kNoKeyFileOn, looked_at);
  if (!remarks.empty()) add(found.where, remarks, " ");
  if (found.where.empty()) found.where = texts::kNoKeyFiles;
  return found;
}

FoundKeys keys_in(const std::string& folder) {
  FoundKeys found;
  add_keys(folder, folder, found);
  if (found.credentials.empty()) found.where = texts::kKeysNone;
  return found;
}

std::string save_files(const OtherSticks& sticks, const std::vector<std::string>& files) {
  std::string where, why;
  for (const std::string& file : files) {
    if (::access(file.c_str(), R_OK) != 0) fail(texts::kLogNotThere);
  }
  const std::string remarks =
      for_each_stick(sticks, Rights::kReadWrite, [&](const std::string& folder, const std::string& name) {
        try {
          for (const std::string& file : files) copy_file(file, folder + file.substr(file.rfind('/')));
          where = name;
        } catch (const Error& error) {
          add(why, fmt::format(texts::kNotMounted, name, error.what()), " ");
        }
        return !where.empty();
      });
  if (!where.empty()) return where;
  if (!remarks.empty()) add(why, remarks, " ");
  fail(why.empty() ? texts::kNoOtherStick : why);
}

}  // namespace mend::console
