// SPDX-License-Identifier: GPL-3.0-or-later
// The stick's session, what `mend console` runs: looks, repairs or asks by the profile's mode, holds the
// verdict on the screens until the technician has read it, and does what they choose then. What it shows is
// decided by dialog.h, where by screens.h; what it does to a disk goes through repair/, on the thread of
// runner.h.
//
// Invariants
//   CO-1  Without a stick that takes a log no disk is touched, and the screen says so.
//   CO-2  Nothing ends the session before its verdict, or what went wrong, has been on the screen and a
//   person
//         had the time to read it: pulling the stick, a key, or the profile's restart_after.
//   CO-3  In mode `ask` nothing is written without a yes; in mode `scan` nothing is written to a disk.
//   CO-4  A stick that is put back is taken up again. A run that waited for a person goes on; one that ended
//         without a log, and so without having changed anything, begins again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "console/screens.h"
#include "profile/profile.h"
#include "profile/stick.h"
#include "repair/request.h"

namespace mend::console {

struct Session {
  std::string stick;         // where it is mounted
  std::string stick_device;  // its block device now, such as /dev/sda; empty: cannot be pulled
  profile::Profile profile;
  profile::ImageInfo image;
  profile::Mode mode = profile::Mode::kAuto;
  std::string profile_signer;               // the id of the key that signed it; empty: nobody
  bool debug = false;                       // every step stays on the screen
  bool disks_named = false;                 // for rehearsals; else find_disks() looks again for each run
  std::vector<std::string> external_disks;  // on USB and the like: never repaired from here, only looked at
  std::vector<std::string> key_folders;     // instead of other sticks, for rehearsals
  std::vector<std::string> key_notes;       // what was wrong in the key files
  std::string warning;                      // on every page; may be empty
  repair::Request request;                  // disks, manifests, keys and policy; the rest is filled in here
  // Reads what the stick brings, manifests and keys, once the screens show whose stick it is: 100,000 keys
  // take seconds. An Error ends the session before any disk is looked at.
  std::function<void(Session&)> load = [](Session&) {};
};

// The disks that are there now: those built in to repair, the others to look at.
void find_disks(Session& session);

// The whole of it. What goes wrong is shown, not thrown.
stick::Next run(Session& session, const ScreenOptions& options);

// An error that kept the session from beginning, such as a profile with a mistake; waits as CO-2 says.
stick::Next show_failure(const ScreenOptions& options, const std::string& stick_device,
                         const std::string& what);

}  // namespace mend::console
