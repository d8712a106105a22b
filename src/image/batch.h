// SPDX-License-Identifier: GPL-3.0-or-later
// An image for every customer of a folder, from one base, several at a time. Used by `mendstick batch`.
//
// Invariants
//   BA-1  What is wrong with one customer costs that customer's image only; it is named with the reason.
//   BA-2  The shards I/N of one folder, for I from 1 to N, have each customer exactly once, on any machine;
//         a customer that comes or goes moves no other one.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/build.h"

namespace mend::image {

struct Shard {
  uint32_t index = 1;  // from 1
  uint32_t count = 1;
};
// "3/8". kUsage "image.batch.shard".
Shard parse_shard(std::string_view text);
bool is_in_shard(std::string_view customer_name, const Shard& shard);

struct BatchRequest {
  std::string customers;  // the folder of their folders
  std::string output;     // a folder; made when it is not there
  unsigned jobs = 0;      // at a time; 0: as many as there are processors
  Shard shard;
  trust::TrustedKeys trusted;
  BuildOptions options;
};

struct BatchFailure {
  std::string customer;
  std::string why;
};

struct BatchResult {
  size_t built = 0;
  size_t with_keys = 0;                // images that hold keys
  size_t in_other_shards = 0;          // customers that are theirs
  std::vector<BatchFailure> failures;  // by name
};

// `stop`, when it turns true, lets the images that are being built be finished, and begins no other; those
// that are missing are failures. Throws only what is wrong with the batch as a whole.
BatchResult build_batch(const Base& base, const BatchRequest& request, const std::atomic<bool>& stop,
                        Progress& progress);

}  // namespace mend::image
