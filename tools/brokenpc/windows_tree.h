// SPDX-License-Identifier: GPL-3.0-or-later
// What is on the Windows volume: the system, the user, the incident, and files of every kind that a repair
// may meet (hard links, streams, compressed, sparse, reparse points, names in many scripts).
#pragma once

#include "tools/brokenpc/tree_builder.h"
#include "tools/brokenpc/windows_hives.h"

namespace mend::brokenpc {

struct TreeOptions {
  const Options& options;
  const Machine& machine;
  uint64_t seed;
  uint64_t volume_bytes;
};

void make_windows_tree(TreeBuilder& tree, const TreeOptions& options, const std::vector<NamedHive>& hives,
                       const ByteVector& user_hive);
// The files that broke the PC, and their neighbours.
void make_incident(TreeBuilder& tree, const TreeOptions& options);
// --files and --big-directory.
void make_many_files(TreeBuilder& tree, const TreeOptions& options);
void make_recovery_tree(TreeBuilder& tree, const TreeOptions& options);
// The active partition of an MBR disk.
void make_system_tree(TreeBuilder& tree, const TreeOptions& options, const ByteVector& boot_hive);

}  // namespace mend::brokenpc
