// SPDX-License-Identifier: GPL-3.0-or-later
// Every bit flipped, every length cut: whatever stands on a disk, a reader answers with a value or with an
// Error.
#pragma once

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/error_id.h"

namespace mend::test {

// Calls `read(bytes)` with each bit of `good` flipped in turn. Returns how many were refused; anything but an
// Error of a kind that a disk may cause fails the test.
template <typename Read>
size_t flip_every_bit(const ByteVector& good, Read&& read) {
  size_t refused = 0;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    ByteVector bad = good;
    bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    try {
      read(bad);
    } catch (const Error& error) {
      ++refused;
      if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported &&
          error.code() != ErrorCode::kNotFound)
        FAIL("bit " << bit << ": " << error.id() << ": " << error.what());
    }
  }
  return refused;
}

// Calls `read(bytes)` with the first n bytes for every n below the whole. Each byte lies at the end of an
// allocation of its own, so that a sanitizer sees the first one that is read too far.
template <typename Read>
size_t cut_every_length(const ByteVector& good, Read&& read) {
  size_t refused = 0;
  for (size_t length = 0; length < good.size(); ++length) {
    ByteVector cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));
    cut.shrink_to_fit();
    try {
      read(cut);
    } catch (const Error& error) {
      ++refused;
      if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported)
        FAIL("length " << length << ": " << error.id() << ": " << error.what());
    }
  }
  return refused;
}

}  // namespace mend::test
