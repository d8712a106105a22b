// SPDX-License-Identifier: GPL-3.0-or-later
// The streams of $UsnJrnl as a PC has them after years of use: the beginning of $J was given back, its end
// holds records of version 2, and clusters for the next ones are allocated behind it.
#pragma once

#include <vector>

#include "tools/brokenpc/ntfs_writer.h"

namespace mend::brokenpc {

// `directory`: the record of the folder in which files came and went; times as FILETIME.
std::vector<Stream> change_journal_streams(uint64_t directory, uint64_t installed, uint64_t crashed);

}  // namespace mend::brokenpc
