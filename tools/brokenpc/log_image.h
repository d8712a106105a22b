// SPDX-License-Identifier: GPL-3.0-or-later
// What $LogFile holds on a volume that Windows has used: two restart pages and the first checkpoint, with
// empty tables, so there is nothing to replay. mkntfs leaves the rest as 0xFF, which is what a fresh log has.
#pragma once

#include <vector>

#include "tools/brokenpc/brokenpc.h"

namespace mend::brokenpc {

struct LogPage {
  uint64_t offset;  // in the stream
  ByteVector bytes;
};

// Empty for Log::kEmpty. REQUIRES: the stream holds 64 pages of 4096 bytes, which mkntfs grants every volume.
std::vector<LogPage> make_log(uint64_t stream_bytes, uint32_t cluster_bytes, Log state);

}  // namespace mend::brokenpc
