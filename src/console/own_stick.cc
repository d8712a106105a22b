// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/own_stick.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "console/stick_volumes.h"
#include "crypto/random.h"
#include "profile/stick.h"

namespace mend::console {
namespace {

constexpr size_t kStickIdBytes = 8;

std::string path_of_id(const std::string& stick) {
  return stick + "/" + std::string(stick::kStickId);
}

// Empty when there is none yet, or what a power cut left of it.
std::string read_id(const std::string& stick) {
  try {
    const ByteVector text = read_file(path_of_id(stick), 64);
    std::string id(trim_ascii(as_text(text)));
    const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (id.size() == 2 * kStickIdBytes && std::all_of(id.begin(), id.end(), hex)) return id;
  } catch (const Error&) {
  }
  return {};
}

}  // namespace

std::string stick_id(const std::string& stick) {
  if (std::string id = read_id(stick); !id.empty()) return id;
  std::array<uint8_t, kStickIdBytes> bytes{};
  crypto::random_bytes(bytes);
  std::string id = to_hex(bytes);
  const std::string line = id + "\n";
  const int fd = ::open(path_of_id(stick).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return {};
  const bool written =
      ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  return written ? id : std::string();
}

Return take_back(OwnStick& stick, const std::string& disk) {
  if (stick.id.empty()) return Return::kAnother;
  for (const StickVolume& volume : volumes_of(disk)) {
    if (volume.content != disk::Content::kFat) continue;
    if (const Mounted mounted(volume.path, Rights::kRead);
        mounted.error() != 0 || read_id(mounted.folder()) != stick.id)
      continue;
    // Over the dead one: so that there is no moment in which the run finds an empty folder.
    stick.device = disk;
    if (mount_volume(volume.path, stick.folder, Rights::kReadWrite) == 0) return Return::kBack;
    mount_volume(volume.path, stick.folder, Rights::kRead);
    return Return::kNotWritable;
  }
  return Return::kAnother;
}

}  // namespace mend::console
