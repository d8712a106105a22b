// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/block_device.h"

#include "base/error.h"

namespace mend::block {

ByteVector BlockReader::read_bytes(uint64_t offset, uint64_t length) {
  check_range(offset, length, "read");
  ByteVector bytes(static_cast<size_t>(length));
  read(offset, bytes);
  return bytes;
}

void BlockReader::check_range(uint64_t offset, uint64_t length, const char* verb) const {
  if (fits(offset, length, size_bytes())) return;
  throw Error(ErrorCode::kIo, "block.range",
              std::string("cannot ") + verb + " " + std::to_string(length) + " bytes at offset " +
                  std::to_string(offset) + " of " + describe() + ", which has " +
                  std::to_string(size_bytes()) + " bytes");
}

}  // namespace mend::block
