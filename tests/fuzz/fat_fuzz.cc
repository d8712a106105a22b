// SPDX-License-Identifier: GPL-3.0-or-later
// A stick's volume whose boot sectors, tables and folders are any bytes: what is read of it lies within it
// and belongs to one file each (FR-1), and where files are taken off it, the others stay as they were and
// nothing but names, tables and the count of free clusters is written (FX-1, FX-3). An input is what stands
// at the places in kParts, one after the other; the second table gets what the first one has.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "block/overlay.h"
#include "image/fat32.h"
#include "image/fat_reader.h"
#include "image/fat_remove.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/memory_device.h"

namespace {

using namespace mend;
using namespace mend::image;

constexpr uint64_t kBytes = uint64_t{36} << 20;
constexpr uint64_t kBootBytes = 4096, kTableBytes = 512, kFolderBytes = 512;

void require(bool holds) {
  if (!holds) std::abort();
}

// A volume as a build makes it, with a few logs.
class Image {
 public:
  Image() : device(std::make_shared<mend::test::MemoryDevice>(kBytes)) {
    FatRequest request;
    request.partition_offset = 0;
    request.size_bytes = kBytes;
    request.serial = 0x12345678;
    request.label = "TEST";
    request.time = *parse_iso8601("2024-07-19T08:00:00Z");
    for (const char* name :
         {"logs/20240719T080000Z-PC-0001-0011.jsonl", "logs/B.UND", "logs/sub/c", "keys/d"})
      request.files.push_back({name, Content::memory(ByteVector(1500, 'x'))});
    for (const Extent& extent : lay_out_fat32(request).extents)
      device->write(extent.offset, extent.content.bytes());
    const FatContent content = read_fat32(*device, 0);
    require(content.faults.empty() && content.entries.size() == 8);
    second_table = content.table_offset + content.table_bytes;
    parts = {{0, kBootBytes}, {content.table_offset, kTableBytes}};
    for (const FatEntry& entry : content.entries)
      if (entry.is_folder) parts.emplace_back(entry.pieces.front().offset, kFolderBytes);
    for (const auto& [offset, size] : parts) {
      const ByteVector part = device->read_bytes(offset, size);
      input.insert(input.end(), part.begin(), part.end());
    }
  }

  void put(block::BlockDevice& volume, Bytes bytes) const {
    for (const auto& [offset, size] : parts) {
      const Bytes part = bytes.first(std::min<size_t>(bytes.size(), size));
      bytes = bytes.subspan(part.size());
      volume.write(offset, part);
      if (size == kTableBytes) volume.write(second_table, part);
    }
  }

  std::shared_ptr<mend::test::MemoryDevice> device;
  std::vector<std::pair<uint64_t, uint64_t>> parts;  // offset, size
  uint64_t second_table = 0;
  ByteVector input;
};

const Image& stick() {
  static const Image made;
  return made;
}

void check(const FatContent& content) {
  std::map<uint64_t, uint64_t> taken;
  for (const FatEntry& entry : content.entries) {
    for (const FatEntry::Piece& piece : entry.pieces) {
      require(fits(piece.offset, piece.size_bytes, kBytes) && piece.offset >= content.data_offset);
      require(taken.emplace(piece.offset, piece.size_bytes).second);
    }
    for (const uint64_t record : entry.records) require(fits(record, 32, kBytes));
  }
  uint64_t end = 0;
  for (const auto& [offset, size] : taken) {
    require(offset >= end);
    end = offset + size;
  }
}

// Every file of the folder of logs but the first.
std::vector<std::string> some_logs(const FatContent& content) {
  std::vector<std::string> paths;
  for (const FatEntry& entry : content.entries)
    if (!entry.is_folder && entry.path.starts_with("logs/")) paths.push_back(entry.path);
  if (paths.size() > 1) paths.erase(paths.begin());
  return paths;
}

bool same_places(const FatEntry& a, const FatEntry& b) {
  return std::equal(
      a.pieces.begin(), a.pieces.end(), b.pieces.begin(), b.pieces.end(),
      [](const auto& x, const auto& y) { return x.offset == y.offset && x.size_bytes == y.size_bytes; });
}

void check_removal(block::Overlay& volume, const FatContent& before) {
  const std::vector<std::string> paths = some_logs(before);
  const std::vector<uint64_t> changed = volume.changed_blocks();
  try {
    remove_files(volume, 0, paths);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kRefused);
    require(volume.changed_blocks() == changed);
    return;
  }
  const FatContent after = read_fat32(volume, 0);
  require(after.faults.empty() && after.entries.size() + paths.size() == before.entries.size());
  auto now = after.entries.begin();
  for (const FatEntry& entry : before.entries) {
    if (std::count(paths.begin(), paths.end(), entry.path) != 0) continue;
    require(now->path == entry.path && now->size_bytes == entry.size_bytes && same_places(*now, entry));
    ++now;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  block::Overlay volume(stick().device);
  stick().put(volume, {data, size});
  try {
    const FatContent content = read_fat32(volume, 0);
    check(content);
    check_removal(volume, content);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kCorrupt);
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  return {stick().input};
}
