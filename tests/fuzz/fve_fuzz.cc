// SPDX-License-Identifier: GPL-3.0-or-later
// BitLocker metadata from any bytes: found, parsed, unlocked with keys that need no stretching, and, with
// keys made up, opened as a volume that is read and written. An input is one byte of flags, the volume's
// first sector, then the region of the first metadata block; the rest of the volume reads as zeros.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/fve_builder.h"

namespace {

using namespace mend;
using namespace mend::bitlocker;
using test::FveVolume;

constexpr uint8_t kKeepChecksum = 1;  // else it is made right, so that changes get past it
constexpr size_t kSectorBytes = 512;
constexpr uint64_t kBlockPlace = 0x180000;  // where FveVolume has its first copy

class SparseDevice : public block::BlockDevice {
 public:
  SparseDevice(Bytes sector, Bytes region) : sector_(sector), region_(region) {}
  uint64_t size_bytes() const override { return FveVolume::kBytes; }
  uint32_t sector_bytes() const override { return 512; }
  uint32_t physical_block_bytes() const override { return 4096; }
  std::string describe() const override { return "the input"; }
  void read(uint64_t offset, MutableBytes out) override {
    check_range(offset, out.size(), "read");
    std::fill(out.begin(), out.end(), uint8_t{0});
    copy_part(sector_, 0, offset, out);
    copy_part(region_, kBlockPlace, offset, out);
  }
  void write(uint64_t offset, Bytes data) override {
    check_range(offset, data.size(), "write");
    for (const Region& region : guarded)  // V-1
      if (offset < region.offset + region.length && region.offset < offset + data.size()) std::abort();
  }
  void flush() override {}

  std::vector<Region> guarded;

 private:
  static void copy_part(Bytes from, uint64_t place, uint64_t offset, MutableBytes out) {
    const uint64_t start = std::max(place, offset), end = std::min(place + from.size(), offset + out.size());
    if (start < end)
      std::copy_n(from.begin() + static_cast<ptrdiff_t>(start - place), end - start,
                  out.begin() + static_cast<ptrdiff_t>(start - offset));
  }
  Bytes sector_, region_;
};

void fix_checksum(ByteVector& region) {
  if (region.size() < 16) return;
  const size_t size = size_t{read_le<uint16_t>(region, 8)} * (read_le<uint16_t>(region, 10) == 1 ? 1 : 16);
  if (!fits(size, 8, region.size())) return;
  write_le<uint32_t>(region, size + 4, crc32(Bytes(region).first(size)));
}

std::shared_ptr<const VolumeKeys> made_up_keys(const Metadata& metadata) {
  for (const size_t data : {16u, 32u, 64u}) {
    for (const size_t tweak : {size_t{0}, data}) {
      try {
        Secret key(data);
        for (size_t i = 0; i < data; ++i) key.bytes()[i] = static_cast<uint8_t>(i);
        return std::make_shared<const VolumeKeys>(metadata.method(), std::move(key), Secret(tweak),
                                                  metadata.block_hash());
      } catch (const Error&) {
      }
    }
  }
  std::abort();  // a method that is supported has keys of some size
}

void use_volume(const std::shared_ptr<SparseDevice>& device, const Metadata& metadata) {
  UnlockedVolume volume(device, metadata, made_up_keys(metadata));
  // What may be written to: not the metadata blocks; the storage of the moved header only through the
  // volume's start.
  for (const Region& region : metadata.metadata_regions())
    if (!(region == metadata.moved_header())) device->guarded.push_back(region);
  ByteVector buffer(3 * 4096 + 5);
  std::vector<uint64_t> places = {0, 1, volume.size_bytes() / 2, volume.size_bytes() - 1};
  for (const Region& region : metadata.metadata_regions()) {
    places.push_back(region.offset - 1);
    places.push_back(region.offset + region.length - 1);
  }
  places.push_back(metadata.moved_header().length);
  for (const uint64_t place : places) {
    const uint64_t length = std::min<uint64_t>(buffer.size(), volume.size_bytes() - place);
    const MutableBytes part = MutableBytes(buffer).first(length);
    volume.read(place, part);
    volume.forget_cached(place, length);
    try {
      volume.write(place, part);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kRefused) throw;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  if (size < 1 + kSectorBytes) return 0;
  const Bytes rest = input.subspan(1 + kSectorBytes);
  ByteVector region(rest.begin(),
                    rest.begin() + static_cast<ptrdiff_t>(std::min<size_t>(rest.size(), fve::kRegionBytes)));
  if ((input[0] & kKeepChecksum) == 0) fix_checksum(region);
  const auto device = std::make_shared<SparseDevice>(input.subspan(1, kSectorBytes), region);
  try {
    const Metadata metadata = Metadata::read(*device);
    static const Credentials startup = FveVolume().startup_credentials();
    try {
      (void)unlock(metadata, startup);
    } catch (const Error&) {
    }
    if (!metadata.unsupported()) use_volume(device, metadata);
  } catch (const Error&) {
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  std::vector<ByteVector> seeds;
  for (const Layout layout : {Layout::kFixed, Layout::kToGo, Layout::kVista}) {
    for (const Method method : {Method::kAesXts128, Method::kAesCbc256Elephant}) {
      test::FveOptions options;
      options.layout = layout, options.method = method;
      options.clear_key = method == Method::kAesXts128;
      const FveVolume volume(options);
      ByteVector seed(1);
      FveVolume::append(seed, Bytes(volume.image).first(kSectorBytes));
      FveVolume::append(seed, Bytes(volume.image).subspan(kBlockPlace, volume.block.size() + 96));
      seeds.push_back(std::move(seed));
    }
  }
  return seeds;
}
