// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/lznt1.h"

#include <algorithm>

#include "base/error.h"

namespace mend::ntfs {
namespace {

constexpr size_t kChunkBytes = 4096;

[[noreturn]] void refuse(const char* id, const char* why) {
  throw Error(ErrorCode::kCorrupt, id, std::string("LZNT1: ") + why);
}

// A token splits its 16 bits by how far into the chunk it stands: 4 bits of distance at the start, 12 at the
// end.
unsigned distance_bits(size_t position) {
  unsigned bits = 4;
  for (size_t reach = position - 1; reach >= 0x10; reach >>= 1) ++bits;
  return bits;
}

// One compressed chunk into `out`, at most kChunkBytes. Returns the bytes written.
size_t decode_chunk(Bytes in, MutableBytes out) {
  size_t at = 0, written = 0;
  while (at < in.size()) {
    const uint8_t flags = in[at++];
    for (unsigned bit = 0; bit < 8 && at < in.size(); ++bit) {
      if ((flags & (1U << bit)) == 0) {
        if (written >= out.size()) refuse("ntfs.lznt1.long", "a chunk holds more than its place");
        out[written++] = in[at++];
        continue;
      }
      if (written == 0) refuse("ntfs.lznt1.first", "a chunk begins with a reference");
      const uint16_t token = read_le<uint16_t>(in, at);
      at += 2;
      const unsigned length_bits = 16 - distance_bits(written);
      const size_t distance = (size_t{token} >> length_bits) + 1;
      const size_t length = (token & ((1U << length_bits) - 1)) + 3;
      if (distance > written) refuse("ntfs.lznt1.distance", "a reference points before its chunk");
      if (length > out.size() - written) refuse("ntfs.lznt1.long", "a chunk holds more than its place");
      for (size_t i = 0; i < length; ++i, ++written)
        out[written] = out[written - distance];  // may overlap itself
    }
  }
  return written;
}

}  // namespace

void decompress_lznt1(Bytes in, MutableBytes out) {
  size_t at = 0;
  for (size_t start = 0; start < out.size(); start += kChunkBytes) {
    MutableBytes place = out.subspan(start, std::min(kChunkBytes, out.size() - start));
    // Header: length of what follows − 1 in 12 bits, signature 3, then whether it is compressed. Zero: the
    // end.
    const bool more = fits(at, 2, in.size());
    const uint16_t header = more ? read_le<uint16_t>(in, at) : uint16_t{0};
    if (header == 0) {
      std::fill(out.begin() + static_cast<ptrdiff_t>(start), out.end(), uint8_t{0});
      return;
    }
    if (((header >> 12) & 7) != 3) refuse("ntfs.lznt1.signature", "a chunk has no signature");
    const size_t length = (header & 0xfffU) + 1;
    if (!fits(at + 2, length, in.size()))
      refuse("ntfs.lznt1.truncated", "a chunk runs past the end of its unit");
    Bytes chunk = in.subspan(at + 2, length);
    size_t written = 0;
    if ((header & 0x8000) != 0) {
      written = decode_chunk(chunk, place);
    } else {
      if (length > place.size()) refuse("ntfs.lznt1.long", "a chunk holds more than its place");
      std::copy(chunk.begin(), chunk.end(), place.begin());
      written = length;
    }
    std::fill(place.begin() + static_cast<ptrdiff_t>(written), place.end(), uint8_t{0});
    at += 2 + length;
  }
}

}  // namespace mend::ntfs
