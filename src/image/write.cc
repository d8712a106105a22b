// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/write.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "block/file_device.h"

namespace mend::image {
namespace {

constexpr uint64_t kPieceBytes = kMiB;
constexpr uint64_t kFlushBytes = 16 * kMiB;  // so that progress is what the stick has taken
constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kBackupTableBytes = 34 * kSectorBytes;  // of a GPT, with a sector to spare

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

class Writer {
 public:
  Writer(const WriteRequest& request, const std::atomic<bool>& stop, Progress& progress)
      : request_(request), stop_(stop), progress_(progress) {}

  WriteResult run() {
    image_ = block::FileDevice::open(request_.image, block::Access::kRead);
    find_map();
    check_device();
    device_ = block::FileDevice::open(request_.device, block::Access::kReadWrite);
    check_geometry();
    check_image();
    try {
      clear_tables();
      write_ranges();
    } catch (Error& error) {
      if (error.code() == ErrorCode::kIo) error.with_context("the stick does not start now");
      throw;
    }
    read_back();
    return std::move(result_);
  }

 private:
  void find_map() {
    const std::string beside = request_.image + ".bmap";
    result_.by_bmap = !request_.bmap.empty() || is_there(beside);
    if (result_.by_bmap) {
      map_ = load_bmap(request_.bmap.empty() ? beside : request_.bmap);
      if (map_.image_bytes == image_->size_bytes()) return;
      throw Error(ErrorCode::kUsage, "image.write.map",
                  fmt::format("the map is for an image of {} bytes, and {} has {}", map_.image_bytes,
                              request_.image, image_->size_bytes()));
    }
    // Without one: all of it, in pieces whose hashes are made when it is read for the first time.
    map_.image_bytes = image_->size_bytes();
    if (map_.image_bytes % kBlockBytes != 0) {
      throw Error(ErrorCode::kUsage, "image.write.size",
                  fmt::format("{} has {} bytes: no whole blocks, so it is no image, or was cut short",
                              request_.image, map_.image_bytes));
    }
    const uint64_t blocks = map_.image_bytes / kBlockBytes;
    for (uint64_t first = 0; first < blocks; first += kFlushBytes / kBlockBytes)
      map_.ranges.push_back({first, std::min(first + kFlushBytes / kBlockBytes, blocks) - 1, {}});
  }

  void check_device() {
    struct stat device {};
    struct stat image {};
    if (::stat(request_.device.c_str(), &device) != 0) {
      throw Error(ErrorCode::kNotFound, "image.write.missing",
                  request_.device + " is not there; a file to write to must exist");
    }
    result_.target = printable(request_.device);
    if (S_ISREG(device.st_mode)) {
      if (::stat(request_.image.c_str(), &image) == 0 && image.st_dev == device.st_dev &&
          image.st_ino == device.st_ino)
        throw Error(ErrorCode::kUsage, "image.write.itself", "the image cannot be written onto itself");
      progress_.note(result_.target + " is a file, not a disk; it is written like one");
      return;
    }
    if (!S_ISBLK(device.st_mode)) {
      throw Error(ErrorCode::kUsage, "image.write.kind",
                  result_.target + " is no disk; name a whole one, such as /dev/sdX");
    }
    const disk::Identity identity = check_target(request_.roots, major(device.st_rdev), minor(device.st_rdev),
                                                 result_.target, request_.serial);
    result_.target +=
        fmt::format(" ({} {}, {}, serial number {})", identity.vendor, identity.model,
                    size_text(identity.size_bytes), identity.serial.empty() ? "unknown" : identity.serial);
  }

  void check_geometry() const {
    if (device_->size_bytes() < image_->size_bytes()) {
      throw Error(ErrorCode::kRefused, "image.write.small",
                  fmt::format("the image has {} ({} bytes), and {} has {} ({} bytes); nothing was written",
                              size_text(image_->size_bytes()), image_->size_bytes(), result_.target,
                              size_text(device_->size_bytes()), device_->size_bytes()));
    }
    if (device_->sector_bytes() != kSectorBytes) {
      throw Error(
          ErrorCode::kRefused, "image.write.sectors",
          fmt::format("{} has sectors of {} bytes; no PC would start the image from it. Nothing was written",
                      result_.target, device_->sector_bytes()));
    }
  }

  // WR-1. Also what the hashes come from where there is no map.
  void check_image() {
    uint64_t done = 0;
    for (BmapRange& range : map_.ranges) {
      const crypto::Sha256Digest found = hash(*image_, range, done, "reading the image", Cached::kYes);
      if (!result_.by_bmap) range.sha256 = found;
      if (found == range.sha256) continue;
      throw Error(
          ErrorCode::kRefused, "image.write.changed",
          fmt::format("{} is not what its map was made for, from byte {} on: build it or copy it again; "
                      "nothing was written",
                      request_.image, range.offset()));
    }
  }

  // WR-2, WR-4.
  void clear_tables() {
    device_->write(0, ByteVector(kBlockBytes));
    device_->write(device_->size_bytes() - kBackupTableBytes, ByteVector(kBackupTableBytes));
    device_->flush();
  }

  void write_ranges() {
    uint64_t unflushed = 0;
    for (const BmapRange& range : map_.ranges) {
      for_each_piece(range, [&](uint64_t offset, uint64_t length) {
        if (stop_) {
          throw Error(
              ErrorCode::kRefused, "image.write.stopped",
              fmt::format("stopped: {} holds a part of the image and does not start", result_.target));
        }
        ByteVector piece = image_->read_bytes(offset, length);
        if (offset == 0) std::fill_n(piece.begin(), kBlockBytes, uint8_t{0});
        device_->write(offset, piece);
        result_.bytes_written += length;
        unflushed += length;
        if (unflushed < kFlushBytes) return;
        device_->flush();
        unflushed = 0;
        progress_.step("writing " + result_.target, fraction(result_.bytes_written));
      });
    }
    device_->flush();
    if (map_.ranges.empty() || map_.ranges.front().first_block != 0) return;
    device_->write(0, image_->read_bytes(0, kBlockBytes));
    device_->flush();
  }

  // WR-3.
  void read_back() {
    uint64_t done = 0;
    device_->forget_cached(0, device_->size_bytes());
    for (const BmapRange& range : map_.ranges) {
      if (hash(*device_, range, done, "reading back " + result_.target, Cached::kNo) == range.sha256)
        continue;
      throw Error(
          ErrorCode::kIo, "image.write.differs",
          fmt::format("{} gives back other bytes than were written, from byte {} on: it is broken, or "
                      "smaller than it says. Do not use it",
                      result_.target, range.offset()));
    }
  }

  enum class Cached { kYes, kNo };
  crypto::Sha256Digest hash(block::BlockReader& from, const BmapRange& range, uint64_t& done,
                            const std::string& what, Cached cached) {
    crypto::Sha256 sha;
    ByteVector piece;
    for_each_piece(range, [&](uint64_t offset, uint64_t length) {
      piece.resize(static_cast<size_t>(length));
      cached == Cached::kYes ? from.read(offset, piece) : from.read_uncached(offset, piece);
      sha.update(piece);
      done += length;
      progress_.step(what, fraction(done));
    });
    return sha.finish();
  }

  template <typename Take>
  void for_each_piece(const BmapRange& range, Take take) const {
    // The last block of an image made by others may be cut off.
    const uint64_t end = std::min(range.offset() + range.size_bytes(), image_->size_bytes());
    for (uint64_t offset = range.offset(); offset < end; offset += kPieceBytes)
      take(offset, std::min(kPieceBytes, end - offset));
  }

  double fraction(uint64_t done) const {
    return static_cast<double>(done) / static_cast<double>(std::max<uint64_t>(1, map_.mapped_bytes()));
  }

  const WriteRequest& request_;
  const std::atomic<bool>& stop_;
  Progress& progress_;
  WriteResult result_;
  Bmap map_;
  std::unique_ptr<block::FileDevice> image_, device_;
};

}  // namespace

WriteResult write_stick(const WriteRequest& request, const std::atomic<bool>& stop, Progress& progress) {
  return Writer(request, stop, progress).run();
}

}  // namespace mend::image
