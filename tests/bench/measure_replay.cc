// SPDX-License-Identifier: GPL-3.0-or-later
#include "measure_replay.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/error.h"
#include "block/file_device.h"
#include "block/overlay.h"
#include "block/window.h"
#include "ntfs/log_file.h"
#include "ntfs/replay.h"
#include "ntfs/volume.h"
#include "tools/brokenpc/log_writer.h"

namespace mend::bench {
namespace {

using Json = nlohmann::ordered_json;
using brokenpc::LogWriter;

constexpr size_t kInformation = 0x38, kTimes = 0x18;  // $STANDARD_INFORMATION in a record, its value in it

std::shared_ptr<block::BlockDevice> open_window(const std::string& image, uint64_t offset) {
  std::shared_ptr<block::FileDevice> disk = block::FileDevice::open(image, block::Access::kReadWrite);
  const uint64_t size = disk->size_bytes() - offset;
  return std::make_shared<block::Window>(disk, offset, size, "volume");
}

struct FileRecord {
  uint64_t number, offset;
};

std::vector<FileRecord> files_of(block::BlockReader& device) {
  ntfs::Volume volume(device);
  std::vector<FileRecord> files;
  for (uint64_t number = 64; number < volume.record_count() && files.size() < 1000; ++number) {
    const ntfs::Record record = volume.read_record(number);
    if (!record->in_use() || !record->is_base()) continue;
    if (read_le<uint32_t>(record->bytes(), kInformation) != 0x10) continue;
    files.push_back({number, volume.record_ranges(number).at(0).offset});
  }
  return files;
}

double seconds_since(uint64_t start) {
  return static_cast<double>(monotonic_ns() - start) / 1e9;
}

}  // namespace

Json fill_log(const std::string& image, uint64_t offset) {
  const auto device = open_window(image, offset);
  const ntfs::Geometry geometry = ntfs::read_geometry(*device);
  const std::vector<FileRecord> files = files_of(*device);
  ntfs::LogSource source(*device, geometry);
  LogWriter log(
      {.major = 2, .pages = source.size_bytes() / LogWriter::kPage, .first_page = 34, .sequence = 2});
  log.checkpoint({.open = LogWriter::table({LogWriter::open_entry(0x80, uint64_t{1} << 48, 0)})});
  log.current = log.restart_lsn;
  uint64_t records = 0;
  for (; log.page_of(log.last_lsn()) + 3 < source.size_bytes() / LogWriter::kPage; ++records) {
    const FileRecord& file = files[records % files.size()];
    brokenpc::LogOp op;
    op.redo = op.undo = 0x07;
    op.redo_data = op.undo_data = ByteVector(8, static_cast<uint8_t>(records));
    op.target = 0x18;
    op.vcn = file.number * geometry.record_bytes / geometry.cluster_bytes;
    op.lcns = {file.offset / geometry.cluster_bytes};
    op.record_offset = kInformation, op.attribute_offset = kTimes;
    op.block_offset = static_cast<uint16_t>(file.offset % geometry.cluster_bytes / 512);
    log.write(0x18, op);
    if (records % 4 == 3) log.forget(0x18);
  }
  log.forget(0x18);
  const ByteVector bytes = log.finish();
  Bytes rest = bytes;
  for (const ntfs::Range& range : source.ranges(0, bytes.size())) {
    device->write(range.offset, rest.first(static_cast<size_t>(range.length)));
    rest = rest.subspan(static_cast<size_t>(range.length));
  }
  device->flush();
  return {{"records", records}, {"log_mib", bytes.size() >> 20}};
}

Json replay(const std::string& image, uint64_t offset, uint64_t records) {
  const auto device = open_window(image, offset);
  const std::vector<FileRecord> files = files_of(*device);
  ntfs::LogSource source(*device, ntfs::read_geometry(*device));
  ByteVector piece(1 << 20);
  uint64_t start = monotonic_ns();
  for (uint64_t at = 0; at + piece.size() <= source.size_bytes(); at += piece.size()) source.read(at, piece);
  ByteVector record(1024);
  for (uint64_t i = 0; i < records; ++i) {
    const FileRecord& file = files[i % files.size()];
    device->read(file.offset, record);
    device->write(file.offset, record);
  }
  const double bare = seconds_since(start);
  block::Overlay overlay(device);
  start = monotonic_ns();
  const ntfs::ReplayResult result = ntfs::replay_log(overlay);
  const double replayed = seconds_since(start);
  if (result.redone != records)
    throw Error(ErrorCode::kCorrupt, "bench.replay", std::to_string(result.redone) + " records were redone");
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {{"bare_s", bare}, {"replay_s", replayed}, {"memory_mib", usage.ru_maxrss / 1024}};
}

}  // namespace mend::bench
