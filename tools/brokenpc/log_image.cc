// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/log_image.h"

#include <algorithm>
#include <bit>

namespace mend::brokenpc {
namespace {

constexpr uint32_t kPageBytes = 4096;
constexpr uint32_t kRecordHeaderBytes = 0x30;
constexpr uint32_t kCheckpointBytes = 0x70;
constexpr uint32_t kPageDataOffset = 0x40;
constexpr uint64_t kFirstSequence = 2;

struct Geometry {
  uint64_t file_bytes;
  uint32_t sequence_bits;
  uint64_t first_page;
  uint64_t checkpoint_lsn;
  uint64_t base_lsn;
};

// Since Windows 8 records begin at page 34, also where the restart pages were written back as 1.1.
Geometry measure(uint64_t stream_bytes, Log state) {
  Geometry log{};
  log.file_bytes = align_down(stream_bytes, kPageBytes);
  log.sequence_bits = 67 - static_cast<uint32_t>(std::bit_width(log.file_bytes));
  log.first_page = state == Log::kUnclean11 ? 4 : 34;
  uint32_t offset_bits = 64 - log.sequence_bits;
  log.base_lsn = kFirstSequence << offset_bits;
  log.checkpoint_lsn = log.base_lsn | (log.first_page * kPageBytes + kPageDataOffset) >> 3;
  return log;
}

// The last two bytes of each 512 go into the array, the check value takes their place.
void protect(MutableBytes page, uint16_t array_offset, uint16_t check_value) {
  write_le<uint16_t>(page, 4, array_offset);
  write_le<uint16_t>(page, 6, static_cast<uint16_t>(1 + page.size() / 512));
  write_le<uint16_t>(page, array_offset, check_value);
  for (uint64_t stride = 1; stride <= page.size() / 512; ++stride) {
    uint64_t tail = stride * 512 - 2;
    write_le<uint16_t>(page, array_offset + 2 * stride, read_le<uint16_t>(page, tail));
    write_le<uint16_t>(page, tail, check_value);
  }
}

ByteVector restart_page(const Geometry& log, Log state, uint16_t check_value) {
  constexpr uint64_t kArea = 0x30;
  constexpr uint64_t kClient = kArea + 0x40;
  constexpr uint16_t kClosed = 2;
  constexpr uint16_t kNobody = 0xffff;
  bool version_2 = state == Log::kUnclean;
  ByteVector page(kPageBytes);
  std::copy_n("RSTR", 4, page.begin());
  write_le<uint32_t>(page, 0x10, kPageBytes);
  write_le<uint32_t>(page, 0x14, kPageBytes);
  write_le<uint16_t>(page, 0x18, kArea);
  write_le<uint16_t>(page, 0x1a, version_2 ? 0 : 1);  // minor
  write_le<uint16_t>(page, 0x1c, version_2 ? 2 : 1);  // major
  write_le<uint64_t>(page, kArea + 0x00, log.checkpoint_lsn);
  write_le<uint16_t>(page, kArea + 0x08, 1);  // client records
  write_le<uint16_t>(page, kArea + 0x0a, kNobody);
  write_le<uint16_t>(page, kArea + 0x0c, 0);  // the client in use
  write_le<uint16_t>(page, kArea + 0x0e, state == Log::kClean ? kClosed : 0);
  write_le<uint32_t>(page, kArea + 0x10, log.sequence_bits);
  write_le<uint16_t>(page, kArea + 0x14, 0x40 + 0xa0);
  write_le<uint16_t>(page, kArea + 0x16, 0x40);
  write_le<uint64_t>(page, kArea + 0x18, log.file_bytes);
  write_le<uint32_t>(page, kArea + 0x20, kCheckpointBytes);
  write_le<uint16_t>(page, kArea + 0x24, kRecordHeaderBytes);
  write_le<uint16_t>(page, kArea + 0x26, kPageDataOffset);
  write_le<uint32_t>(page, kArea + 0x28, 1);  // times opened
  write_le<uint64_t>(page, kClient + 0x00, log.checkpoint_lsn);
  write_le<uint64_t>(page, kClient + 0x08, log.checkpoint_lsn);
  write_le<uint16_t>(page, kClient + 0x10, kNobody);
  write_le<uint16_t>(page, kClient + 0x12, kNobody);
  write_le<uint32_t>(page, kClient + 0x1c, 8);
  std::copy_n("N\0T\0F\0S\0", 8, page.begin() + kClient + 0x20);
  protect(page, 0x1e, check_value);
  return page;
}

ByteVector checkpoint_page(const Geometry& log, uint32_t cluster_bytes, Log state) {
  constexpr uint64_t kData = kPageDataOffset + kRecordHeaderBytes;
  bool windows_8 = state != Log::kUnclean11;
  ByteVector page(kPageBytes);
  std::copy_n("RCRD", 4, page.begin());
  write_le<uint64_t>(page, 0x08, log.checkpoint_lsn);
  write_le<uint32_t>(page, 0x10, windows_8 ? 3 : 1);  // a record ends here, it is a checkpoint
  write_le<uint16_t>(page, 0x14, 1);
  write_le<uint16_t>(page, 0x16, 1);
  write_le<uint16_t>(page, 0x18, kData + kCheckpointBytes);
  write_le<uint64_t>(page, 0x20, log.checkpoint_lsn);
  // The record: a client restart without predecessor.
  write_le<uint64_t>(page, kPageDataOffset, log.checkpoint_lsn);
  write_le<uint32_t>(page, kPageDataOffset + 0x18, kCheckpointBytes);
  write_le<uint32_t>(page, kPageDataOffset + 0x20, 2);
  // Its data: no table has an entry.
  write_le<uint32_t>(page, kData, windows_8 ? 1 : 0);
  write_le<uint64_t>(page, kData + 0x48, log.base_lsn);
  write_le<uint32_t>(page, kData + 0x50, cluster_bytes);
  protect(page, 0x28, 1);
  return page;
}

}  // namespace

std::vector<LogPage> make_log(uint64_t stream_bytes, uint32_t cluster_bytes, Log state) {
  if (state == Log::kEmpty) return {};
  Geometry log = measure(stream_bytes, state);
  return {{0, restart_page(log, state, 2)},
          {kPageBytes, restart_page(log, state, 1)},
          {log.first_page * kPageBytes, checkpoint_page(log, cluster_bytes, state)}};
}

}  // namespace mend::brokenpc
