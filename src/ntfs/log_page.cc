// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_page.h"

#include <bit>

#include "ntfs/field.h"
#include "ntfs/fixup.h"
#include "ntfs/record.h"

namespace mend::ntfs {
namespace {

constexpr uint16_t kNoClient = 0xffff;
constexpr uint16_t kCleanFlag = 2;
constexpr uint64_t kMinimumRecordPages = 48;
constexpr size_t kAreaBytes = 0x30;
constexpr size_t kClientBytes = 0xa0;
constexpr uint32_t kLargestPageBytes = 64 << 10;

bool is_page_size(uint32_t bytes) {
  return is_power_of_two(bytes) && bytes >= kStrideBytes && bytes <= kLargestPageBytes;
}

// Current LSN to the length of the record's header; false when a value contradicts another.
bool parse_area(Bytes page, uint64_t log_bytes, RestartPage& out, size_t& client_array) {
  // +0x00 current LSN, +0x08 clients, +0x0A head of the free ones, +0x0C of those in use, +0x0E flags, +0x10
  // sequence bits, +0x14 length, +0x16 client array, +0x18 usable bytes, +0x24 record header, +0x26 data in a
  // record page
  const size_t offset = read_le<uint16_t>(page, 0x18);
  if (offset % 8 != 0 || offset < kAreaBytes || !fits(offset, kAreaBytes, page.size())) return false;
  const Struct<kAreaBytes> area(page, offset);
  out.clients = area.get<uint16_t, 0x08>();
  const uint16_t free_head = area.get<uint16_t, 0x0a>(), used_head = area.get<uint16_t, 0x0c>();
  out.sequence_bits = area.get<uint32_t, 0x10>();
  out.usable_bytes = area.get<uint64_t, 0x18>();
  const size_t length = area.get<uint16_t, 0x14>(), array = area.get<uint16_t, 0x16>();
  const bool heads_right = (free_head == kNoClient || free_head < out.clients) &&
                           (used_head == kNoClient || used_head < out.clients);
  const bool places_right = fits(offset, length, page.size()) && array % 8 == 0 && array >= kAreaBytes &&
                            fits(array, out.clients * kClientBytes, length) &&
                            area.get<uint16_t, 0x24>() == kLogRecordHeaderBytes &&
                            area.get<uint16_t, 0x26>() == kLogDataOffset;
  const bool sizes_right =
      out.usable_bytes <= log_bytes &&
      out.usable_bytes / out.log_page_bytes >= kMinimumRecordPages + out.first_record_page() &&
      out.sequence_bits == 67U - static_cast<uint32_t>(std::bit_width(out.usable_bytes));
  if (!heads_right || !places_right || !sizes_right) return false;
  if (!out.checked) out.current_lsn = area.get<uint64_t, 0x00>();
  out.client_in_use = used_head != kNoClient;
  out.client_index = used_head;
  out.clean = (area.get<uint16_t, 0x0e>() & kCleanFlag) != 0;
  client_array = offset + array;
  return true;
}

bool parse_client(Bytes page, size_t client_array, RestartPage& out) {
  // +0x00 oldest LSN, +0x08 restart LSN, +0x14 sequence, +0x1C length of the name, +0x20 name
  const Struct<kClientBytes> client(page, client_array + out.client_index * kClientBytes);
  out.oldest_lsn = client.get<uint64_t, 0x00>();
  out.restart_lsn = client.get<uint64_t, 0x08>();
  out.client_sequence = client.get<uint16_t, 0x14>();
  const uint32_t name_bytes = client.get<uint32_t, 0x1c>();
  if (name_bytes > 0x80 || name_bytes % 2 != 0) return false;
  out.client_name =
      Attribute::utf16(slice(page, client_array + out.client_index * kClientBytes + 0x20, name_bytes));
  return true;
}

}  // namespace

std::optional<RestartPage> parse_restart_page(Bytes raw, uint64_t log_bytes) {
  // +0x00 magic, +0x08 LSN of the checker, +0x10 system page, +0x14 log page, +0x18 restart area, +0x1A
  // minor, +0x1C major version
  if (raw.size() < 0x20) return std::nullopt;
  const Struct<0x20> header(raw, 0);
  const uint32_t magic = header.get<uint32_t, 0>();
  if (magic != kMagicRestart && magic != kMagicChecked) return std::nullopt;
  RestartPage out;
  out.system_page_bytes = header.get<uint32_t, 0x10>();
  out.log_page_bytes = header.get<uint32_t, 0x14>();
  if (!is_page_size(out.system_page_bytes) || !is_page_size(out.log_page_bytes)) return std::nullopt;
  if (raw.size() < out.system_page_bytes) return std::nullopt;
  out.checked = magic == kMagicChecked;
  out.major = header.get<uint16_t, 0x1c>();
  out.minor = header.get<uint16_t, 0x1a>();
  if (out.major > 2) return out;  // other protection, perhaps another layout
  out.bytes.assign(raw.begin(), raw.begin() + static_cast<ptrdiff_t>(out.system_page_bytes));
  if (remove_fixups(out.bytes) != Protection::kIntact) return std::nullopt;
  out.current_lsn = header.get<uint64_t, 0x08>();
  size_t client_array = 0;
  if (!parse_area(out.bytes, log_bytes, out, client_array)) return std::nullopt;
  if (out.client_in_use && !parse_client(out.bytes, client_array, out)) return std::nullopt;
  return out;
}

std::optional<RestartPage> choose_restart_page(Bytes head, uint64_t log_bytes) {
  const auto at = [&](uint64_t offset) {
    return offset < head.size() ? parse_restart_page(head.subspan(static_cast<size_t>(offset)), log_bytes)
                                : std::nullopt;
  };
  std::optional<RestartPage> first = at(0), second;
  for (uint64_t size = kStrideBytes; size <= kLargestPageBytes && !second; size *= 2) {
    if (first && first->system_page_bytes != size) continue;
    second = at(size);
    if (second && second->system_page_bytes != size) second.reset();
  }
  if (!first || (second && second->current_lsn > first->current_lsn)) return second;
  return first;
}

ByteVector close_restart_page(const RestartPage& from, Lsn current_lsn) {
  ByteVector page = from.bytes;
  write_le<uint32_t>(page, 0x00, kMagicRestart);
  write_le<uint64_t>(page, 0x08, 0);  // of the checker
  write_le<uint16_t>(page, 0x1a, 1);
  write_le<uint16_t>(page, 0x1c, 1);
  const size_t area = read_le<uint16_t>(page, 0x18);
  const size_t clients = area + read_le<uint16_t>(page, area + 0x16);
  write_le<uint64_t>(page, area + 0x00, current_lsn);
  write_le<uint16_t>(page, area + 0x0a, from.clients == 0 ? kNoClient : 0);
  write_le<uint16_t>(page, area + 0x0c, kNoClient);
  write_le<uint16_t>(page, area + 0x0e,
                     static_cast<uint16_t>(read_le<uint16_t>(page, area + 0x0e) | kCleanFlag));
  write_le<uint32_t>(page, area + 0x20, 0);      // no record at the current LSN
  for (uint16_t i = 0; i < from.clients; ++i) {  // all of them in the list of the free ones
    const size_t client = clients + i * kClientBytes;
    write_le<uint64_t>(page, client + 0x00, current_lsn);
    write_le<uint64_t>(page, client + 0x08, 0);
    write_le<uint16_t>(page, client + 0x10, i == 0 ? kNoClient : static_cast<uint16_t>(i - 1));
    write_le<uint16_t>(page, client + 0x12, i + 1 == from.clients ? kNoClient : static_cast<uint16_t>(i + 1));
  }
  apply_fixups(page);
  return page;
}

std::optional<RecordPage> RecordPage::parse(Bytes page) {
  // +0x08 last LSN, +0x10 flags, +0x14 pages of the transfer, +0x16 position, +0x20 last LSN that ends
  const Struct<kLogDataOffset> header(page, 0);
  if (header.get<uint32_t, 0>() != kMagicRecord) return std::nullopt;
  RecordPage out;
  out.bytes = page;
  out.last_lsn = header.get<uint64_t, 0x08>();
  out.ends_record = (header.get<uint32_t, 0x10>() & 1) != 0;
  out.transfer_pages = header.get<uint16_t, 0x14>();
  out.position = header.get<uint16_t, 0x16>();
  out.last_end = out.ends_record ? header.get<uint64_t, 0x20>() : 0;
  return out;
}

uint64_t home_of_tail_copy(Bytes page) {
  return read_le<uint64_t>(page, 0x08);
}

uint64_t home_of_fast_copy(Bytes page) {
  return read_le<uint32_t>(page, 0x3c);
}

void make_home_page(MutableBytes tail_copy) {
  write_le<uint64_t>(tail_copy, 0x08, read_le<uint64_t>(tail_copy, 0x20));
  write_le<uint16_t>(tail_copy, 0x14, 1);
  write_le<uint16_t>(tail_copy, 0x16, 1);
}

}  // namespace mend::ntfs
