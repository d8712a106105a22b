// SPDX-License-Identifier: GPL-3.0-or-later
// Writes that stay in memory over a reader that is never written. The one place where a repair exists before
// it is committed. It lies directly over the disk, below windows and BitLocker, so what it holds is what the
// disk would hold.
//
// Invariants
//   O-1  The reader below is never written: the type does not let us.
//   O-2  A read sees the writes before it, and the reader below elsewhere.
//   O-3  Blocks are aligned on the disk, to its physical block or 4096 bytes, whichever is larger, so that a
//        torn write never reaches bytes that the journal does not hold.
//   O-4  A stage holds one image of a block, only of blocks that differ from the image before it, in order of
//        offset.
//   O-5  The bytes of a block before its first write are kept: what original() and the journal get is what
//        was there when the repair was made, whatever happens below since.
#pragma once

#include <map>
#include <vector>

#include "block/block_device.h"

namespace mend::block {

// What a stage of a commit is for, in the order in which stages are written (DESIGN: commit order).
enum class Stage : uint8_t {
  kHibernation = 1,         // header page of hiberfil.sys, where its session is discarded
  kReplayDirtySet = 2,      // the volume's dirty flag set, where the log's replay changes something
  kReplay = 3,              // blocks that the replay changed, before it takes anything back
  kLogRestart = 4,          // the log's restart pages
  kUndo = 5,                // blocks in which the replay took something back
  kReplayDirtyRestore = 6,  // the dirty flag as the log leaves it
  kDirtySet = 7,            // the volume's dirty flag set
  kEdits = 8,               // what the manifest asked for
  kDirtyRestore = 9,        // the dirty flag back to what it was
};
std::string_view to_string(Stage stage);

struct StageImages {
  Stage stage;
  std::map<uint64_t, ByteVector> blocks;  // disk offset → bytes; a block at the disk's end may be short
};

class Overlay : public BlockDevice {
 public:
  static constexpr uint32_t kMinimumBlockBytes = 4096;

  // kUnsupported when the physical block is no power of two.
  explicit Overlay(std::shared_ptr<BlockReader> below);
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  uint64_t size_bytes() const override { return below_->size_bytes(); }
  uint32_t sector_bytes() const override { return below_->sector_bytes(); }
  uint32_t physical_block_bytes() const override { return below_->physical_block_bytes(); }
  std::string describe() const override { return below_->describe(); }
  void read(uint64_t offset, MutableBytes out) override;
  void forget_cached(uint64_t offset, uint64_t length) override { below_->forget_cached(offset, length); }
  // A failing read of the block below leaves the overlay as it was.
  void write(uint64_t offset, Bytes data) override;
  void flush() override {}  // nothing here is durable, by design

  uint32_t block_bytes() const { return block_bytes_; }
  // Closes the stage: all that was written since the last call. A stage without a change is not kept.
  // kRefused "block.overlay.stage" when stages do not end in their order.
  void end_stage(Stage stage);
  const std::vector<StageImages>& stages() const { return stages_; }
  // Offsets of all blocks that differ from the disk, of closed stages and of the open one, in order.
  std::vector<uint64_t> changed_blocks() const;
  // The block as it was before its first write; as the disk has it now when there was none. REQUIRES:
  // aligned.
  ByteVector original_block(uint64_t offset);
  // The whole disk as original_block() tells it. Lives as long as the overlay.
  BlockReader& original() { return original_; }
  // Forgets everything.
  void discard();
  // Another overlay over the same reader with the same closed stages, for more to be written. What is in the
  // open stage does not go along.
  std::shared_ptr<Overlay> copy() const;

 private:
  class Original : public BlockReader {
   public:
    explicit Original(Overlay& overlay) : overlay_(overlay) {}
    uint64_t size_bytes() const override { return overlay_.size_bytes(); }
    uint32_t sector_bytes() const override { return overlay_.sector_bytes(); }
    uint32_t physical_block_bytes() const override { return overlay_.physical_block_bytes(); }
    std::string describe() const override { return overlay_.describe(); }
    void read(uint64_t offset, MutableBytes out) override;

   private:
    Overlay& overlay_;
  };
  using Blocks = std::map<uint64_t, ByteVector>;
  using BlockPointers = std::map<uint64_t, const ByteVector*>;

  uint64_t block_length(uint64_t offset) const;
  template <typename Held>  // Blocks or BlockPointers
  void read_through(const Held& held, uint64_t offset, MutableBytes out);
  // The image of the last closed stage that has one, else the original. REQUIRES: the block was written once.
  const ByteVector& closed_image(uint64_t block_offset) const;
  void keep_originals(uint64_t offset, uint64_t length);

  std::shared_ptr<BlockReader> below_;
  uint32_t block_bytes_;
  std::vector<StageImages> stages_;
  Blocks open_;           // written since the last end_stage()
  Blocks originals_;      // of every block ever written
  BlockPointers newest_;  // what a read sees, into stages_ or open_
  Original original_;
};

}  // namespace mend::block
