// SPDX-License-Identifier: GPL-3.0-or-later
// What stands on one customer's stick: the files of the base, the customer's, and those that are made for the
// image (menu, read-me, image.toml, bill). Private to build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/build.h"

namespace mend::image {

struct StickFiles {
  profile::ImageInfo info;
  FatRequest volume;  // without a size
  std::string bill;
};

// `size_bytes`: as asked for, 0 for the default; a part of what the id is made from.
StickFiles gather_stick_files(const Base& base, const Customer& customer, const BuildOptions& options,
                              uint64_t size_bytes);

}  // namespace mend::image
