// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/ntfs_device.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

extern "C" {
#include <ntfs-3g/device.h>
}
#undef min
#undef max

#include "base/error.h"
#include "tools/brokenpc/program.h"

namespace mend::brokenpc {
namespace {

ImageWindow& window_of(ntfs_device* device) {
  return *static_cast<ImageWindow*>(device->d_private);
}

template <typename Body>
s64 guarded(ntfs_device* device, s64 count, Body body) noexcept {
  ImageWindow& window = window_of(device);
  try {
    body(window);
    return count;
  } catch (...) {
    if (window.error == nullptr) window.error = std::current_exception();
    errno = EIO;
    return -1;
  }
}

int device_open(ntfs_device* device, int) {
  NDevSetOpen(device);
  return 0;
}
int device_close(ntfs_device* device) {
  device->d_state &= ~(1UL << ND_Open);
  return 0;
}
s64 device_seek(ntfs_device*, s64 offset, int) {
  return offset;
}
s64 device_read(ntfs_device*, void*, s64) {
  errno = EOPNOTSUPP;
  return -1;
}
s64 device_write(ntfs_device*, const void*, s64) {
  errno = EOPNOTSUPP;
  return -1;
}
s64 device_pread(ntfs_device* device, void* buffer, s64 count, s64 offset) {
  return guarded(device, count, [&](ImageWindow& window) {
    uint64_t at = static_cast<uint64_t>(offset);
    uint64_t length = static_cast<uint64_t>(count);
    if (!fits(at, length, window.size_bytes)) throw_out_of_bounds(at, length, window.size_bytes);
    window.image.read(window.offset + at, {static_cast<uint8_t*>(buffer), length});
  });
}
s64 device_pwrite(ntfs_device* device, const void* buffer, s64 count, s64 offset) {
  return guarded(device, count, [&](ImageWindow& window) {
    uint64_t at = static_cast<uint64_t>(offset);
    uint64_t length = static_cast<uint64_t>(count);
    if (!fits(at, length, window.size_bytes)) throw_out_of_bounds(at, length, window.size_bytes);
    window.image.write(window.offset + at, {static_cast<const uint8_t*>(buffer), length});
    NDevSetDirty(device);
  });
}
int device_sync(ntfs_device* device) {
  device->d_state &= ~(1UL << ND_Dirty);
  return 0;
}
int device_stat(ntfs_device* device, struct stat* info) {
  std::memset(info, 0, sizeof *info);
  info->st_mode = S_IFREG;
  info->st_size = static_cast<off_t>(window_of(device).size_bytes);
  return 0;
}
int device_ioctl(ntfs_device*, unsigned long, void*) {
  errno = EOPNOTSUPP;
  return -1;
}
ntfs_device_operations g_operations = {device_open,  device_close,  device_seek, device_read, device_write,
                                       device_pread, device_pwrite, device_sync, device_stat, device_ioctl};

}  // namespace

ntfs_device* make_ntfs_device(ImageWindow& window) {
  return ntfs_device_alloc("image", 0, &g_operations, &window);
}

void format_volume(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
                   const std::string& scratch) {
  // mkntfs formats a whole file: a sparse one of the volume's size, whose content then moves to its place.
  ImageFile volume = ImageFile::create(scratch, size_bytes);
  run_program({"mkntfs", "--quick", "--force", "--quiet", "--zero-time", "--sector-size",
               std::to_string(options.sector_bytes), "--cluster-size", std::to_string(options.cluster_bytes),
               "--partition-start", std::to_string(offset / options.sector_bytes & UINT32_MAX), "--heads",
               "255", "--sectors-per-track", "63", "--label", options.label, scratch},
              "ntfs-3g");
  image.copy_from(volume, 0, offset, size_bytes);
  ::unlink(scratch.c_str());
  // mkntfs derives the serial number from the time, which is fixed here.
  uint8_t serial[8];
  write_le<uint64_t>(serial, 0, options.serial);
  uint64_t last_sector = offset + size_bytes - options.sector_bytes;
  for (uint64_t boot : {offset, last_sector}) image.write(boot + 0x48, serial);
}

}  // namespace mend::brokenpc
