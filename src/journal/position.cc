// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/position.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace mend::journal {
namespace {

constexpr size_t kTearBytes = 512;
constexpr size_t kReadBytes = size_t{1} << 20;

// Each sector is that of one or that of the other.
bool is_mix(Bytes found, Bytes one, Bytes other) {
  for (size_t at = 0; at < found.size(); at += kTearBytes) {
    const size_t length = std::min(kTearBytes, found.size() - at);
    const Bytes sector = found.subspan(at, length);
    if (!equal(sector, one.subspan(at, length)) && !equal(sector, other.subspan(at, length))) return false;
  }
  return true;
}

// A stage that sets the dirty flag, and the one that puts it back.
struct FlagStages {
  block::Stage set, restore;
};
constexpr FlagStages kFlagStages[] = {{block::Stage::kReplayDirtySet, block::Stage::kReplayDirtyRestore},
                                      {block::Stage::kDirtySet, block::Stage::kDirtyRestore}};

// What one block's bytes allow.
struct Fit {
  size_t image = Placement::kTorn;
  unsigned positions = 0;
  bool anywhere = false;
};

Fit fit(const Journal& journal, const Block& block, Bytes found) {
  Fit result;
  const size_t count = block.images.size();
  std::vector<bool> equals(count), mixes(count);  // mixes[i]: of images i and i + 1
  for (size_t i = 0; i < count; ++i) {
    equals[i] = equal(found, block.images[i].bytes);
    if (equals[i]) result.image = i;
  }
  for (size_t i = 0; i + 1 < count; ++i) {
    mixes[i] = equals[i] || equals[i + 1] || is_mix(found, block.images[i].bytes, block.images[i + 1].bytes);
    result.anywhere = result.anywhere || mixes[i];
  }
  for (size_t position = 0; position <= journal.stages().size(); ++position) {
    const size_t here = image_at(journal, block, position);
    const size_t next = position < journal.stages().size() ? image_at(journal, block, position + 1) : here;
    if (here == next ? equals[here] : mixes[here]) result.positions |= 1u << position;
  }
  return result;
}

std::string place_text(const Journal& journal, uint64_t disk_offset) {
  return "disk offset " + std::to_string(disk_offset) + " (" + describe(journal.target()) + ")";
}

bool witnesses_hold(const Journal& journal, block::BlockReader& disk, Placement& placement) {
  for (const WitnessBlock& witness : journal.witnesses()) {
    ByteVector found(witness.length);
    disk.read_uncached(witness.offset, found);
    placement.bytes_read += found.size();
    if (crypto::sha256(found) == witness.sha256) continue;
    placement.conflict =
        "the log or the state of the volume changed, at " + place_text(journal, witness.offset);
    return false;
  }
  return true;
}

// Every sector that the flag's stage changes is as that stage, or one before the flag's restoring, has it.
bool block_shows_flag(const Block& block, size_t flag_image, block::Stage restore, Bytes found) {
  for (size_t at = 0; at < found.size(); at += kTearBytes) {
    const size_t length = std::min(kTearBytes, found.size() - at);
    const auto sector = [&](size_t image) { return Bytes(block.images[image].bytes).subspan(at, length); };
    if (equal(sector(flag_image), sector(flag_image - 1))) continue;
    bool shows = false;
    for (size_t i = flag_image; i < block.images.size() && block.images[i].stage < restore; ++i)
      shows = shows || equal(found.subspan(at, length), sector(i));
    if (!shows) return false;
  }
  return true;
}

bool shows_flag(const Journal& journal, block::BlockReader& disk, const FlagStages& flag) {
  bool any = false;
  for (const Block& block : journal.blocks()) {
    for (size_t i = 1; i < block.images.size(); ++i) {
      if (block.images[i].stage != flag.set) continue;
      any = true;
      ByteVector found(block.images[i].bytes.size());
      disk.read_uncached(block.offset, found);
      if (!block_shows_flag(block, i, flag.restore, found)) return false;
    }
  }
  return any;
}

}  // namespace

bool shows_dirty_flag(const Journal& journal, block::BlockReader& disk) {
  return std::any_of(std::begin(kFlagStages), std::end(kFlagStages),
                     [&](const FlagStages& flag) { return shows_flag(journal, disk, flag); });
}

std::optional<block::Stage> flag_at(const Journal& journal, size_t position) {
  for (const FlagStages& flag : kFlagStages) {
    const auto done = [&](block::Stage stage) {
      return position != 0 && journal.stages()[position - 1] >= stage;
    };
    const bool has =
        std::find(journal.stages().begin(), journal.stages().end(), flag.set) != journal.stages().end();
    if (has && done(flag.set) && !done(flag.restore)) return flag.set;
  }
  return std::nullopt;
}

size_t image_at(const Journal& journal, const Block& block, size_t position) {
  size_t image = 0;
  while (image + 1 < block.images.size() && position > 0 &&
         block.images[image + 1].stage <= journal.stages()[position - 1]) {
    ++image;
  }
  return image;
}

bool Placement::is_at(const Journal& journal, size_t position) const {
  for (size_t i = 0; i < images.size(); ++i) {
    const Block& block = journal.blocks()[i];
    if (images[i] == kTorn ||
        block.images[images[i]].bytes != block.images[image_at(journal, block, position)].bytes)
      return false;
  }
  return true;
}

Placement locate(const Journal& journal, block::BlockReader& disk, Reporter& report, Step step) {
  const std::vector<Block>& blocks = journal.blocks();
  Placement placement;
  placement.positions = (1u << (journal.stages().size() + 1)) - 1;
  placement.images.assign(blocks.size(), Placement::kTorn);
  if (!witnesses_hold(journal, disk, placement)) return placement;
  ByteVector buffer;
  for (size_t first = 0; first < blocks.size();) {
    // Neighbours in one read.
    size_t last = first;
    uint64_t end = blocks[first].offset + blocks[first].images[0].bytes.size();
    while (last + 1 < blocks.size() && blocks[last + 1].offset == end &&
           end - blocks[first].offset < kReadBytes)
      end += blocks[++last].images[0].bytes.size();
    buffer.resize(static_cast<size_t>(end - blocks[first].offset));
    disk.read_uncached(blocks[first].offset, buffer);
    placement.bytes_read += buffer.size();
    for (size_t i = first; i <= last; ++i) {
      const Bytes found =
          slice(Bytes(buffer), blocks[i].offset - blocks[first].offset, blocks[i].images[0].bytes.size());
      const Fit place = fit(journal, blocks[i], found);
      placement.images[i] = place.image;
      placement.positions &= place.positions;
      if (place.image == Placement::kTorn) ++placement.torn_blocks;
      if (place.anywhere) continue;
      placement.conflict =
          "bytes that are neither the old nor the new ones, at " + place_text(journal, blocks[i].offset);
      return placement;
    }
    first = last + 1;
    report(step, first, blocks.size());
  }
  return placement;
}

}  // namespace mend::journal
