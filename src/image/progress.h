// SPDX-License-Identifier: GPL-3.0-or-later
// What building a base, an image or a batch of them tells while it goes on. `mendstick` implements it with a
// line that changes; tests with one that keeps what it was told. Called from one thread at a time.
#pragma once

#include <string_view>

namespace mend::image {

class Progress {
 public:
  virtual ~Progress() = default;
  // What is being done, such as "downloading linux-image-…", and how much of that: 0 to 1, or negative when
  // nobody knows. May be called often; showing fewer is the callee's part.
  virtual void step(std::string_view what, double fraction) = 0;
  // Something that the preparer should read, and that is no error: one line that stays.
  virtual void note(std::string_view what) = 0;
};

// Says nothing.
class SilentProgress : public Progress {
 public:
  void step(std::string_view what, double fraction) override;
  void note(std::string_view what) override;
};

}  // namespace mend::image
