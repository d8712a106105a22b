// SPDX-License-Identifier: GPL-3.0-or-later
// Where the partitions lie, and the tables that say so. Own writer: no partitioning program has to be there.
#pragma once

#include "tools/brokenpc/brokenpc.h"
#include "tools/brokenpc/image_file.h"
#include "tools/brokenpc/random.h"

namespace mend::brokenpc {

constexpr uint64_t kMebibyte = 1 << 20;

// The partitions that Windows Setup makes, in disk order, aligned to 1 MiB. kUsage when the size does not
// hold them.
std::vector<Partition> plan_partitions(const Options& options, Random& random);

// Protective MBR, both headers and both arrays of entries.
void write_gpt(ImageFile& image, uint32_t sector_bytes, const Guid& disk_guid,
               const std::vector<Partition>& partitions);
// Primary entries; with Table::kMbrLogical all but the first lie in an extended partition.
void write_mbr(ImageFile& image, uint32_t sector_bytes, uint32_t signature, Table table,
               const std::vector<Partition>& partitions);

}  // namespace mend::brokenpc
