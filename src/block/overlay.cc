// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/overlay.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace mend::block {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::kHibernation:
      return "hibernation";
    case Stage::kReplay:
      return "replay";
    case Stage::kLogRestart:
      return "log-restart";
    case Stage::kDirtySet:
      return "dirty-set";
    case Stage::kEdits:
      return "edits";
    case Stage::kDirtyRestore:
      return "dirty-restore";
  }
  return "unknown";
}

Overlay::Overlay(std::shared_ptr<BlockReader> below)
    : below_(std::move(below)), block_bytes_(std::max(kMinimumBlockBytes, below_->physical_block_bytes())) {}

uint64_t Overlay::block_length(uint64_t offset) const {
  return std::min<uint64_t>(block_bytes_, size_bytes() - offset);
}

const ByteVector* Overlay::find_closed(uint64_t block_offset) const {
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    const auto found = stage->blocks.find(block_offset);
    if (found != stage->blocks.end()) return &found->second;
  }
  return nullptr;
}

const ByteVector* Overlay::find(uint64_t block_offset) const {
  const auto found = open_.find(block_offset);
  return found != open_.end() ? &found->second : find_closed(block_offset);
}

void Overlay::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  if (stages_.empty() && open_.empty()) return below_->read(offset, out);
  size_t done = 0;
  while (done < out.size()) {
    const uint64_t at = offset + done;
    const uint64_t block = align_down(at, block_bytes_);
    if (const ByteVector* image = find(block)) {
      const size_t length =
          std::min<size_t>(out.size() - done, image->size() - static_cast<size_t>(at - block));
      std::copy_n(image->begin() + static_cast<ptrdiff_t>(at - block), length,
                  out.begin() + static_cast<ptrdiff_t>(done));
      done += length;
      continue;
    }
    // One read below for all the blocks up to the next one that is held.
    uint64_t end = block + block_bytes_;
    while (end < offset + out.size() && find(end) == nullptr) end += block_bytes_;
    const size_t length = static_cast<size_t>(std::min(end, offset + out.size()) - at);
    below_->read(at, out.subspan(done, length));
    done += length;
  }
}

void Overlay::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  size_t done = 0;
  while (done < data.size()) {
    const uint64_t at = offset + done;
    const uint64_t block = align_down(at, block_bytes_);
    auto found = open_.find(block);
    if (found == open_.end()) {
      const ByteVector* closed = find_closed(block);
      found = open_.emplace(block, closed ? *closed : below_->read_bytes(block, block_length(block))).first;
    }
    ByteVector& image = found->second;
    const size_t length =
        std::min<size_t>(data.size() - done, image.size() - static_cast<size_t>(at - block));
    std::copy_n(data.begin() + static_cast<ptrdiff_t>(done), length,
                image.begin() + static_cast<ptrdiff_t>(at - block));
    done += length;
  }
}

void Overlay::end_stage(Stage stage) {
  if (!stages_.empty() && stages_.back().stage >= stage) {
    throw Error(ErrorCode::kRefused, "block.overlay.stage",
                "the stages of a commit were closed out of order");
  }
  StageImages images{stage, {}};
  for (auto& [offset, bytes] : open_) {
    const ByteVector* before = find_closed(offset);
    if (before ? *before != bytes : below_->read_bytes(offset, bytes.size()) != bytes) {
      images.blocks.emplace(offset, std::move(bytes));
    }
  }
  open_.clear();
  if (!images.blocks.empty()) stages_.push_back(std::move(images));
}

std::vector<uint64_t> Overlay::changed_blocks() {
  std::set<uint64_t> offsets;
  for (const StageImages& stage : stages_) {
    for (const auto& [offset, bytes] : stage.blocks) offsets.insert(offset);
  }
  for (const auto& [offset, bytes] : open_) offsets.insert(offset);
  std::vector<uint64_t> changed;
  for (uint64_t offset : offsets) {
    if (*find(offset) != original_block(offset)) changed.push_back(offset);
  }
  return changed;
}

ByteVector Overlay::original_block(uint64_t offset) {
  return below_->read_bytes(offset, block_length(offset));
}

void Overlay::discard() {
  stages_.clear();
  open_.clear();
}

}  // namespace mend::block
