// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/metadata.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/fve_builder.h"
#include "tests/support/memory_device.h"

namespace mend::bitlocker {
namespace {

using test::FveOptions;
using test::FveVolume;
using test::MemoryDevice;

constexpr std::array kAllMethods = {Method::kAesCbc128Elephant, Method::kAesCbc256Elephant,
                                    Method::kAesCbc128,         Method::kAesCbc256,
                                    Method::kAesXts128,         Method::kAesXts256};

// Reads bytes where they are.
class View : public block::BlockReader {
 public:
  explicit View(Bytes bytes) : bytes_(bytes) {}
  uint64_t size_bytes() const override { return bytes_.size(); }
  uint32_t sector_bytes() const override { return 512; }
  uint32_t physical_block_bytes() const override { return 512; }
  std::string describe() const override { return "memory"; }
  void read(uint64_t offset, MutableBytes out) override {
    check_range(offset, out.size(), "read");
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
  }

 private:
  Bytes bytes_;
};

Metadata read(Bytes image) {
  View view(image);
  return Metadata::read(view);
}

// The id of the Error, or "" for none.
std::string error_of_reading(Bytes image) {
  try {
    (void)read(image);
    return "";
  } catch (const Error& error) {
    return error.id();
  }
}

// With `value` at `offset` of the block in all three copies, checksum and seal right.
template <std::unsigned_integral T>
ByteVector with_field(FveVolume volume, size_t offset, std::type_identity_t<T> value) {
  ByteVector block = volume.block;
  write_le<T>(block, offset, value);
  volume.put_all(block);
  return volume.image;
}

TEST_CASE("Metadata tells volume, method, description and protectors without a key", "[bitlocker]") {
  FveOptions options;
  options.clear_key = true;
  const Metadata metadata = read(FveVolume(options).image);
  CHECK(metadata.volume_guid() == FveVolume::volume_guid());
  CHECK(metadata.version() == 2);
  CHECK(metadata.layout() == Layout::kFixed);
  CHECK(metadata.method() == Method::kAesXts128);
  CHECK(metadata.sector_bytes() == 512);
  CHECK(metadata.description() == FveVolume::kDescription);
  CHECK(to_iso8601(metadata.created()) == "2024-07-19T00:00:00Z");
  CHECK(metadata.encrypted_bytes() == FveVolume::kBytes);
  CHECK(metadata.copy_used() == 0);
  CHECK(metadata.copy_problems().empty());
  CHECK(metadata.alternatives().empty());
  CHECK_FALSE(metadata.unsupported_reason());
  CHECK_FALSE(metadata.read_only_reason());
  const std::vector<std::pair<Guid, ProtectorType>> expected = {
      {FveVolume::recovery_id(0), ProtectorType::kRecoveryPassword},
      {FveVolume::recovery_id(1), ProtectorType::kRecoveryPassword},
      {FveVolume::password_id(), ProtectorType::kPassword},
      {FveVolume::startup_id(), ProtectorType::kStartupKey},
      {FveVolume::tpm_id(), ProtectorType::kTpm},
      {FveVolume::clear_id(), ProtectorType::kClearKey}};
  REQUIRE(metadata.protectors().size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(metadata.protectors()[i].id == expected[i].first);
    CHECK(metadata.protectors()[i].type == expected[i].second);
  }
  CHECK(metadata.protectors()[0].name == "DiskPassword");
}

TEST_CASE("Metadata is read in every method, sector size and layout", "[bitlocker]") {
  for (const Method method : kAllMethods) {
    for (const uint32_t sector : {512u, 4096u}) {
      for (const Layout layout : {Layout::kFixed, Layout::kToGo, Layout::kVista}) {
        FveOptions options;
        options.method = method, options.sector_bytes = sector, options.layout = layout;
        const FveVolume volume(options);
        const Metadata metadata = read(volume.image);
        CHECK(metadata.method() == method);
        CHECK(metadata.sector_bytes() == sector);
        CHECK(metadata.layout() == layout);
        CHECK(metadata.version() == (layout == Layout::kVista ? 1 : 2));
        CHECK(metadata.read_only_reason().has_value() == (layout == Layout::kVista));
        CHECK(metadata.encrypted_bytes() == FveVolume::kBytes);
        CHECK(metadata.moved_header() == volume.moved_header());
        CHECK(metadata.metadata_regions().size() == (layout == Layout::kVista ? 3 : 4));
        CHECK_FALSE(metadata.unsupported_reason());
      }
    }
  }
}

TEST_CASE("Only the signatures of BitLocker are taken for BitLocker", "[bitlocker]") {
  const auto recognised = [](ByteVector image) {
    MemoryDevice device(std::move(image));
    return is_bitlocker(device);
  };
  for (const Layout layout : {Layout::kFixed, Layout::kToGo, Layout::kVista}) {
    FveOptions options;
    options.layout = layout;
    CHECK(recognised(FveVolume(options).image));
  }
  ByteVector fat(4096);
  std::copy_n("\xEB\x58\x90MSWIN4.1", 11, fat.begin());
  CHECK_FALSE(recognised(fat));
  CHECK_FALSE(recognised(ByteVector(4096)));
  CHECK_FALSE(recognised(ByteVector(511, 0xFF)));
  CHECK_FALSE(recognised({}));
  CHECK(error_of_reading(fat) == "bitlocker.signature");
  CHECK(error_of_reading({}) == "bitlocker.signature");
}

TEST_CASE("M-1: any one of the three copies is enough", "[bitlocker]") {
  for (const Layout layout : {Layout::kFixed, Layout::kToGo}) {
    FveOptions options;
    options.layout = layout;
    for (size_t good = 0; good < 3; ++good) {
      FveVolume volume(options);
      for (size_t i = 0; i < 3; ++i)
        if (i != good) volume.image[volume.offsets()[i] + 0x60] ^= 1;
      const Metadata metadata = read(volume.image);
      CHECK(metadata.copy_used() == static_cast<int>(good));
      CHECK(metadata.copy_problems().size() == 2);
      CHECK(metadata.copy_problems()[0].find("checksum") != std::string::npos);
      CHECK(metadata.description() == FveVolume::kDescription);
    }
  }
}

TEST_CASE("M-1: a copy that the first sector no longer names, or that cannot be read, is passed over",
          "[bitlocker]") {
  FveVolume volume;
  write_le<uint64_t>(volume.image, 0xB0, 0xFFFFFFFFFFFFFE00);
  write_le<uint64_t>(volume.image, 0xB8, 12345);
  CHECK(read(volume.image).copy_used() == 2);

  MemoryDevice memory(FveVolume().image);
  test::FailingDevice failing(memory);
  failing.fail_read = 1;  // 0 is the first sector
  failing.for_good = false;
  CHECK(Metadata::read(failing).copy_used() == 1);
}

TEST_CASE("Without a usable copy the error says what is wrong with each", "[bitlocker]") {
  FveVolume volume;
  volume.image[volume.offsets()[0]] ^= 1;
  volume.image[volume.offsets()[1] + 0x70] ^= 1;
  write_le<uint64_t>(volume.image, 0xC0, uint64_t{1} << 40);
  try {
    (void)read(volume.image);
    FAIL("read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kCorrupt);
    CHECK(std::string(error.id()) == "bitlocker.fve.no_copy");
    const std::string text = error.what();
    CHECK(text.find("no signature") != std::string::npos);
    CHECK(text.find("checksum") != std::string::npos);
    CHECK(text.find("past the end") != std::string::npos);
  }
  MemoryDevice memory(FveVolume().image);
  test::FailingDevice failing(memory);
  failing.fail_read = 1;
  try {
    (void)Metadata::read(failing);
    FAIL("read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
  }
}

TEST_CASE("A copy moved to another copy's place is not taken", "[bitlocker]") {
  FveVolume volume;
  std::swap_ranges(volume.image.begin() + 0xB0, volume.image.begin() + 0xB8, volume.image.begin() + 0xB8);
  const Metadata metadata = read(volume.image);
  CHECK(metadata.copy_used() == 2);
  CHECK(metadata.copy_problems().size() == 2);
}

TEST_CASE("M-3: reading asks for no more than the first sector and three regions of 64 KiB", "[bitlocker]") {
  MemoryDevice memory(FveVolume().image);
  test::RecordingDevice recording(memory);
  (void)Metadata::read(recording);
  uint64_t bytes = 0;
  for (const auto& event : recording.events) bytes += event.length;
  CHECK(recording.events.size() <= 4);
  CHECK(bytes <= 512 + 3 * 0x10000);
}

TEST_CASE("M-3: a volume cut at any length is an error, or unsupported for its size", "[bitlocker]") {
  const FveVolume volume;
  const uint64_t regions_end = volume.offsets()[2] + volume.region_bytes();
  for (size_t length = 0; length < volume.image.size(); length += length < 2048 ? 1 : 4093) {
    const Bytes cut = Bytes(volume.image).first(length);
    if (length < regions_end) {
      REQUIRE_FALSE(error_of_reading(cut).empty());
    } else {
      REQUIRE(std::string(read(cut).unsupported()->id) == "bitlocker.size");
    }
  }
}

TEST_CASE("M-3: a block cut at any length, with a right checksum, gives an error or metadata",
          "[bitlocker]") {
  const FveVolume volume;
  for (size_t units = 0; units <= volume.block.size() / 16; ++units) {
    FveVolume cut = volume;
    ByteVector block(volume.block.begin(), volume.block.begin() + static_cast<ptrdiff_t>(units * 16));
    if (block.size() >= 0x70) {
      write_le<uint16_t>(block, 0x08, static_cast<uint16_t>(units));
      write_le<uint32_t>(block, 0x40, static_cast<uint32_t>(block.size() - 0x40));
    }
    cut.put_all(block);
    const std::string error = error_of_reading(cut.image);
    CHECK((error.empty() || error == "bitlocker.fve.no_copy"));
    if (block.size() < 0x70) CHECK(error == "bitlocker.fve.no_copy");
  }
}

TEST_CASE("M-1: one flipped bit in a block never passes its checksum", "[bitlocker]") {
  FveVolume volume;
  for (size_t bit = 0; bit < volume.block.size() * 8; bit += 3) {
    const auto flip = [&] {
      volume.image[volume.offsets()[0] + bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    };
    flip();
    REQUIRE(read(volume.image).copy_used() == 1);
    flip();
  }
}

TEST_CASE("M-3: one flipped bit under a right checksum gives an error or metadata, never more",
          "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  size_t errors = 0;
  for (size_t bit = 0; bit < block.size() * 8; ++bit) {
    block[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    volume.put_all(block, FveVolume::Hash::kStale);
    if (!error_of_reading(volume.image).empty()) ++errors;
    block[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  }
  CHECK(errors > 100);
}

TEST_CASE("M-3: every field at its extremes gives a clean answer", "[bitlocker]") {
  FveVolume volume;
  volume.image[volume.offsets()[1]] = 0;  // the first copy is all there is
  volume.image[volume.offsets()[2]] = 0;
  const ByteVector good = volume.block;
  for (size_t offset = 0; offset + 8 <= good.size(); ++offset) {
    for (const uint64_t value :
         {uint64_t{0}, uint64_t{1}, uint64_t{0x7FFF}, uint64_t{0xFFFF}, uint64_t{0x7FFFFFFF},
          uint64_t{0xFFFFFFFF}, uint64_t{INT64_MAX}, UINT64_MAX, UINT64_MAX - 511}) {
      ByteVector block = good;
      write_le<uint64_t>(block, offset, value);
      volume.put_block(0, block, FveVolume::Hash::kStale);
      (void)error_of_reading(volume.image);
    }
  }
  volume.put_block(0, good);
  for (size_t offset = 0; offset + 8 <= 512; ++offset) {
    const ByteVector before(volume.image.begin(), volume.image.begin() + 512);
    write_le<uint64_t>(volume.image, offset, UINT64_MAX);
    (void)error_of_reading(volume.image);
    std::copy(before.begin(), before.end(), volume.image.begin());
  }
  CHECK(error_of_reading(volume.image).empty());
}

TEST_CASE("Regions that leave the volume, overlap, or lie askew are refused", "[bitlocker]") {
  const FveVolume volume;
  const auto error_with = [&](size_t offset, uint64_t value) {
    return error_of_reading(with_field<uint64_t>(volume, offset, value));
  };
  CHECK(error_with(0x28, FveVolume::kBytes - 0x8000) == "bitlocker.fve.no_copy");    // leaves the volume
  CHECK(error_with(0x28, volume.offsets()[0] + 0x8000) == "bitlocker.fve.no_copy");  // overlaps
  CHECK(error_with(0x28, volume.offsets()[1] + 1) == "bitlocker.fve.no_copy");
  CHECK(error_with(0x28, UINT64_MAX - 0xFFFF) == "bitlocker.fve.no_copy");
  CHECK(error_with(0x28, 0) == "bitlocker.fve.no_copy");
}

// The entry that names the moved header is the last one of the block.
size_t moved_header_data(const FveVolume& volume) {
  for (size_t at = volume.block.size() - 16; at > 0x70; --at) {
    if (read_le<uint64_t>(volume.block, at) == volume.moved_header().offset &&
        read_le<uint64_t>(volume.block, at + 8) == volume.moved_header().length)
      return at;
  }
  throw std::logic_error("no such entry");
}

TEST_CASE("A moved header of an impossible place or size is refused", "[bitlocker]") {
  const FveVolume volume;
  const size_t at = moved_header_data(volume);
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{511}, uint64_t{0x2001}, FveVolume::kBytes, UINT64_MAX, UINT64_MAX - 511})
    CHECK(error_of_reading(with_field<uint64_t>(volume, at + 8, length)) == "bitlocker.fve.no_copy");
  for (const uint64_t offset :
       {uint64_t{1}, uint64_t{0}, uint64_t{0x1000}, volume.offsets()[0], volume.offsets()[1] - 512,
        FveVolume::kBytes - 0x1000, UINT64_MAX - 511, uint64_t{1} << 63})
    CHECK(error_of_reading(with_field<uint64_t>(volume, at, offset)) == "bitlocker.fve.no_copy");
}

TEST_CASE("M-4: what is not safe to touch says why", "[bitlocker]") {
  const FveVolume volume;
  const auto id_of = [](Bytes image) -> std::string {
    const Metadata metadata = read(image);
    return metadata.unsupported() ? metadata.unsupported()->id : "";
  };
  for (const unsigned state : {0u, 1u, 2u, 3u, 6u, 0xFFFFu})
    CHECK(id_of(with_field<uint16_t>(volume, 0x0C, static_cast<uint16_t>(state))) ==
          "bitlocker.state.converting");
  CHECK(id_of(with_field<uint16_t>(volume, 0x0C, 5)) == "bitlocker.state.paused");
  for (const unsigned next : {0u, 1u, 2u, 3u, 5u, 0xFFFFu})
    CHECK(id_of(with_field<uint16_t>(volume, 0x0E, static_cast<uint16_t>(next))) ==
          "bitlocker.state.converting");
  for (const uint32_t method : {0u, 0x7FFFu, 0x8006u, 0xFFFFu})
    CHECK(id_of(with_field<uint32_t>(volume, 0x64, method)) == "bitlocker.method");
  for (const uint64_t size : {FveVolume::kBytes + 512, UINT64_MAX, UINT64_MAX - 511, FveVolume::kBytes - 1})
    CHECK(id_of(with_field<uint64_t>(volume, 0x10, size)) == "bitlocker.size");
  for (const uint64_t size : {uint64_t{0}, uint64_t{512}, uint64_t{0x380000}})
    CHECK(id_of(with_field<uint64_t>(volume, 0x10, size)) == "bitlocker.size.regions");
  ByteVector image = volume.image;
  std::copy_n(fve::kEncryptOnWriteHeaderGuid.bytes.begin(), 16, image.begin() + 0xA0);
  CHECK(id_of(image) == "bitlocker.encrypt_on_write");
  image[0xA0] ^= 1;
  CHECK(id_of(image) == "bitlocker.header_guid");
}

TEST_CASE("A version that is not known is unsupported, unless a copy of a known one is there",
          "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  write_le<uint16_t>(block, 0x0A, 3);
  volume.put_block(0, block);
  CHECK(read(volume.image).copy_used() == 1);
  volume.put_all(block);
  try {
    (void)read(volume.image);
    FAIL("read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUnsupported);
    CHECK(std::string(error.id()) == "bitlocker.version");
  }
  // A version-1 block behind a first sector of Windows 7 does not make sense.
  write_le<uint16_t>(block, 0x0A, 1);
  volume.put_all(block);
  CHECK(error_of_reading(volume.image) == "bitlocker.fve.no_copy");
}

TEST_CASE("Copies that differ are kept as alternatives", "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  write_le<uint32_t>(block, 0x60, 77);  // the next nonce
  volume.put_block(2, block);
  const Metadata metadata = read(volume.image);
  CHECK(metadata.copy_used() == 0);
  REQUIRE(metadata.alternatives().size() == 1);
  CHECK(metadata.alternatives()[0].copy_used() == 2);
}

TEST_CASE("A device larger than the volume ends where the metadata says", "[bitlocker]") {
  FveOptions options;
  options.tail_bytes = 12345;
  const Metadata metadata = read(FveVolume(options).image);
  CHECK_FALSE(metadata.unsupported_reason());
  CHECK(metadata.encrypted_bytes() == FveVolume::kBytes);
}

TEST_CASE("Version 1 finds the second and third copy through the first", "[bitlocker]") {
  FveOptions options;
  options.layout = Layout::kVista;
  FveVolume volume(options);
  CHECK(read(volume.image).copy_problems().empty());
  volume.image[volume.offsets()[1]] ^= 1;
  CHECK(read(volume.image).copy_problems().size() == 1);
  // The partition may end before the sector that holds the copy of the first.
  volume.image.resize(FveVolume::kBytes - 512);
  CHECK_FALSE(read(volume.image).unsupported_reason());
  CHECK(read(volume.image).encrypted_bytes() == FveVolume::kBytes - 512);
  volume.image.resize(FveVolume::kBytes - 1024);
  CHECK(read(volume.image).unsupported_reason());
}

TEST_CASE("Text from the disk cannot play tricks on a terminal", "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  write_le<uint16_t>(block, 0x78, 0x1B);    // escape
  write_le<uint16_t>(block, 0x7A, 0x202E);  // right-to-left override
  volume.put_all(block);
  CHECK(read(volume.image).description().starts_with("\\u{1b}\\u{202e}"));
}

TEST_CASE("The words for methods lead back to the methods", "[bitlocker]") {
  for (const Method method : kAllMethods) CHECK(parse_method(to_string(method)) == method);
  CHECK_FALSE(parse_method("unknown"));
  CHECK_FALSE(parse_method(""));
}

}  // namespace
}  // namespace mend::bitlocker
