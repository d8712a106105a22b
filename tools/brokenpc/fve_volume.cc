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

void for_each_run(const PlainVolume& volume, bool used,
                  const std::function<void(uint64_t start, uint64_t end)>& visit) {
  const ByteVector& bitmap = volume.used_clusters;
  uint8_t other = used ? 0x00 : 0xff;
  for (uint64_t first = 0; first < volume.cluster_count;) {
    if (first % 8 == 0 && bitmap[static_cast<size_t>(first / 8)] == other) {
      first += 8;
      continue;
    }
    uint64_t end = first;
    while (end < volume.cluster_count && is_used(bitmap, end) == used) ++end;
    if (end > first) visit(first * volume.cluster_bytes, end * volume.cluster_bytes);
    first = end + 1;
  }
}

void encrypt_volume(ImageFile& image, const PlainVolume& volume, const FveLayout& layout, const Fve& fve,
                    const Options& options) {
  SectorCipher cipher(options.method, fve.volume_key, options.sector_bytes);
  // The header is encrypted for the place that it moves to.
  ByteVector header(kVolumeHeaderBytes);
  image.read(volume.offset, header);
  cipher.encrypt(layout.header_offset, header);

  auto encrypt = [&](uint64_t start, uint64_t end) {
    encrypt_range(image, volume.offset, start, end, cipher);
  };
  for_each_run(volume, true, encrypt);
  if (options.encrypt_all) for_each_run(volume, false, encrypt);
  // What lies beyond the last whole cluster, such as the spare boot sector, belongs to the volume as well.
  encrypt(volume.cluster_count * volume.cluster_bytes, volume.size_bytes);

  image.write(volume.offset + layout.header_offset, header);
  for (uint64_t offset : layout.metadata_offsets) image.write(volume.offset + offset, fve.block);
  image.write(volume.offset, make_fve_boot_sector(layout, volume.cluster_bytes, volume.offset));
}

}  // namespace mend::brokenpc
