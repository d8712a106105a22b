// SPDX-License-Identifier: GPL-3.0-or-later
// The operations by which NTFS would have brought one structure from one state to another, each with its redo
// and its undo. Pure; shares no code with src/ntfs.
#pragma once

#include <vector>

#include "tools/brokenpc/log_writer.h"
#include "tools/brokenpc/snapshot.h"

namespace mend::brokenpc {

// In order; target, VCN and LCNs are the caller's to fill in. `before`: null for an index block in a cluster
// that was free. Empty where nothing differs but LSN and check values.
std::vector<LogOp> changes_of(const Structure* before, const Structure& after);

}  // namespace mend::brokenpc
