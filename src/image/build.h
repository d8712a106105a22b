// SPDX-License-Identifier: GPL-3.0-or-later
// Builds one customer's image: what stands in it, its id, the files beside it. `mendstick build` calls it
// once, `batch` once for each customer with one base and one hasher for all.
//
// Invariants
//   BU-1  The same base, customer, time and size give the same bytes, in any folder, on any machine.
//   BU-2  The id is the start of the SHA-256 over all that goes in; two images with one id are the same.
//   BU-3  The image gets its name after everything beside it has: where an image is, its bmap and bill are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "image/bmap.h"
#include "image/customer.h"
#include "image/progress.h"

namespace mend::image {

enum class WholeHash { kNo, kYes };

struct BuildOptions {
  std::string read_me;                     // the template of READ-ME-FIRST.txt
  Time built{};                            // whole seconds
  uint64_t size_bytes = 0;                 // 0: the profile's, or the default, or what is needed
  WholeHash whole_hash = WholeHash::kYes;  // of the image file, into IMG.sha256
};

struct BuiltImage {
  std::string path;
  std::string id;
  uint64_t size_bytes = 0;
  uint64_t mapped_bytes = 0;
  uint64_t free_bytes = 0;                     // for logs
  std::optional<crypto::Sha256Digest> sha256;  // with WholeHash::kYes
};

// SOURCE_DATE_EPOCH where it is set (kUsage "image.build.epoch" when it is no time), else now; whole seconds.
Time build_time(const char* source_date_epoch);

// The template of READ-ME-FIRST.txt out of the parts. kNotFound, with what is missing.
std::string load_read_me(const std::string& parts);

// Makes `path`, and beside it .bmap, .bill.json and, with the whole hash, .sha256. Nothing is left behind
// when it throws, but what was there before. Safe to call from several threads with one `hasher`.
BuiltImage build_image(const Base& base, const Customer& customer, const BuildOptions& options,
                       const std::string& path, RangeHasher& hasher, Progress& progress);

}  // namespace mend::image
