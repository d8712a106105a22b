// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of several files made one set. Used by load.cc and gather.cc.
#pragma once

#include "keys/keys.h"

namespace mend::keys {

// Moves what was found behind what is there and drops what is there twice: the same protector ID with the
// same password, the same startup key. The first keeps its place; the later of two dates counts, with its
// host. Adds to the report's keys and duplicates.
void merge(bitlocker::Credentials&& found, bitlocker::Credentials& into, ImportReport& report);

// Where one protector ID has several passwords, an export is wrong or old: keeps the newest, when all are
// dated and one is the newest. Where that cannot be told, all are kept, since any may be the right one. Each
// such ID becomes a problem; how many passwords were dropped. For the preparer's gathering only: `mend` tries
// them all.
size_t keep_newest(bitlocker::Credentials& credentials, ImportReport& report);

}  // namespace mend::keys
