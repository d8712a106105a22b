// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/fve_volume.h"

#include <algorithm>

#include "tools/brokenpc/fve_crypto.h"

namespace mend::brokenpc {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;

void encrypt_range(ImageFile& image, uint64_t volume_offset, uint64_t start, uint64_t end,
                   SectorCipher& cipher) {
  ByteVector buffer(static_cast<size_t>(std::min(kPieceBytes, end - start)));
  while (start < end) {
    MutableBytes piece = MutableBytes(buffer).first(static_cast<size_t>(std::min(kPieceBytes, end - start)));
    image.read(volume_offset + start, piece);
    cipher.encrypt(start, piece);
    image.write(volume_offset + start, piece);
    start += piece.size();
  }
}

bool is_used(const ByteVector& bitmap, uint64_t cluster) {
  return (bitmap[static_cast<size_t>(cluster / 8)] >> (cluster % 8) & 1) != 0;
}

}  // namespace

void encrypt_volume(ImageFile& image, const PlainVolume& volume, const FveLayout& layout, const Fve& fve,
                    const Options& options) {
  SectorCipher cipher(options.method, fve.volume_key, options.sector_bytes);
  // The header is encrypted for the place that it moves to.
  ByteVector header(kVolumeHeaderBytes);
  image.read(volume.offset, header);
  cipher.encrypt(layout.header_offset, header);

  // What lies beyond the last whole cluster (the spare boot sector) belongs to the volume as well.
  uint64_t clusters = (volume.size_bytes - options.sector_bytes) / volume.cluster_bytes;
  uint64_t tail = clusters * volume.cluster_bytes;
  for (uint64_t first = 0; first < clusters;) {
    if (!options.encrypt_all && first % 8 == 0 && volume.used_clusters[static_cast<size_t>(first / 8)] == 0) {
      first += 8;
      continue;
    }
    uint64_t end = first;
    while (end < clusters && (options.encrypt_all || is_used(volume.used_clusters, end))) ++end;
    if (end > first)
      encrypt_range(image, volume.offset, first * volume.cluster_bytes, end * volume.cluster_bytes, cipher);
    first = end + 1;
  }
  encrypt_range(image, volume.offset, tail, volume.size_bytes, cipher);

  image.write(volume.offset + layout.header_offset, header);
  for (uint64_t offset : layout.metadata_offsets) image.write(volume.offset + offset, fve.block);
  image.write(volume.offset, make_fve_boot_sector(layout, volume.cluster_bytes, volume.offset));
}

}  // namespace mend::brokenpc
