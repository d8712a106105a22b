// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/edge_reader.h"

#include <algorithm>

namespace mend::disk {

EdgeReader::EdgeReader(block::BlockReader& below) : below_(below) {
  const uint64_t size = below.size_bytes();
  head_ = below.read_bytes(0, std::min(size, kEdgeBytes));
  tail_offset_ = std::max<uint64_t>(head_.size(), size - std::min(size, kEdgeBytes));
  tail_ = below.read_bytes(tail_offset_, size - tail_offset_);
}

void EdgeReader::read(uint64_t offset, MutableBytes out) {
  const auto serve = [&](Bytes edge, uint64_t edge_offset) {
    if (offset < edge_offset || !fits(offset - edge_offset, out.size(), edge.size())) return false;
    const Bytes part = slice(edge, offset - edge_offset, out.size());
    std::copy(part.begin(), part.end(), out.begin());
    return true;
  };
  if (!serve(head_, 0) && !serve(tail_, tail_offset_)) below_.read(offset, out);
}

}  // namespace mend::disk
