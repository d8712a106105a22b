// SPDX-License-Identifier: GPL-3.0-or-later
// The map beside an image (bmaptool's format, version 2.0): which of its blocks mean something, with a
// SHA-256 for each range of them. It makes writing a stick short, and says what is on one. Written for every
// image; read by `mendstick write` and `verify`, from bmaptool too.
//
// Invariants
//   BM-1  What parse_bmap() returns has ranges that ascend, do not overlap, and lie within the image.
//   BM-2  A range is one extent of the image: where files lie on a stick, a range is a file.
// RangeHasher may be used from several threads; the rest are values.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/sha256.h"
#include "image/disk_image.h"

namespace mend::image {

struct BmapRange {
  uint64_t first_block = 0;
  uint64_t last_block = 0;  // included
  crypto::Sha256Digest sha256{};

  uint64_t offset() const { return first_block * kBlockBytes; }
  uint64_t size_bytes() const { return (last_block - first_block + 1) * kBlockBytes; }
};

struct Bmap {
  uint64_t image_bytes = 0;
  std::vector<BmapRange> ranges;

  uint64_t mapped_bytes() const;
};

// Hashes content, filled up with zeros to whole blocks. What comes from a file, and zeros, are hashed once
// and remembered: the same base is in every image of a batch. REQUIRES: those files do not change.
class RangeHasher {
 public:
  crypto::Sha256Digest hash(const Content& content);

 private:
  std::mutex mutex_;
  std::map<std::string, crypto::Sha256Digest> known_;
};

Bmap make_bmap(const DiskImage& disk, RangeHasher& hasher);

std::string to_xml(const Bmap& bmap);
// `file_name` is for messages. kUsage "image.bmap.…": no bmap, not version 2 with SHA-256, or its own
// checksum does not hold.
Bmap parse_bmap(std::string_view text, const std::string& file_name);
Bmap load_bmap(const std::string& path);

}  // namespace mend::image
