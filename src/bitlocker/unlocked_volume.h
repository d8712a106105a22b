// SPDX-License-Identifier: GPL-3.0-or-later
// The plaintext view of a BitLocker volume, as a block device over the encrypted one.
//
// Invariants
//   V-1  Reads of the metadata blocks and of the moved header's storage give zeros; writes there are kRefused
//        "bitlocker.write.metadata", before anything of that write is passed on.
//   V-2  The first bytes of the plaintext volume (moved_header().length) are served from, and written to,
//   their
//        storage, enciphered for the place where they lie.
//   V-3  What is written below is whole sectors, enciphered with the sector's own place; the rest of a sector
//   that
//        is written in part keeps its plaintext.
//   V-4  Never more than one piece (1 MiB) of plaintext is held, and it is wiped before the object goes.
//   V-5  Version 1 (Vista) is read only: kRefused "bitlocker.write.vista".
// Owns the layer below through a shared_ptr. Not thread-safe.
#pragma once

#include <memory>

#include "bitlocker/metadata.h"
#include "bitlocker/unlock.h"
#include "block/block_device.h"

namespace mend::bitlocker {

class SectorCipher;

class UnlockedVolume : public block::BlockDevice {
 public:
  // kUnsupported with metadata.unsupported(); kCorrupt when the metadata does not fit `below` (another
  // device).
  UnlockedVolume(std::shared_ptr<block::BlockDevice> below, const Metadata& metadata,
                 const std::shared_ptr<const VolumeKeys>& keys);
  ~UnlockedVolume() override;

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_bytes() const override { return sector_bytes_; }
  uint32_t physical_block_bytes() const override;
  std::string describe() const override;
  void read(uint64_t offset, MutableBytes out) override;
  void forget_cached(uint64_t offset, uint64_t length) override;
  void write(uint64_t offset, Bytes data) override;
  void flush() override;

 private:
  // A stretch of the volume that is served in one way.
  struct Segment {
    uint64_t start, end;  // of the plaintext volume
    enum class Kind { kCipher, kZero, kClear, kVistaBoot } kind;
    uint64_t device_offset;  // where `start` lies below
  };
  void build_segments(const Metadata& metadata);
  void add_segment(uint64_t start, uint64_t end, Segment::Kind kind, uint64_t device_offset);
  const Segment& segment_at(uint64_t offset) const;
  // Calls visit(segment, offset below, bytes before this part, bytes of this part).
  template <typename Visit>
  void for_each_part(uint64_t offset, uint64_t length, Visit visit) const;
  MutableBytes buffer();
  // One sector in plaintext, in the buffer.
  MutableBytes read_sector(uint64_t device_offset);
  void read_cipher(uint64_t device_offset, MutableBytes out);
  void write_cipher(uint64_t device_offset, Bytes data);
  void read_vista_boot(uint64_t device_offset, MutableBytes out);

  std::shared_ptr<block::BlockDevice> below_;
  uint64_t size_bytes_ = 0;
  uint32_t sector_bytes_ = 512;
  bool read_only_ = false;
  uint64_t vista_mft_mirror_cluster_ = 0;
  std::vector<Segment> segments_;
  std::unique_ptr<SectorCipher> cipher_;
  Secret buffer_;  // kept from the first write or partial read on
};

}  // namespace mend::bitlocker
