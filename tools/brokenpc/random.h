// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers that follow from a seed and a purpose (P-1): each part of the image draws from its own stream, so a
// change in one part leaves the others as they were. Not for keys that protect anything: a 64-bit seed can be
// guessed. These keys open a rehearsal image and say so.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/guid.h"

namespace mend::brokenpc {

class Random {
 public:
  Random(uint64_t seed, std::string_view purpose);

  uint64_t next();
  // In [0, limit). REQUIRES: limit is not 0.
  uint64_t below(uint64_t limit) { return next() % limit; }
  void fill(MutableBytes out);
  ByteVector bytes(size_t size);
  // A GUID of version 4.
  Guid guid();

 private:
  uint64_t state_[4];
};

}  // namespace mend::brokenpc
