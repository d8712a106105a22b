// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/metadata.h"

#include <algorithm>

#include "base/error.h"
#include "bitlocker/metadata_parser.h"

namespace mend::bitlocker {
namespace {

constexpr size_t kCopies = 3;

// Reads and judges the copies, keeps what is wrong with each.
class CopyReader {
 public:
  CopyReader(block::BlockReader& volume, const BootSector& boot)
      : volume_(volume),
        boot_(boot),
        parser_(boot, volume.size_bytes()),
        region_(static_cast<size_t>(parser_.region_bytes())) {}

  Metadata read() {
    for (size_t i = 0; i < kCopies; ++i) try_copy(i);
    if (usable_.empty()) throw_no_copy();
    Metadata chosen = std::move(usable_.front());
    usable_.erase(usable_.begin());
    MetadataParser::set_copies(chosen, std::move(problems_), std::move(usable_));
    return chosen;
  }

 private:
  void try_copy(size_t index) {
    const uint64_t offset = boot_.offsets[index];
    try {
      parser_.check_place(offset);
      volume_.read(offset, region_);
      Metadata copy = parser_.parse(region_, static_cast<int>(index), offset);
      // The first sector of version 1 names the first block only.
      if (boot_.layout == Layout::kVista && index == 0) boot_.offsets = MetadataParser::offsets_in(region_);
      const bool known = std::any_of(usable_.begin(), usable_.end(), [&](const Metadata& other) {
        return other.block_hash() == copy.block_hash();
      });
      if (!known) usable_.push_back(std::move(copy));
    } catch (const Error& error) {
      problems_.push_back("copy " + std::to_string(index + 1) + " of the BitLocker metadata at byte " +
                          std::to_string(offset) + ": " + error.what());
      if (error.code() == ErrorCode::kIo) ++unreadable_;
      if (error.code() == ErrorCode::kUnsupported) unsupported_ = error;
    }
  }

  [[noreturn]] void throw_no_copy() const {
    if (unsupported_) throw Error(*unsupported_);
    std::string all = "no usable copy of the BitLocker metadata on " + volume_.describe();
    for (const std::string& problem : problems_) all += "; " + problem;
    if (unreadable_ == kCopies) throw Error(ErrorCode::kIo, "bitlocker.fve.unreadable", all);
    throw Error(ErrorCode::kCorrupt, "bitlocker.fve.no_copy", all);
  }

  block::BlockReader& volume_;
  BootSector boot_;
  MetadataParser parser_;
  ByteVector region_;
  std::vector<Metadata> usable_;
  std::vector<std::string> problems_;
  size_t unreadable_ = 0;
  std::optional<Error> unsupported_;
};

}  // namespace

Metadata Metadata::read(block::BlockReader& volume) {
  std::optional<BootSector> boot;
  if (volume.size_bytes() >= fve::boot::kBytes)
    boot = parse_boot_sector(volume.read_bytes(0, fve::boot::kBytes), volume.sector_bytes());
  if (!boot)
    throw Error(ErrorCode::kNotFound, "bitlocker.signature",
                "there is no BitLocker volume on " + volume.describe());
  return CopyReader(volume, *boot).read();
}

std::optional<std::string> Metadata::unsupported_reason() const {
  if (!unsupported_) return std::nullopt;
  return unsupported_->reason;
}

std::optional<std::string> Metadata::read_only_reason() const {
  if (version_ != 1) return std::nullopt;
  return "the volume was encrypted by Windows Vista (BitLocker metadata version 1), which can be read but "
         "not changed";
}

}  // namespace mend::bitlocker
