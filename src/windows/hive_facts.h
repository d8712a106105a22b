// SPDX-License-Identifier: GPL-3.0-or-later
// What SYSTEM and SOFTWARE say about an installation. Works on a hive in memory, wherever it came from.
#pragma once

#include "windows/hive_memory.h"
#include "windows/installation.h"

namespace mend::windows {

// Fills in what the hive tells, and adds a warning for each thing that is wrong with it (W-1). Nothing is
// thrown but kIo, when this machine cannot start a process. Changes the bytes in memory (hive.h).
void read_system_hive(HiveMemory& memory, Installation& into);
void read_software_hive(HiveMemory& memory, Installation& into);

}  // namespace mend::windows
