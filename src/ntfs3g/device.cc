// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/device.h"

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace mend::ntfs3g {

namespace {

CachedDevice& self(ntfs_device* device) {
  return *static_cast<CachedDevice*>(device->d_private);
}

}  // namespace

CachedDevice::CachedDevice(block::BlockDevice& below)
    : below_(below), size_bytes_(below.size_bytes()), sector_bytes_(below.sector_bytes()) {
  if (size_bytes_ > static_cast<uint64_t>(INT64_MAX))
    throw Error(ErrorCode::kUnsupported, "ntfs3g.device.size",
                "cannot open NTFS on " + below_.describe() + ": larger than 2^63 bytes");
}

ntfs_device_operations* CachedDevice::operations() {
  static ntfs_device_operations table = {
      .open = on_open,
      .close = on_close,
      .seek = on_seek,
      .read = on_read,
      .write = on_write,
      .pread = on_pread,
      .pwrite = on_pwrite,
      .sync = on_sync,
      .stat = on_stat,
      .ioctl = on_ioctl,
  };
  return &table;
}

uint64_t CachedDevice::length_of(uint64_t block_offset) const {
  return std::min<uint64_t>(kBlockBytes, size_bytes_ - block_offset);
}

void CachedDevice::load(uint64_t begin, uint64_t end) {
  for (uint64_t at = begin; at < end;) {
    if (blocks_.contains(at)) {
      at += kBlockBytes;
      continue;
    }
    uint64_t gap_end = at;
    while (gap_end < end && !blocks_.contains(gap_end)) gap_end += kBlockBytes;
    ByteVector bytes(static_cast<size_t>(std::min(gap_end, size_bytes_) - at));
    below_.read(at, bytes);
    for (uint64_t offset = at; offset < gap_end; offset += kBlockBytes) {
      auto from = bytes.begin() + static_cast<ptrdiff_t>(offset - at);
      blocks_[offset].bytes.assign(from, from + static_cast<ptrdiff_t>(length_of(offset)));
    }
    at = gap_end;
  }
}

CachedDevice::Block& CachedDevice::block(uint64_t block_offset) {
  Block& found = blocks_.at(block_offset);
  found.last_used = ++clock_;
  return found;
}

void CachedDevice::read(uint64_t offset, MutableBytes out) {
  // In pieces, so that one large request cannot hold more than the cache may.
  constexpr uint64_t kPiece = uint64_t{kBlockBytes} * 64;
  while (!out.empty()) {
    make_room();
    uint64_t end = std::min(offset + out.size(), align_down(offset, kPiece) + kPiece);
    load(align_down(offset, kBlockBytes), align_up(end, kBlockBytes));
    while (offset < end) {
      uint64_t start = align_down(offset, kBlockBytes);
      const Block& from = block(start);
      size_t skip = static_cast<size_t>(offset - start);
      size_t length = std::min(from.bytes.size() - skip, static_cast<size_t>(end - offset));
      std::memcpy(out.data(), from.bytes.data() + skip, length);
      out = out.subspan(length);
      offset += length;
    }
  }
}

void CachedDevice::write(uint64_t offset, Bytes data) {
  while (!data.empty()) {
    make_room();
    uint64_t start = align_down(offset, kBlockBytes);
    uint64_t whole = length_of(start);
    size_t skip = static_cast<size_t>(offset - start);
    size_t length = std::min(static_cast<size_t>(whole) - skip, data.size());
    if (length == whole && !blocks_.contains(start))
      blocks_[start].bytes.resize(length);
    else
      load(start, start + kBlockBytes);
    Block& into = block(start);
    std::memcpy(into.bytes.data() + skip, data.data(), length);
    auto begin = static_cast<uint32_t>(align_down(skip, sector_bytes_));
    auto end = static_cast<uint32_t>(std::min(align_up(skip + length, sector_bytes_), whole));
    into.dirty_begin = into.dirty() ? std::min(into.dirty_begin, begin) : begin;
    into.dirty_end = std::max(into.dirty_end, end);
    data = data.subspan(length);
    offset += length;
  }
}

void CachedDevice::write_dirty() {
  std::vector<uint64_t> offsets;
  for (const auto& [offset, held] : blocks_)
    if (held.dirty()) offsets.push_back(offset);
  std::sort(offsets.begin(), offsets.end());
  for (uint64_t offset : offsets) {
    Block& held = blocks_.at(offset);
    below_.write(offset + held.dirty_begin,
                 slice(Bytes(held.bytes), held.dirty_begin, held.dirty_end - held.dirty_begin));
    held.dirty_begin = held.dirty_end = 0;
  }
}

// Drops the older half once the cache is full. Work per block that comes in stays constant.
void CachedDevice::make_room() {
  if (blocks_.size() < kMaximumBlocks) return;
  write_dirty();
  std::vector<uint64_t> ages;
  ages.reserve(blocks_.size());
  for (const auto& [offset, held] : blocks_) ages.push_back(held.last_used);
  auto middle = ages.begin() + static_cast<ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  std::erase_if(blocks_, [limit = *middle](const auto& entry) { return entry.second.last_used < limit; });
}

void CachedDevice::write_back() {
  rethrow();
  try {
    write_dirty();
    below_.flush();
  } catch (...) {
    error_ = std::current_exception();
    throw;
  }
}

void CachedDevice::discard() noexcept {
  discarding_ = true;
  blocks_.clear();
}

void CachedDevice::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

template <typename Action>
s64 CachedDevice::guarded(Action&& action) noexcept {
  if (error_) {
    errno = EIO;
    return -1;
  }
  try {
    return action();
  } catch (...) {
    error_ = std::current_exception();
    errno = EIO;
    return -1;
  }
}

int CachedDevice::on_open(ntfs_device* device, int flags) noexcept {
  if (has_state(device->d_state, ND_Open)) {
    errno = EBUSY;
    return -1;
  }
  set_state(device->d_state, ND_Open);
  if ((flags & O_ACCMODE) == O_RDONLY)
    set_state(device->d_state, ND_ReadOnly);
  else
    clear_state(device->d_state, ND_ReadOnly);
  return 0;
}

int CachedDevice::on_close(ntfs_device* device) noexcept {
  clear_state(device->d_state, ND_Open);
  return 0;
}

s64 CachedDevice::on_seek(ntfs_device* device, s64 offset, int whence) noexcept {
  CachedDevice& cache = self(device);
  s64 size = static_cast<s64>(cache.size_bytes_);
  s64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? cache.position_ : size;
  // The library seeks to the last sector to learn whether the device is long enough; so beyond the end is an
  // error.
  s64 target = 0;
  if (__builtin_add_overflow(base, offset, &target) || target < 0 || target > size) {
    errno = EINVAL;
    return -1;
  }
  return cache.position_ = target;
}

s64 CachedDevice::on_read(ntfs_device* device, void* buffer, s64 count) noexcept {
  CachedDevice& cache = self(device);
  s64 done = on_pread(device, buffer, count, cache.position_);
  if (done > 0) cache.position_ += done;
  return done;
}

s64 CachedDevice::on_write(ntfs_device* device, const void* buffer, s64 count) noexcept {
  CachedDevice& cache = self(device);
  s64 done = on_pwrite(device, buffer, count, cache.position_);
  if (done > 0) cache.position_ += done;
  return done;
}

s64 CachedDevice::on_pread(ntfs_device* device, void* buffer, s64 count, s64 offset) noexcept {
  CachedDevice& cache = self(device);
  return cache.guarded([&]() -> s64 {
    if (count < 0 || offset < 0) {
      errno = EINVAL;
      return -1;
    }
    uint64_t at = static_cast<uint64_t>(offset);
    if (at >= cache.size_bytes_) return 0;  // end of file, as pread(2) has it
    uint64_t length = std::min(static_cast<uint64_t>(count), cache.size_bytes_ - at);
    cache.read(at, {static_cast<uint8_t*>(buffer), static_cast<size_t>(length)});
    return static_cast<s64>(length);
  });
}

s64 CachedDevice::on_pwrite(ntfs_device* device, const void* buffer, s64 count, s64 offset) noexcept {
  CachedDevice& cache = self(device);
  // The library cannot free an inode that it fails to write; so it is told that it wrote.
  if (cache.discarding_) return count;
  return cache.guarded([&]() -> s64 {
    if (has_state(device->d_state, ND_ReadOnly)) {
      errno = EROFS;
      return -1;
    }
    if (count < 0 || offset < 0 ||
        !fits(static_cast<uint64_t>(offset), static_cast<uint64_t>(count), cache.size_bytes_))
      throw Error(ErrorCode::kCorrupt, "ntfs3g.device.range",
                  "libntfs-3g wanted to write " + std::to_string(count) + " bytes at " +
                      std::to_string(offset) + " of " + cache.below_.describe() +
                      ", outside the volume; nothing of that was done");
    set_state(device->d_state, ND_Dirty);
    cache.write(static_cast<uint64_t>(offset),
                {static_cast<const uint8_t*>(buffer), static_cast<size_t>(count)});
    return count;
  });
}

int CachedDevice::on_sync(ntfs_device* device) noexcept {
  CachedDevice& cache = self(device);
  if (cache.discarding_) return 0;
  return static_cast<int>(cache.guarded([&]() -> s64 {
    cache.write_back();
    clear_state(device->d_state, ND_Dirty);
    return 0;
  }));
}

int CachedDevice::on_stat(ntfs_device* device, struct stat* buffer) noexcept {
  *buffer = {};
  buffer->st_mode = S_IFREG | S_IRUSR | S_IWUSR;
  buffer->st_size = static_cast<off_t>(self(device).size_bytes_);
  return 0;
}

int CachedDevice::on_ioctl(ntfs_device*, unsigned long, void*) noexcept {
  errno = EOPNOTSUPP;  // BLKBSZSET at mount; the library goes on without
  return -1;
}

}  // namespace mend::ntfs3g
