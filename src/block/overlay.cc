// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/overlay.h"

#include <algorithm>
#include <type_traits>

#include "base/error.h"

namespace mend::block {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::kHibernation:
      return "hibernation";
    case Stage::kReplayDirtySet:
      return "replay-dirty-set";
    case Stage::kReplay:
      return "replay";
    case Stage::kLogRestart:
      return "log-restart";
    case Stage::kUndo:
      return "undo";
    case Stage::kReplayDirtyRestore:
      return "replay-dirty-restore";
    case Stage::kDirtySet:
      return "dirty-set";
    case Stage::kEdits:
      return "edits";
    case Stage::kDirtyRestore:
      return "dirty-restore";
  }
  return "unknown";
}

// newest_ points into the maps, whose nodes must stay where they are when the vector grows.
static_assert(std::is_nothrow_move_constructible_v<StageImages>);

Overlay::Overlay(std::shared_ptr<BlockReader> below)
    : below_(std::move(below)),
      block_bytes_(std::max(kMinimumBlockBytes, below_->physical_block_bytes())),
      original_(*this) {
  if (!is_power_of_two(block_bytes_)) {
    throw Error(ErrorCode::kUnsupported, "block.overlay.geometry",
                below_->describe() + " says that its physical block has " + std::to_string(block_bytes_) +
                    " bytes, which is no power of two");
  }
}

uint64_t Overlay::block_length(uint64_t offset) const {
  return std::min<uint64_t>(block_bytes_, size_bytes() - offset);
}

namespace {
const ByteVector& image_of(const ByteVector& bytes) {
  return bytes;
}
const ByteVector& image_of(const ByteVector* bytes) {
  return *bytes;
}
}  // namespace

// What is held comes from memory; each gap between held blocks is one read below.
template <typename Held>
void Overlay::read_through(const Held& held, uint64_t offset, MutableBytes out) {
  auto next = held.lower_bound(align_down(offset, block_bytes_));
  size_t done = 0;
  while (done < out.size()) {
    const uint64_t at = offset + done;
    size_t length = out.size() - done;
    if (next == held.end() || next->first > at) {
      if (next != held.end()) length = static_cast<size_t>(std::min<uint64_t>(length, next->first - at));
      below_->read(at, out.subspan(done, length));
    } else {
      const ByteVector& image = image_of(next->second);
      const size_t skip = static_cast<size_t>(at - next->first);
      length = std::min(length, image.size() - skip);
      std::copy_n(image.begin() + static_cast<ptrdiff_t>(skip), length,
                  out.begin() + static_cast<ptrdiff_t>(done));
      ++next;
    }
    done += length;
  }
}

void Overlay::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  read_through(newest_, offset, out);
}

void Overlay::Original::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  overlay_.read_through(overlay_.originals_, offset, out);
}

const ByteVector& Overlay::closed_image(uint64_t block_offset) const {
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    const auto found = stage->blocks.find(block_offset);
    if (found != stage->blocks.end()) return found->second;
  }
  return originals_.at(block_offset);
}

// One read for each gap between blocks whose original is kept.
void Overlay::keep_originals(uint64_t offset, uint64_t length) {
  const uint64_t end = offset + length;
  for (uint64_t at = align_down(offset, block_bytes_); at < end;) {
    const auto next = originals_.lower_bound(at);
    const uint64_t gap_end =
        next == originals_.end() ? end : std::min(end, next->first);  // `end` may lie inside a block
    if (gap_end <= at) {
      at += block_bytes_;
      continue;
    }
    const uint64_t last = align_down(gap_end - 1, block_bytes_);
    const ByteVector bytes = below_->read_bytes(at, last + block_length(last) - at);
    for (uint64_t block = at; block <= last; block += block_bytes_) {
      const auto from = bytes.begin() + static_cast<ptrdiff_t>(block - at);
      originals_.emplace(block, ByteVector(from, from + static_cast<ptrdiff_t>(block_length(block))));
    }
    at = last + block_bytes_;
  }
}

void Overlay::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  keep_originals(offset, data.size());
  size_t done = 0;
  while (done < data.size()) {
    const uint64_t at = offset + done;
    const uint64_t block = align_down(at, block_bytes_);
    auto found = open_.find(block);
    if (found == open_.end()) {
      found = open_.emplace(block, closed_image(block)).first;
      newest_[block] = &found->second;
    }
    ByteVector& image = found->second;
    const size_t skip = static_cast<size_t>(at - block);
    const size_t length = std::min(data.size() - done, image.size() - skip);
    std::copy_n(data.begin() + static_cast<ptrdiff_t>(done), length,
                image.begin() + static_cast<ptrdiff_t>(skip));
    done += length;
  }
}

void Overlay::end_stage(Stage stage) {
  if (!stages_.empty() && stages_.back().stage >= stage) {
    throw Error(ErrorCode::kRefused, "block.overlay.stage",
                "the stages of a commit were closed out of order");
  }
  StageImages images{stage, {}};
  while (!open_.empty()) {
    auto node = open_.extract(open_.begin());  // the node moves, so the image keeps its address
    const ByteVector& before = closed_image(node.key());
    if (before == node.mapped()) {
      newest_[node.key()] = &before;
    } else {
      images.blocks.insert(images.blocks.end(), std::move(node));
    }
  }
  if (!images.blocks.empty()) stages_.push_back(std::move(images));
}

std::vector<uint64_t> Overlay::changed_blocks() const {
  std::vector<uint64_t> changed;
  for (const auto& [offset, image] : newest_) {
    if (*image != originals_.at(offset)) changed.push_back(offset);
  }
  return changed;
}

ByteVector Overlay::original_block(uint64_t offset) {
  const auto found = originals_.find(offset);
  if (found != originals_.end()) return found->second;
  check_range(offset, 1, "read");
  return below_->read_bytes(offset, block_length(offset));
}

void Overlay::discard() {
  newest_.clear();
  stages_.clear();
  open_.clear();
  originals_.clear();
}

std::shared_ptr<Overlay> Overlay::copy() const {
  auto other = std::make_shared<Overlay>(below_);
  other->originals_ = originals_;
  other->stages_ = stages_;
  for (const auto& [offset, bytes] : other->originals_) other->newest_[offset] = &bytes;
  for (const StageImages& stage : other->stages_) {
    for (const auto& [offset, bytes] : stage.blocks) other->newest_[offset] = &bytes;
  }
  return other;
}

}  // namespace mend::block
