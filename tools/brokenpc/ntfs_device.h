// SPDX-License-Identifier: GPL-3.0-or-later
// A part of an image as libntfs-3g sees it: a device of its own operations, without sync. And mkntfs on it.
#pragma once

#include <exception>
#include <string>

#include "tools/brokenpc/image_file.h"

struct ntfs_device;

namespace mend::brokenpc {

// Errors are latched: the library knows only errno.
struct ImageWindow {
  ImageFile& image;
  uint64_t offset;
  uint64_t size_bytes;
  std::exception_ptr error;
};

// Borrows the window. Freed by ntfs_umount, or by the caller where no volume came of it. Null without memory.
ntfs_device* make_ntfs_device(ImageWindow& window);

struct FormatOptions {
  uint32_t sector_bytes = 512;
  uint32_t cluster_bytes = 4096;
  std::string label;
  uint64_t serial = 0;
};

// `scratch` is a path for a temporary sparse file.
void format_volume(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
                   const std::string& scratch);

}  // namespace mend::brokenpc
