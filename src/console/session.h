// SPDX-License-Identifier: GPL-3.0-or-later
// The stick's session, what `mend console` runs: looks, repairs or asks by the profile's mode, and holds the
// verdict on the screen until the technician has read it. Lines of text; it owns no menu and edits no disk
// itself: everything goes through repair/.
//
// Invariants
//   CO-1  Without a stick that takes a log no disk is touched, and the screen says so.
//   CO-2  Nothing ends the session before its verdict, or what went wrong, has been on the screen and a
//   person
//         had the time to read it: pulling the stick, a key, or the profile's restart_after.
//   CO-3  In mode `ask` nothing is written without a yes; in mode `scan` nothing is written to a disk.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "profile/profile.h"
#include "profile/stick.h"
#include "repair/request.h"
#include "screen/screen.h"

namespace mend::console {

struct Session {
  std::string stick;         // where it is mounted
  std::string stick_device;  // its block device, such as /dev/sda; empty: cannot be pulled
  profile::Profile profile;
  profile::ImageInfo image;
  profile::Mode mode = profile::Mode::kAuto;
  bool debug = false;                       // every step stays on the screen
  std::vector<std::string> external_disks;  // on USB and the like: never repaired from here, only looked at
  std::vector<std::string> key_notes;       // what was wrong in the key files
  repair::Request request;                  // disks, manifests, keys and policy; the rest is filled in here
};

// The whole of it. What goes wrong is shown, not thrown.
stick::Next run(Session& session, screen::Screen& screen);

// An error that kept the session from beginning, such as a profile with a mistake; waits as CO-2 says.
stick::Next show_failure(screen::Screen& screen, const std::string& stick_device, const std::string& what);

// "mendstick/stick-id" of the stick, made when it is not there; empty when it cannot be made.
std::string stick_id(const std::string& stick);

}  // namespace mend::console
