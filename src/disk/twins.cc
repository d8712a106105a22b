// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "disk/disk.h"

namespace mend::disk {
namespace {

// "naa.0000000000000000", "eui.00…": an adapter that has no name to give.
bool tells_something(const std::string& wwn) {
  const size_t dot = wwn.find('.');
  return std::any_of(wwn.begin() + static_cast<ptrdiff_t>(dot == std::string::npos ? 0 : dot + 1), wwn.end(),
                     [](char c) { return c != '0' && c != ' ' && c != '-' && c != '.'; });
}

std::string what_they_share(const Disk& a, const Disk& b) {
  if (tells_something(a.identity.wwn) && a.identity.wwn == b.identity.wwn)
    return "world wide name " + a.identity.wwn;
  if (a.identity.disk_guid && !a.identity.disk_guid->is_zero() &&
      a.identity.disk_guid == b.identity.disk_guid) {
    return "disk GUID " + a.identity.disk_guid->to_string();
  }
  if (a.identity.mbr_signature && a.identity.mbr_signature == b.identity.mbr_signature) {
    return fmt::format("disk signature {:08x}", *a.identity.mbr_signature);
  }
  for (const Partition& partition : a.partitions) {
    if (!partition.partition_guid || partition.partition_guid->is_zero()) continue;
    for (const Partition& other : b.partitions) {
      if (partition.partition_guid == other.partition_guid) {
        return "partition GUID " + partition.partition_guid->to_string();
      }
    }
  }
  return {};
}

}  // namespace

std::vector<std::optional<std::string>> find_twins(const std::vector<Disk>& disks) {
  std::vector<std::optional<std::string>> reasons(disks.size());
  for (size_t i = 0; i < disks.size(); ++i) {
    for (size_t j = 0; j < disks.size() && !reasons[i]; ++j) {
      if (i == j) continue;
      const std::string shared = what_they_share(disks[i], disks[j]);
      if (shared.empty()) continue;
      reasons[i] = fmt::format(
          "it has the same {} as {}: a mirror, a copy, or one disk seen by two paths. Nothing is changed on "
          "either. "
          "Name the right one with --disk, or detach the other",
          shared, disks[j].identity.path);
    }
  }
  return reasons;
}

}  // namespace mend::disk
