// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/fixup.h"
#include "ntfs/record.h"
#include "ntfs/runs.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kHeadBytes = 128 << 10;  // two restart pages of any size; an empty log is told by them
constexpr uint64_t kTailCopies = 2, kTailCopyPages = 2;
constexpr uint64_t kFastCopies = 2, kFastCopyPages = 32;
constexpr uint64_t kPagesInChunk = LogFile::kChunkBytes / kLogPageBytes;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "the log of the volume ($LogFile) is damaged: " + why);
}

}  // namespace

LogSource::LogSource(block::BlockReader& volume, const Geometry& geometry)
    : volume_(volume), geometry_(geometry) {
  const uint64_t within = system_record::kLogFile * geometry.record_bytes;
  if (!load(geometry.mft_lcn * geometry.cluster_bytes + within) &&
      !load(geometry.mirror_lcn * geometry.cluster_bytes + within))
    throw Error(ErrorCode::kCorrupt, "ntfs.log.record",
                "neither MFT record 2 nor its copy says where the log of the volume ($LogFile) lies");
}

bool LogSource::load(uint64_t record_offset) {
  if (!fits(record_offset, geometry_.record_bytes, geometry_.volume_bytes())) return false;
  try {
    const Record record =
        Record::parse(volume_.read_bytes(record_offset, geometry_.record_bytes), system_record::kLogFile);
    if (!record->in_use() || !record->is_base()) return false;
    bool found = false;
    record->for_each_attribute([&](const Attribute& attribute) {
      if (attribute.type != AttributeType::kData || !attribute.name_le.empty()) return;
      if (attribute.resident || attribute.lowest_vcn != 0 || attribute.flags != 0) return;
      runs_ = decode_runs(attribute.mapping_pairs, 0, attribute.highest_vcn, geometry_.cluster_count);
      size_bytes_ = attribute.data_bytes;
      found = allocated_clusters(runs_) == total_clusters(runs_) &&
              size_bytes_ <= total_clusters(runs_) * geometry_.cluster_bytes;
    });
    return found;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    return false;
  }
}

std::vector<Range> LogSource::ranges(uint64_t offset, uint64_t length) const {
  if (!fits(offset, length, size_bytes_))
    refuse("ntfs.log.range", fmt::format("{} bytes at {} of a log of {}", length, offset, size_bytes_));
  std::vector<Range> out;
  while (length != 0) {
    const Run* run = find_run(runs_, offset / geometry_.cluster_bytes);
    if (run == nullptr) refuse("ntfs.log.run", fmt::format("no cluster holds byte {} of it", offset));
    const uint64_t within = offset - run->vcn * geometry_.cluster_bytes;
    const uint64_t piece = std::min(length, run->length * geometry_.cluster_bytes - within);
    out.push_back({run->lcn * geometry_.cluster_bytes + within, piece});
    offset += piece, length -= piece;
  }
  return out;
}

void LogSource::read(uint64_t offset, MutableBytes out) {
  size_t at = 0;
  for (const Range& range : ranges(offset, out.size())) {
    volume_.read(range.offset, out.subspan(at, static_cast<size_t>(range.length)));
    at += static_cast<size_t>(range.length);
  }
}

LogFile::LogFile(block::BlockReader& volume, const Geometry& geometry) : source_(volume, geometry) {
  ByteVector head(static_cast<size_t>(std::min(kHeadBytes, source_.size_bytes())));
  source_.read(0, head);
  restart_ = choose_restart_page(head, source_.size_bytes());
  blank_ = !head.empty() && std::all_of(head.begin(), head.end(), [](uint8_t byte) { return byte == 0xff; });
}

void LogFile::open_ring() {
  if (!restart_) refuse("ntfs.log.restart", "neither of its two restart pages is whole");
  if (!restart_->known_version())
    throw Error(ErrorCode::kUnsupported, "ntfs.log.version",
                fmt::format("the log of the volume has version {}.{}, which is not known here",
                            restart_->major, restart_->minor));
  if (!restart_->known_pages())
    throw Error(ErrorCode::kUnsupported, "ntfs.log.pages",
                fmt::format("the log of the volume has pages of {} and {} bytes, which are not known here",
                            restart_->system_page_bytes, restart_->log_page_bytes));
  if (restart_->clients != 1 || restart_->client_name != u"NTFS")
    throw Error(ErrorCode::kUnsupported, "ntfs.log.client",
                "the log of the volume is in use by something that is not NTFS, or by more than one client");
  space_ = restart_->space();
  install_copies();
  find_end();
}

LogFile::Chunk& LogFile::chunk(uint64_t number) {
  const auto found = chunk_slots_.find(number);
  if (found != chunk_slots_.end()) {
    chunks_[found->second]->used_at = ++clock_;
    return *chunks_[found->second];
  }
  size_t slot = chunks_.size();
  if (slot < kChunks) {
    chunks_.push_back(std::make_unique<Chunk>());
  } else {
    const auto oldest = std::min_element(
        chunks_.begin(), chunks_.end(), [](const auto& a, const auto& b) { return a->used_at < b->used_at; });
    slot = static_cast<size_t>(oldest - chunks_.begin());
    chunk_slots_.erase((*oldest)->number);
  }
  current_.reset();  // may be a view of what goes
  Chunk& fresh = *chunks_[slot];
  fresh.number = UINT64_MAX;  // should the read fail
  const uint64_t offset = number * kChunkBytes;
  fresh.bytes.resize(static_cast<size_t>(std::min(kChunkBytes, space_.end_page() * kLogPageBytes - offset)));
  source_.read(offset, fresh.bytes);
  fresh.number = number;
  fresh.used_at = ++clock_;
  fresh.seen.assign(kPagesInChunk, false);
  fresh.whole.assign(kPagesInChunk, false);
  chunk_slots_[number] = slot;
  return fresh;
}

std::optional<RecordPage> LogFile::home_page(uint64_t number) {
  if (number >= space_.end_page()) return std::nullopt;
  Chunk& piece = chunk(number / kPagesInChunk);
  const size_t slot = static_cast<size_t>(number % kPagesInChunk);
  const MutableBytes bytes = slice(MutableBytes(piece.bytes), slot * kLogPageBytes, kLogPageBytes);
  if (!piece.seen[slot]) {
    piece.seen[slot] = true;
    piece.whole[slot] =
        read_le<uint32_t>(bytes, 0) == kMagicRecord && remove_fixups(bytes) == Protection::kIntact;
  }
  if (!piece.whole[slot]) return std::nullopt;
  return RecordPage::parse(bytes);
}

const RecordPage* LogFile::page(uint64_t number) {
  if (!space_.in_ring(number)) return nullptr;
  if (current_ && current_number_ == number) return &*current_;
  const auto copy = copies_.find(number);
  current_ = copy != copies_.end() ? RecordPage::parse(copy->second) : home_page(number);
  current_number_ = number;
  return current_ ? &*current_ : nullptr;
}

void LogFile::install_copies() {
  const bool tails = restart_->major == 1;
  const uint64_t first = tails ? kTailCopies : kFastCopies;
  const uint64_t count = tails ? kTailCopyPages : kFastCopyPages;
  for (uint64_t number = first; number < first + count; ++number) {
    const std::optional<RecordPage> page = home_page(number);
    if (!page || !page->ends_record) continue;
    ByteVector copy(page->bytes.begin(), page->bytes.end());
    const uint64_t home = tails ? home_of_tail_copy(copy) : home_of_fast_copy(copy);
    if (tails) make_home_page(copy);
    install(std::move(copy), home);
  }
}

// NLF-2. LSNs grow, so a copy of an earlier round of the ring is older than whatever came after it.
void LogFile::install(ByteVector copy, uint64_t home_offset) {
  const uint64_t home = home_offset / kLogPageBytes;
  if (home_offset % kLogPageBytes != 0 || !space_.in_ring(home)) return;
  const RecordPage now = *RecordPage::parse(copy);
  if (const RecordPage* there = page(home)) {
    const bool newer = now.last_end > there->last_lsn || now.last_lsn > there->last_lsn ||
                       (now.last_lsn == there->last_lsn && now.last_end > there->last_end);
    if (!newer) return;
  }
  current_.reset();
  copies_[home] = std::move(copy);
}

void LogFile::find_end() {
  const Lsn current = restart_->current_lsn;
  if (!space_.is_place(current))
    refuse("ntfs.log.end.place", fmt::format("its current LSN, {:#x}, is no place in it", current));
  uint64_t number = space_.page(current), sequence = space_.sequence(current), steps = 0;
  Lsn last = 0;
  unsigned position = 0, transfer_pages = 0;
  for (; steps < space_.ring_pages(); ++steps) {
    const RecordPage* page = this->page(number);
    if (page == nullptr) break;
    const bool begins_here =
        space_.sequence(page->last_lsn) == sequence && space_.page(page->last_lsn) == number;
    if (!begins_here && (steps == 0 || page->last_lsn != last)) break;
    const bool continues = page->position == position + 1 && page->transfer_pages == transfer_pages;
    if (steps != 0 && !continues && page->position != 1) break;
    if (page->last_lsn < last || page->last_end > page->last_lsn) break;
    end_ = std::max(end_, page->last_end);
    last = page->last_lsn;
    position = page->position, transfer_pages = page->transfer_pages;
    number = space_.next_page(number, sequence);
  }
  if (end_ < current)
    refuse("ntfs.log.end.current",
           fmt::format("the record at its current LSN, {:#x}, is torn, wiped or older than its restart page",
                       current));
  check_behind(number, space_.ring_pages() - steps, position < transfer_pages ? position : 0, last);
}

// NLF-3. Pages of the transfer that a stop interrupted may have reached the disk in any order; those of a
// later one only when all before it had.
void LogFile::check_behind(uint64_t hole, uint64_t pages_left, unsigned position, Lsn last) {
  uint64_t sequence = 0;
  for (uint64_t step = 0; step < pages_left; ++step, hole = space_.next_page(hole, sequence)) {
    const RecordPage* page = this->page(hole);
    if (page == nullptr || page->last_lsn <= last || space_.page(page->last_lsn) != hole) continue;
    if (page->position == position + step + 1 && page->position > 1) continue;
    refuse("ntfs.log.end.hole",
           fmt::format("page {} holds LSN {:#x}, but the log breaks off before it, behind LSN {:#x}", hole,
                       page->last_lsn, end_));
  }
}

}  // namespace mend::ntfs
