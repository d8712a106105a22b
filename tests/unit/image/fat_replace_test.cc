// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_replace.h"

#include <algorithm>

#include "image/fat32.h"
#include "tests/support/catch.h"
#include "tests/support/crash_device.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"

namespace mend::image::test {
namespace {

ByteVector pattern(size_t size, uint8_t seed) {
  ByteVector bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 7 + i / 251);
  return bytes;
}

// A volume of 40 MiB at 1 MiB, with a keyring between two other files.
ByteVector make_disk(const ByteVector& keyring) {
  FatRequest request;
  request.size_bytes = 40 * kMiB;
  request.label = "TEST";
  request.files = {{"a.txt", Content::memory(pattern(5000, 1))},
                   {"keyring", Content::memory(keyring)},
                   {"mendstick/z.bin", Content::memory(pattern(90000, 2))}};
  const FatVolume volume = lay_out_fat32(request);
  ByteVector disk(41 * kMiB);
  for (const Extent& extent : volume.extents) {
    uint64_t at = extent.offset;
    extent.content.for_each_piece([&](Bytes piece) {
      std::copy(piece.begin(), piece.end(), disk.begin() + static_cast<ptrdiff_t>(at));
      at += piece.size();
    });
  }
  return disk;
}

ByteVector content_of(block::BlockReader& disk, const FatContent& volume, std::string_view path) {
  for (const FatEntry& entry : volume.entries) {
    if (entry.path != path) continue;
    ByteVector bytes;
    for (const FatEntry::Piece& piece : entry.pieces) {
      const ByteVector more = disk.read_bytes(piece.offset, piece.size_bytes);
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    bytes.resize(static_cast<size_t>(entry.size_bytes));
    return bytes;
  }
  return {};
}

TEST_CASE("PU-1: a file has its new content, and nothing else has changed", "[image]") {
  for (const size_t size : {size_t{1}, size_t{4096}, size_t{13000}, size_t{300'000}}) {
    mend::test::MemoryDevice disk(make_disk(pattern(13000, 9)));
    const FatContent before = read_fat32(disk, kMiB);
    REQUIRE(before.faults.empty());
    const ByteVector keyring = pattern(size, 77);
    replace_file(disk, before, "keyring", keyring);
    const FatContent after = read_fat32(disk, kMiB);
    CAPTURE(size);
    CHECK(after.faults == std::vector<std::string>{});
    CHECK(content_of(disk, after, "keyring") == keyring);
    CHECK(content_of(disk, after, "a.txt") == pattern(5000, 1));
    CHECK(content_of(disk, after, "mendstick/z.bin") == pattern(90000, 2));
    CHECK(after.entries.size() == before.entries.size());
  }
}

TEST_CASE("FP-1: wherever the power goes, the file is the old one or the new one, and the next time heals",
          "[image]") {
  using mend::test::Fate;
  const ByteVector old_keyring = pattern(13000, 9), new_keyring = pattern(20000, 77), next = pattern(9000, 3);
  const mend::test::SparseBytes original(make_disk(old_keyring));
  size_t old_seen = 0, new_seen = 0;
  for (const Fate fate : mend::test::kFates) {
    bool ended = false;
    for (uint64_t event = 0; !ended; ++event) {
      mend::test::Power power(event);
      power.cut_at(event, fate);
      mend::test::CrashDevice disk(power, original);
      try {
        replace_file(disk, read_fat32(disk, kMiB), "keyring", new_keyring);
        ended = true;
      } catch (
          const mend::test::PowerCut&) {  // NOLINT(bugprone-empty-catch): what is left is looked at below
      }
      mend::test::Power on;
      mend::test::CrashDevice after(on, disk.durable());
      const FatContent volume = read_fat32(after, kMiB);
      const ByteVector now = content_of(after, volume, "keyring");
      CAPTURE(event, static_cast<int>(fate), volume.faults);
      CHECK((now == old_keyring || now == new_keyring));
      ++(now == old_keyring ? old_seen : new_seen);
      CHECK(content_of(after, volume, "a.txt") == pattern(5000, 1));
      replace_file(after, volume, "keyring", next);
      const FatContent healed = read_fat32(after, kMiB);
      CHECK(healed.faults == std::vector<std::string>{});
      CHECK(content_of(after, healed, "keyring") == next);
    }
  }
  CHECK(old_seen > 4);
  CHECK(new_seen > 4);
}

TEST_CASE("FP-3: a damaged volume, a full one and one without the file are not written to", "[image]") {
  const auto id_of = [](ByteVector bytes, const ByteVector& content, const char* path) -> std::string {
    mend::test::MemoryDevice memory(std::move(bytes));
    mend::test::NoWriteDevice disk(memory);
    try {
      replace_file(disk, read_fat32(disk, kMiB), path, content);
    } catch (const Error& error) {
      return error.id();
    }
    return "";
  };
  const ByteVector good = make_disk(pattern(13000, 9));
  CHECK(id_of(good, pattern(5, 1), "Keyrings") == "image.replace.missing");
  CHECK(id_of(good, {}, "keyring") == "image.replace.empty");
  CHECK(id_of(good, ByteVector(40 * kMiB), "keyring") == "image.replace.full");
  mend::test::MemoryDevice memory(good);
  const FatContent volume = read_fat32(memory, kMiB);
  ByteVector damaged = good;  // another file's chain leads to nowhere
  for (const FatEntry& entry : volume.entries) {
    if (entry.path == "a.txt") write_le<uint32_t>(damaged, entry.records.back() + 28, 900'000);
  }
  CHECK(id_of(damaged, pattern(5, 1), "keyring") == "image.replace.damaged");
}

}  // namespace
}  // namespace mend::image::test
