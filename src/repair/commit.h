// SPDX-License-Identifier: GPL-3.0-or-later
// The phase that writes: the prepared stages of one volume, through a journal, to the disk. The only place
// where a disk is opened for writing; and what goes on with the journals that an earlier run left.
#pragma once

#include "journal/commit.h"
#include "repair/look.h"
#include "repair/record.h"

namespace mend::repair {

// The volume's place and names, as the journal is bound to them.
journal::Target target_of(const OpenDisk& disk, const disk::Partition& partition);
// The partition of the disk that a journal was made for; null when none fits.
const disk::Partition* find_target(const journal::Target& target, const OpenDisk& disk);

// Journals `after`'s stages and writes them. Sets verdict, reason, journal and counters in the report; throws
// only what was thrown before the first write. `stage_bytes` etc. are in the report.
void commit(Volume& volume, const Stack& after, Recorder& recorder, const Report& report, Operator& person);

// Finishes every open journal of the directory whose volume is among the disks. What belongs to other
// machines is named in the notes and left alone; what cannot be resumed sets stuck_journal. REQUIRES: no
// volume of the disks is in use.
void resume_all(const std::string& directory, std::vector<OpenDisk>& disks, Recorder& recorder,
                Report& report, Operator& person);

}  // namespace mend::repair
