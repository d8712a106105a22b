// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mend {
namespace {

constexpr size_t kSmallestSlotBytes = 16;
constexpr size_t kLargestSlotBytes = 256;
constexpr size_t kSlabBytes = size_t{16} * 1024;
constexpr size_t kSlotSizes = 5;  // 16, 32, 64, 128, 256
static_assert(kSmallestSlotBytes << (kSlotSizes - 1) == kLargestSlotBytes);

uint8_t* map_locked(size_t size_bytes) {
  void* memory = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("base.secret.map", "cannot get memory for a key", errno);
  ::mlock(memory, size_bytes);
  ::madvise(memory, size_bytes, MADV_DONTDUMP);
  ::madvise(memory, size_bytes, MADV_WIPEONFORK);
  return static_cast<uint8_t*>(memory);
}

// Locked pages cut into slots of one size. Slots that are free are zero.
class Slab {
 public:
  explicit Slab(size_t slot_bytes) : memory_(map_locked(kSlabBytes)), slot_bytes_(slot_bytes) {
    const size_t slots = kSlabBytes / slot_bytes;
    free_.reserve(slots);  // so that give() never allocates
    for (size_t slot = slots; slot > 0; --slot) free_.push_back(static_cast<uint16_t>(slot - 1));
  }
  ~Slab() { ::munmap(memory_, kSlabBytes); }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  uint8_t* memory() const { return memory_; }
  bool full() const { return free_.empty(); }
  bool unused() const { return free_.size() == kSlabBytes / slot_bytes_; }
  // REQUIRES: not full.
  uint8_t* take() {
    const size_t slot = free_.back();
    free_.pop_back();
    return memory_ + slot * slot_bytes_;
  }
  // REQUIRES: from take(), and zero again.
  void give(const uint8_t* slot) noexcept {
    free_.push_back(static_cast<uint16_t>(static_cast<size_t>(slot - memory_) / slot_bytes_));
  }

 private:
  uint8_t* memory_;
  size_t slot_bytes_;
  std::vector<uint16_t> free_;
};

// All slabs of one slot size, found by address.
class Pool {
 public:
  uint8_t* take(size_t slot_bytes) {
    if (current_ == nullptr || current_->full()) current_ = slab_with_room(slot_bytes);
    return current_->take();
  }
  void give(const uint8_t* slot) noexcept {
    const auto place = std::prev(slabs_.upper_bound(slot));
    Slab& slab = *place->second;
    slab.give(slot);
    if (!slab.unused() || &slab == current_) return;
    slabs_.erase(place);
  }

 private:
  Slab* slab_with_room(size_t slot_bytes) {
    for (const auto& [memory, slab] : slabs_)
      if (!slab->full()) return slab.get();
    auto slab = std::make_unique<Slab>(slot_bytes);
    const uint8_t* memory = slab->memory();
    return slabs_.emplace(memory, std::move(slab)).first->second.get();
  }

  std::map<const uint8_t*, std::unique_ptr<Slab>> slabs_;
  Slab* current_ = nullptr;  // stays, also when unused, so that one secret coming and going maps nothing
};

class Arena {
 public:
  uint8_t* take(size_t slot_bytes) {
    std::lock_guard lock(mutex_);
    return pool(slot_bytes).take(slot_bytes);
  }
  void give(const uint8_t* slot, size_t slot_bytes) noexcept {
    std::lock_guard lock(mutex_);
    pool(slot_bytes).give(slot);
  }

 private:
  Pool& pool(size_t slot_bytes) {
    return pools_[static_cast<size_t>(std::countr_zero(slot_bytes / kSmallestSlotBytes))];
  }
  std::mutex mutex_;
  std::array<Pool, kSlotSizes> pools_;
};

// Never destroyed: a Secret with static storage may outlive every static object.
Arena& arena() {
  static Arena* const instance = new Arena;
  return *instance;
}

}  // namespace

Secret::Secret(size_t size_bytes) {
  if (size_bytes == 0) return;
  if (size_bytes <= kLargestSlotBytes) {
    const size_t slot_bytes = std::max(kSmallestSlotBytes, std::bit_ceil(size_bytes));
    data_ = arena().take(slot_bytes);
    capacity_ = slot_bytes;
  } else {
    const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    if (size_bytes > SIZE_MAX - page) throw_errno("base.secret.map", "cannot get memory for a key", ENOMEM);
    const size_t mapped = static_cast<size_t>(align_up(size_bytes, page));
    data_ = map_locked(mapped);
    capacity_ = mapped;
  }
  size_ = size_bytes;
}

Secret::Secret(Bytes bytes) : Secret(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), data_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

Secret::~Secret() {
  release();
}

void Secret::release() noexcept {
  if (data_ == nullptr) return;
  ::explicit_bzero(data_, capacity_);
  if (capacity_ <= kLargestSlotBytes) {
    arena().give(data_, capacity_);
  } else {
    ::munmap(data_, capacity_);
  }
  data_ = nullptr;
  size_ = capacity_ = 0;
}

void Secret::shrink(size_t size_bytes) {
  wipe(slice(bytes(), size_bytes, size_ - size_bytes));
  size_ = size_bytes;
}

void wipe(MutableBytes bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

bool equal_constant_time(Bytes a, Bytes b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace mend
