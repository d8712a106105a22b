// SPDX-License-Identifier: GPL-3.0-or-later
// A disk and a stick that lose power at the same instant, at any write or flush. Writes wait in a queue until
// the next flush of their device; the cut decides for each 512-byte sector of what waits whether it got
// there.
//
//   Power power(seed);
//   CrashDevice disk(power, SparseBytes(bytes));  auto stick = std::make_shared<CrashStore>(power);
//   power.cut_at(17, Fate::kShuffle);
//   try { …commit… } catch (const PowerCut&) {}
//   disk.durable(), stick->durable_files(): what is there when power comes back; make new devices of it.
//
// An event is a write, a flush, or the creation or syncing of a directory entry, of whichever device.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "block/block_device.h"
#include "journal/store.h"

namespace mend::test {

// Not a std::exception: nothing in the product can catch it, as nothing can run without power.
struct PowerCut {};

// What becomes of the writes that wait when the power goes.
enum class Fate {
  kKeep,     // all reach the medium
  kDrop,     // none does
  kTear,     // all but the last; of that one some sectors
  kShuffle,  // any sectors of any of them
};
inline constexpr Fate kFates[] = {Fate::kKeep, Fate::kDrop, Fate::kTear, Fate::kShuffle};

class Power {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit Power(uint64_t seed = 0) : random_(seed) {}
  // The power goes during event number `event`, counted from 0 since the power was made.
  void cut_at(uint64_t event, Fate fate) {
    cut_at_ = event;
    fate_ = fate;
  }
  uint64_t events() const { return events_; }
  bool is_on() const { return on_; }

  // For devices.
  void require() const {
    if (!on_) throw PowerCut{};
  }
  void count_event() {
    require();
    if (events_++ != cut_at_) return;
    on_ = false;
    throw PowerCut{};
  }
  Fate fate() const { return fate_; }
  bool coin() { return (random_() & 1) != 0; }
  uint64_t below(uint64_t limit) { return random_() % limit; }
  uint8_t byte() { return static_cast<uint8_t>(random_()); }

 private:
  std::mt19937_64 random_;
  uint64_t events_ = 0;
  uint64_t cut_at_ = kNever;
  Fate fate_ = Fate::kKeep;
  bool on_ = true;
};

// Many bytes of which few change: pages of its own over bytes that copies share. Two of them are compared by
// their pages, so both must come from the same bytes.
class SparseBytes {
 public:
  static constexpr size_t kPageBytes = 4096;

  explicit SparseBytes(ByteVector bytes) : base_(std::make_shared<const ByteVector>(std::move(bytes))) {}

  size_t size() const { return base_->size(); }
  void read(uint64_t offset, MutableBytes out) const {
    for_each_part(offset, out.size(), [&](uint64_t page, size_t skip, size_t done, size_t length) {
      const Bytes part = bytes_of(page).subspan(skip, length);
      std::copy(part.begin(), part.end(), out.begin() + static_cast<ptrdiff_t>(done));
    });
  }
  void write(uint64_t offset, Bytes data) {
    for_each_part(offset, data.size(), [&](uint64_t page, size_t skip, size_t done, size_t length) {
      auto found = pages_.find(page);
      if (found == pages_.end()) {
        const Bytes old = bytes_of(page);
        found = pages_.emplace(page, ByteVector(old.begin(), old.end())).first;
      }
      const Bytes part = data.subspan(done, length);
      std::copy(part.begin(), part.end(), found->second.begin() + static_cast<ptrdiff_t>(skip));
    });
  }
  // The page at the offset, which is a multiple of kPageBytes; the last may be short.
  Bytes bytes_of(uint64_t page) const {
    const auto found = pages_.find(page);
    if (found != pages_.end()) return found->second;
    return Bytes(*base_).subspan(static_cast<size_t>(page), std::min<size_t>(kPageBytes, size() - page));
  }
  uint8_t operator[](uint64_t offset) const {
    return bytes_of(align_down(offset, kPageBytes))[offset % kPageBytes];
  }
  // Calls visit(page) for each that may differ from the shared bytes.
  template <typename Visit>
  void for_each_page(Visit visit) const {
    for (const auto& [page, bytes] : pages_) visit(page);
  }
  bool operator==(const SparseBytes& other) const {
    if (base_ != other.base_) throw std::logic_error("sparse bytes over different bases were compared");
    bool same = true;
    const auto compare = [&](uint64_t page) { same = same && equal(bytes_of(page), other.bytes_of(page)); };
    for_each_page(compare);
    other.for_each_page(compare);
    return same;
  }
  ByteVector to_vector() const {
    ByteVector bytes = *base_;
    for (const auto& [page, own] : pages_)
      std::copy(own.begin(), own.end(), bytes.begin() + static_cast<ptrdiff_t>(page));
    return bytes;
  }

 private:
  template <typename Visit>
  static void for_each_part(uint64_t offset, size_t size, Visit visit) {
    for (size_t done = 0; done < size;) {
      const uint64_t page = align_down(offset + done, kPageBytes);
      const size_t skip = static_cast<size_t>(offset + done - page);
      const size_t length = std::min(size - done, kPageBytes - skip);
      visit(page, skip, done, length);
      done += length;
    }
  }

  std::shared_ptr<const ByteVector> base_;
  std::map<uint64_t, ByteVector> pages_;
};

// The bytes of one device or file: those on the medium, and the writes that wait.
class CrashMedium {
 public:
  static constexpr size_t kSectorBytes = 512;

  explicit CrashMedium(SparseBytes bytes) : durable_(std::move(bytes)), seen_(durable_) {}

  const SparseBytes& seen() const { return seen_; }
  void queue(uint64_t offset, Bytes data) {
    queue_.push_back({offset, ByteVector(data.begin(), data.end())});
    seen_.write(offset, data);
  }
  void flush() {
    for (const Write& write : queue_) durable_.write(write.offset, write.data);
    queue_.clear();
  }
  // A flush that failed: what waited is gone, but for some sectors, and later reads show it.
  void lose(Power& power) {
    for (const Write& write : queue_) scatter(write, power);
    queue_.clear();
    seen_ = durable_;
  }
  // A write that failed half-way.
  void queue_part(uint64_t offset, Bytes data, Power& power) {
    for (size_t from = 0; from < data.size(); from += kSectorBytes) {
      if (power.coin()) queue(offset + from, data.subspan(from, std::min(kSectorBytes, data.size() - from)));
    }
  }
  // What is on the medium after the cut; without one, after an orderly end.
  const SparseBytes& settle(Power& power) {
    for (size_t i = 0; i < queue_.size(); ++i) {
      const bool last = i + 1 == queue_.size();
      const Write& write = queue_[i];
      if (power.is_on() || power.fate() == Fate::kKeep || (power.fate() == Fate::kTear && !last)) {
        put(write, 0, write.data.size());
      } else if (power.fate() != Fate::kDrop) {
        scatter(write, power);
      }
    }
    queue_.clear();
    seen_ = durable_;
    return durable_;
  }

 private:
  struct Write {
    uint64_t offset;
    ByteVector data;
  };
  void put(const Write& write, size_t from, size_t to) {
    durable_.write(write.offset + from, Bytes(write.data).subspan(from, to - from));
  }
  // Some of its sectors, as the medium divides it; often all or none.
  void scatter(const Write& write, Power& power) {
    const uint64_t mood = power.below(4);
    for (size_t from = 0; from < write.data.size();) {
      const size_t to = std::min<size_t>(
          write.data.size(), align_down(write.offset + from + kSectorBytes, kSectorBytes) - write.offset);
      if (mood == 0 || (mood != 1 && power.coin())) put(write, from, to);
      from = to;
    }
  }

  SparseBytes durable_, seen_;
  std::vector<Write> queue_;
};

class CrashDevice : public block::BlockDevice {
 public:
  CrashDevice(Power& power, SparseBytes bytes, uint32_t sector_bytes = 512,
              uint32_t physical_block_bytes = 512)
      : CrashDevice(power, std::make_shared<CrashMedium>(std::move(bytes)), sector_bytes,
                    physical_block_bytes) {}
  CrashDevice(Power& power, std::shared_ptr<CrashMedium> medium, uint32_t sector_bytes = 512,
              uint32_t physical_block_bytes = 512)
      : power_(power),
        medium_(std::move(medium)),
        sector_bytes_(sector_bytes),
        physical_block_bytes_(physical_block_bytes) {}

  uint64_t size_bytes() const override { return medium_->seen().size(); }
  uint32_t sector_bytes() const override { return sector_bytes_; }
  uint32_t physical_block_bytes() const override { return physical_block_bytes_; }
  std::string describe() const override { return "crash device"; }
  void read(uint64_t offset, MutableBytes out) override {
    power_.require();
    check_range(offset, out.size(), "read");
    medium_->seen().read(offset, out);
  }
  // The write waits in the queue already when the power goes, so that its own fate is open too.
  void write(uint64_t offset, Bytes data) override {
    power_.require();
    check_range(offset, data.size(), "write");
    medium_->queue(offset, data);
    power_.count_event();
  }
  void flush() override {
    power_.count_event();
    medium_->flush();
  }

  const SparseBytes& durable() { return medium_->settle(power_); }

 private:
  Power& power_;
  std::shared_ptr<CrashMedium> medium_;
  uint32_t sector_bytes_, physical_block_bytes_;
};

// The stick: its files' bytes as above; a new directory entry waits for sync(). Until then a cut may leave no
// file, a shorter one, or one that holds what its clusters held before.
class CrashStore : public journal::Store {
 public:
  using Files = std::map<std::string, ByteVector>;

  explicit CrashStore(Power& power, const Files& files = {}) : power_(power) {
    for (auto& [name, bytes] : files) files_.emplace(name, File{medium_of(bytes), true});
  }

  std::string path_of(const std::string& name) const override { return "stick/" + name; }
  std::unique_ptr<block::BlockDevice> create(const std::string& name, uint64_t size_bytes) override {
    require();
    if (files_.count(name) != 0)
      throw Error(ErrorCode::kRefused, "test.store.exists", path_of(name) + " is there already");
    ByteVector bytes(static_cast<size_t>(size_bytes));
    if (power_.coin()) {
      for (uint8_t& byte : bytes) byte = power_.byte();
    }
    File& file = files_[name];
    file = File{medium_of(bytes), false};
    power_.count_event();
    return device_of(file);
  }
  std::unique_ptr<block::BlockDevice> open(const std::string& name) override {
    require();
    const auto found = files_.find(name);
    if (found == files_.end())
      throw Error(ErrorCode::kNotFound, "test.store.missing", path_of(name) + " is not there");
    if (found->second.medium->seen().size() == 0) return nullptr;
    return device_of(found->second);
  }
  void sync() override {
    require();
    power_.count_event();
    for (auto& [name, file] : files_) file.entry_durable = true;
  }
  void remove(const std::string& name) override {
    require();
    files_.erase(name);
  }
  std::vector<std::string> names() override {
    require();
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) names.push_back(name);
    return names;
  }

  // The stick is pulled: everything about it fails from now on, while the power stays.
  void pull() { *pulled_ = true; }

  Files durable_files() {
    Files files;
    for (auto& [name, file] : files_) {
      ByteVector bytes = file.medium->settle(power_).to_vector();
      const bool sure = file.entry_durable || power_.is_on() || power_.fate() == Fate::kKeep;
      if (!sure) {
        if (power_.fate() == Fate::kDrop || power_.below(4) == 0) continue;
        if (power_.coin()) bytes.resize(static_cast<size_t>(power_.below(bytes.size() + 1)));
      }
      files.emplace(name, std::move(bytes));
    }
    return files;
  }

 private:
  struct File {
    std::shared_ptr<CrashMedium> medium;
    bool entry_durable = false;
  };
  // A file of a stick that may be pulled.
  class FileOnStick : public CrashDevice {
   public:
    FileOnStick(Power& power, std::shared_ptr<CrashMedium> medium, std::shared_ptr<const bool> pulled)
        : CrashDevice(power, std::move(medium)), pulled_(std::move(pulled)) {}
    void read(uint64_t offset, MutableBytes out) override {
      fail();
      CrashDevice::read(offset, out);
    }
    void write(uint64_t offset, Bytes data) override {
      fail();
      CrashDevice::write(offset, data);
    }
    void flush() override {
      fail();
      CrashDevice::flush();
    }

   private:
    void fail() const {
      if (*pulled_) throw Error(ErrorCode::kIo, "test.stick.pulled", "the stick is gone");
    }
    std::shared_ptr<const bool> pulled_;
  };

  static std::shared_ptr<CrashMedium> medium_of(ByteVector bytes) {
    return std::make_shared<CrashMedium>(SparseBytes(std::move(bytes)));
  }
  void require() const {
    power_.require();
    if (*pulled_) throw Error(ErrorCode::kIo, "test.stick.pulled", "the stick is gone");
  }
  std::unique_ptr<block::BlockDevice> device_of(const File& file) {
    return std::make_unique<FileOnStick>(power_, file.medium, pulled_);
  }

  Power& power_;
  std::map<std::string, File> files_;
  std::shared_ptr<bool> pulled_ = std::make_shared<bool>(false);
};

}  // namespace mend::test
