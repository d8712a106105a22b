// SPDX-License-Identifier: GPL-3.0-or-later
// The journal of one commit to one volume: the old and the new bytes of every block that will change, in a
// file on the stick. It is all that resume and undo need: no key, no manifest, no file system. What it holds
// of an encrypted volume is ciphertext. Layout: FORMAT.md. commit.h walks the disk by it.
//
// Invariants
//   J-1  A journal file is never overwritten, nor written but by its own states: creation is exclusive.
//   J-2  It becomes valid only after all of it, and its directory entry, is durable and has been read back
//        past the cache. Until commit() makes it valid, it says that nothing was written.
//   J-3  The valid mark is durable, in both state sectors, before the first block of the disk is overwritten.
//   J-4  A torn write of a state leaves the state before it; a state never goes back.
//   J-5  No journal with a damaged byte is used: each byte is under a checksum, and open() checks all of
//        them. (One damaged state sector is no harm: the other one counts.)
//   J-6  Once opened, the images are in memory: a stick that vanishes does not stop a walk that has begun.
// Owns its file. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guid.h"
#include "block/overlay.h"
#include "journal/store.h"

namespace mend::journal {

// The volume that a journal belongs to.
struct Target {
  std::string disk_serial, disk_model;  // UTF-8, cut after 255 bytes; empty where not known
  uint64_t disk_size_bytes = 0;
  Guid disk_guid, partition_guid;  // zero where there is no GPT
  uint32_t mbr_signature = 0;
  uint64_t partition_offset = 0, partition_size = 0;
};
// What tells the two apart, for the technician ("serial S1 instead of S2"); empty when it is the same volume.
// An empty serial fits any other.
std::vector<std::string> differences(const Target& recorded, const Target& present);
// "disk S4EVNX0N (Samsung SSD 970), partition 4967d63b-…"
std::string describe(const Target& target);

// Bytes that change when Windows uses the volume ($LogFile's restart pages, the $Volume record), as they were
// seen when the repair was planned. Any alignment. Blocks that are journaled themselves count by their
// images.
struct Witness {
  uint64_t disk_offset = 0;
  ByteVector bytes;
};

enum class State : uint32_t {
  kEmpty = 1,        // never valid: nothing was written to the disk
  kValid = 2,        // a commit was begun, or was about to
  kClosed = 3,       // all new images are on the disk and were read back
  kRollingBack = 4,  // the disk failed during the commit; the old images are being put back
  kRolledBack = 5,   // all old images are on the disk; or nothing was written
  kUndoing = 6,      // undo was begun
  kUndone = 7,       // all old images are on the disk
};
std::string_view to_string(State state);
// Is there something left to do: kValid, kRollingBack, kUndoing.
bool is_open(State state);

enum class Step { kJournal, kCompare, kWrite, kReadBack, kRollBack };
// How much is done of how much in all, of one step. What it throws is swallowed: no display stops a commit.
using Progress = std::function<void(Step step, uint64_t done, uint64_t total)>;

// What a journal is made from.
struct Request {
  std::string run_id;  // at most 255 bytes
  Time created;
  Target target;
  uint32_t block_bytes = 0;  // of the overlay
  std::vector<Witness> witnesses;
};

// One image of a block. images[0] of a block is the old one (no stage); the others in order of stages.
struct Image {
  std::optional<block::Stage> stage;
  ByteVector bytes;
};
struct Block {
  uint64_t offset = 0;        // on the disk, aligned to block_bytes
  std::vector<Image> images;  // at least two; each differs from the one before
};
// A block that is not written, but must be as it was.
struct WitnessBlock {
  uint64_t offset = 0;
  uint32_t length = 0;
  std::array<uint8_t, 32> sha256{};
};

class Journal {
 public:
  // Makes the file PATH (conventionally *.undo), at full size, durable and read back; commit() makes it
  // valid. Reads the old images and the witnesses' blocks through `original`. On failure the file is removed
  // where that can be done, and the disk needs nothing. kUsage "journal.create.nothing" without a stage;
  // kRefused "journal.store.exists" when PATH exists; kIo when the stick is full or fails; kConflict
  // "journal.create.witness" when a witness is no longer there.
  static Journal create(const std::string& path, const Request& request,
                        const std::vector<block::StageImages>& stages, block::BlockReader& original,
                        const Progress& progress = {});
  static Journal create(std::shared_ptr<Store> store, const std::string& name, const Request& request,
                        const std::vector<block::StageImages>& stages, block::BlockReader& original,
                        const Progress& progress = {});
  // Bytes that create() will need on the stick, for the space check before.
  static uint64_t file_bytes(const Request& request, const std::vector<block::StageImages>& stages);

  // Reads and checks all of it. kCorrupt "journal.…" names what is wrong with a damaged one; kNotFound. One
  // that never became valid opens as kEmpty, whatever else is in it.
  static Journal open(const std::string& path);
  static Journal open(std::shared_ptr<Store> store, const std::string& name);

  State state() const { return state_; }
  std::string path() const;
  const std::string& run_id() const { return run_id_; }
  Time created() const { return created_; }
  // False for an empty journal whose header was not written.
  bool has_target() const { return has_target_; }
  const Target& target() const { return target_; }
  uint32_t block_bytes() const { return block_bytes_; }
  // In order of disk offset; empty in state kEmpty.
  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<WitnessBlock>& witnesses() const { return witnesses_; }
  // The stages that have images, in order.
  const std::vector<block::Stage>& stages() const { return stages_; }

  // Made by create() in this process and not yet committed: nothing was written by it.
  bool is_fresh() const { return fresh_; }
  // For commit.h: J-3. On failure (kIo) the journal may be valid, and nothing was written to the disk.
  void make_valid();

  // Writes the state durably and reads it back. kIo when the stick fails: the state before it then stands,
  // here and, as far as can be known, there. For commit.h.
  void mark(State state);

 private:
  friend struct Codec;
  Journal() = default;

  std::shared_ptr<Store> store_;
  std::string name_;
  std::unique_ptr<block::BlockDevice> file_;
  State state_ = State::kEmpty;
  bool fresh_ = false;
  uint64_t sequence_ = 0;
  std::array<uint8_t, 16> id_{};
  std::array<uint8_t, 32> header_digest_{};
  std::string run_id_;
  Time created_{};
  bool has_target_ = false;
  Target target_;
  uint32_t block_bytes_ = 0;
  std::vector<Block> blocks_;
  std::vector<WitnessBlock> witnesses_;
  std::vector<block::Stage> stages_;
};

// One file of a directory's journals, looked at without being kept open.
struct Listing {
  std::string path;
  State state = State::kEmpty;
  std::string run_id;
  Time created{};
  bool has_target = false;
  Target target;
  std::optional<std::string> problem;  // damaged: what is wrong; the other fields are as far as known
};
// All *.undo of the directory, in order of name. A directory that is not there has none.
std::vector<Listing> list(const std::string& directory);
// Those of list() with work left, and the damaged ones.
std::vector<Listing> find_open(const std::string& directory);

}  // namespace mend::journal
