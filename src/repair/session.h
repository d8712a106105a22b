// SPDX-License-Identifier: GPL-3.0-or-later
// A session of Windows that was saved (hibernation, fast startup) is the machine's, not one volume's: it
// believes every volume that was in use unchanged. Values in and out; writes nothing.
//
// Invariants
//   RS-1  A session with somebody's open work is given up only where the policy says "all".
//   RS-2  While a session is saved on one volume of the machine, or may be on one that is locked and of
//         unknown role, no other volume is written to. A session that this run gives up is given up first;
//         of two, one would still be saved while the other's volume is written, so neither volume is.
//   RS-3  A session never lies, ready to be taken up, on a machine with a volume that was changed since it
//   was
//         saved: not after a power cut (W-7), not after an undo (undo.h).
#pragma once

#include "repair/look.h"
#include "repair/phases.h"

namespace mend::repair {

// May the run give up what hiberfil.sys holds?
bool may_discard(const Request& request, ntfs::Hibernation found);

// Volumes whose session is given up come first.
void order_by_session(std::vector<Work>& work);

// Refuses each volume that a session on another one forbids to touch. A session counts as given up where its
// volume's work is planned or ready and the policy allows it.
void hold_back(std::vector<Work>& work, const std::vector<Volume>& volumes, const Request& request);
// The same for a scan, which plans nothing: by policy alone.
void hold_back(std::vector<Volume>& volumes, const Request& request);

}  // namespace mend::repair
