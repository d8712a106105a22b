// SPDX-License-Identifier: GPL-3.0-or-later
// Turns an NTFS volume inside an image into a BitLocker volume, in place: sectors encrypted where they stand,
// the volume header moved, the metadata written into the clusters of the files that were made for them.
#pragma once

#include <functional>

#include "tools/brokenpc/fve_metadata.h"
#include "tools/brokenpc/image_file.h"

namespace mend::brokenpc {

struct PlainVolume {
  uint64_t offset = 0;  // in the image
  uint64_t size_bytes = 0;
  uint32_t cluster_bytes = 0;
  ByteVector used_clusters;  // one bit each
  uint64_t cluster_count = 0;
};

// Calls `visit` with each run of clusters that are in use, or that are not.
void for_each_run(const PlainVolume& volume, bool used,
                  const std::function<void(uint64_t start, uint64_t end)>& visit);

// REQUIRES: metadata and moved header lie in clusters of their own that nothing else uses.
void encrypt_volume(ImageFile& image, const PlainVolume& volume, const FveLayout& layout, const Fve& fve,
                    const Options& options);

}  // namespace mend::brokenpc
