// SPDX-License-Identifier: GPL-3.0-or-later
// The stick that the session runs from: whether it is there, and how it is taken up again when it was pulled
// out and put back, perhaps into another port and under another name.
//
// Invariants
//   OS-1  Only the stick itself is mounted in its place: the id that its first boot has written is on it. A
//         second stick of the same image is another one.
#pragma once

#include <string>

namespace mend::console {

// "mendstick/stick-id" of the stick, made when it is not there; empty when it cannot be made.
std::string stick_id(const std::string& stick);

struct OwnStick {
  std::string folder;  // where it is mounted
  std::string device;  // such as /dev/sda; empty: cannot be pulled
  std::string id;      // stick_id()
};

enum class Return { kAnother, kBack, kNotWritable };
// Whether the disk that has come is the stick; if so it is mounted in the place of what is gone, and
// `stick.device` is its new name.
Return take_back(OwnStick& stick, const std::string& disk);

}  // namespace mend::console
