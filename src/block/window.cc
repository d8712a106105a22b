// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/window.h"

#include "base/error.h"

namespace mend::block {

Window::Window(std::shared_ptr<BlockDevice> below, uint64_t offset, uint64_t size_bytes, std::string name)
    : below_(std::move(below)), offset_(offset), size_bytes_(size_bytes), name_(std::move(name)) {
  if (!fits(offset_, size_bytes_, below_->size_bytes())) {
    throw Error(ErrorCode::kCorrupt, "block.window",
                name_ + " (offset " + std::to_string(offset_) + ", " + std::to_string(size_bytes_) +
                    " bytes) reaches past the end of " + below_->describe() + " (" +
                    std::to_string(below_->size_bytes()) + " bytes)");
  }
}

void Window::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  below_->read(offset_ + offset, out);
}

void Window::read_uncached(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  below_->read_uncached(offset_ + offset, out);
}

void Window::forget_cached(uint64_t offset, uint64_t length) {
  if (fits(offset, length, size_bytes_)) below_->forget_cached(offset_ + offset, length);
}

void Window::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  below_->write(offset_ + offset, data);
}

}  // namespace mend::block
