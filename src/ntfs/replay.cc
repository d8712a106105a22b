// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ntfs/fixup.h"
#include "ntfs/log_analysis.h"
#include "ntfs/log_flags.h"
#include "ntfs/log_operations.h"
#include "ntfs/log_target.h"
#include "ntfs/record.h"

namespace mend::ntfs {
namespace {

enum class Pass { kRedo, kUndo };

// One half of a record, on its way to its target.
struct Step {
  const LogRecord& record;
  const LogOperation& operation;
  Pass pass = Pass::kRedo;
  uint16_t code = 0;
  uint32_t slot = 0;
  const OpenAttribute& attribute;
  LogChange change;
};

class Replayer {
 public:
  Replayer(block::BlockDevice& volume, const Geometry& geometry, LogFile& log)
      : volume_(volume),
        geometry_(geometry),
        log_(log),
        reader_(log),
        analysis_(log, geometry.cluster_bytes),
        target_(volume, geometry.volume_bytes(), log.source().ranges(0, log.source().size_bytes())),
        closing_(log.space().closing(log.end())) {}

  ReplayResult run(const std::function<void(ReplayStage)>& written);

 private:
  void redo();
  void redo_record(const LogRecord& record);
  std::map<Lsn, uint32_t> undo_from() const;
  void undo(std::map<Lsn, uint32_t> next);
  void undo_record(const LogRecord& record, const LogOperation& operation);
  // True when something was changed.
  bool apply(const LogRecord& record, const LogOperation& operation, Pass pass);
  bool apply_structure(Step& step, LogTarget kind, uint64_t position, uint32_t bytes);
  bool change_structure(const Step& step, LogTarget kind, uint64_t position, const std::vector<Range>& place,
                        MutableBytes structure);
  bool may_change(const Step& step, Bytes structure, const std::vector<Range>& place);
  bool apply_bytes(const Step& step);
  bool apply_bits(const Step& step);
  LogChange change_of(const LogRecord& record, const LogOperation& operation, Pass pass);
  std::vector<Range> locate(const Step& step, uint64_t position, uint64_t length) const;
  uint64_t lcn_of(const Step& step, uint64_t vcn) const;
  uint64_t position_of(const LogOperation& operation) const {
    return operation.vcn * geometry_.cluster_bytes + operation.block_offset * uint64_t{512};
  }
  void copy_to_mirror();
  void close();

  block::BlockDevice& volume_;
  Geometry geometry_;
  LogFile& log_;
  LogReader reader_;
  LogAnalysis analysis_;
  ReplayTarget target_;
  Lsn closing_;
  ReplayResult result_;
  ByteVector zeros_;
  std::map<uint64_t, Lsn> unreadable_;               // structures that were torn when a change wanted them
  std::set<uint64_t> undone_;                        // structures that this run took something back in
  std::map<uint64_t, std::vector<Range>> mirrored_;  // records that the log is about and $MFTMirr may hold
};

// NRP-4. Each pass sees the flags as they would be without the replay's own.
ReplayResult Replayer::run(const std::function<void(ReplayStage)>& written) {
  const auto finish = [&](ReplayStage stage) {
    target_.write_out();
    if (written) written(stage);
  };
  result_.records_read = analysis_.records_read;
  if (analysis_.redo_from == 0) {
    close();
    finish(ReplayStage::kRestart);
    return result_;
  }
  VolumeFlags flags(target_, geometry_);
  uint16_t own = flags.get();
  const auto while_dirty = [&](ReplayStage stage) {
    own = flags.get();
    copy_to_mirror();
    flags.set(own | VolumeFlags::kDirty);
    finish(stage);
  };
  while_dirty(ReplayStage::kDirtySet);
  flags.set(own);
  redo();
  const std::map<Lsn, uint32_t> to_undo = undo_from();
  while_dirty(ReplayStage::kPages);
  close();
  finish(ReplayStage::kRestart);
  flags.set(own);
  if (!to_undo.empty()) {
    undo(to_undo);
    while_dirty(ReplayStage::kUndo);
    flags.set(own);
  }
  finish(ReplayStage::kDirtyRestore);
  return result_;
}

// --- redo ---

void Replayer::redo() {
  reader_.for_each(analysis_.redo_from, [&](const LogRecord& record) {
    ++result_.records_read;
    redo_record(record);
  });
  if (unreadable_.empty()) return;
  const auto& [offset, lsn] = *unreadable_.begin();
  throw Error(
      ErrorCode::kCorrupt, "ntfs.replay.torn",
      fmt::format("the structure at byte {} of the volume is torn or wiped, and the log, which changes it "
                  "at LSN {:#x}, does not hold all of it",
                  offset, lsn));
}

void Replayer::redo_record(const LogRecord& record) {
  if (record.type != LogRecord::kOperation) return;
  const LogOperation operation = LogOperation::parse(record);
  check_known(record, operation);
  if (target_of(operation.redo) == LogTarget::kNone || operation.lcn_count == 0) return;
  try {
    if (apply(record, operation, Pass::kRedo)) ++result_.redone;
  } catch (Error& error) {
    error.with_context(describe_record(record, operation.redo));
    throw;
  }
}

// --- undo ---

// The last records to undo → their transactions.
std::map<Lsn, uint32_t> Replayer::undo_from() const {
  std::map<Lsn, uint32_t> next;
  for (const auto& [id, transaction] : analysis_.transactions.all()) {
    if (transaction.state == Transaction::State::kCommitted) continue;
    if (transaction.state == Transaction::State::kPrepared)
      throw Error(
          ErrorCode::kUnsupported, "ntfs.replay.prepared",
          fmt::format("transaction {:#x} of the log is prepared and neither committed nor given up", id));
    if (transaction.undo_next != 0) next[transaction.undo_next] = id;
  }
  return next;
}

// All transactions together, newest record first.
void Replayer::undo(std::map<Lsn, uint32_t> next) {
  std::set<uint32_t> undone;
  LogRecord record;
  while (!next.empty()) {
    const auto [lsn, id] = *next.rbegin();
    next.erase(lsn);
    reader_.read(lsn, record);
    if (record.type != LogRecord::kOperation || record.transaction != id || record.undo_next >= lsn)
      throw Error(
          ErrorCode::kCorrupt, "ntfs.replay.chain",
          fmt::format("the records of transaction {:#x} of the log are no chain at LSN {:#x}", id, lsn));
    const LogOperation operation = LogOperation::parse(record);
    check_known(record, operation);
    const uint64_t before = result_.undone;
    if (!is_dump(operation.redo)) undo_record(record, operation);
    if (result_.undone != before) undone.insert(id);
    if (record.undo_next != 0) next[record.undo_next] = id;
  }
  result_.transactions_undone = undone.size();
}

void Replayer::undo_record(const LogRecord& record, const LogOperation& operation) {
  if (target_of(operation.undo) == LogTarget::kNone || operation.lcn_count == 0) return;
  try {
    if (apply(record, operation, Pass::kUndo)) ++result_.undone;
  } catch (Error& error) {
    error.with_context(describe_record(record, operation.undo) + ", taking it back");
    throw;
  }
}

// --- one change ---

LogChange Replayer::change_of(const LogRecord& record, const LogOperation& operation, Pass pass) {
  const bool redo = pass == Pass::kRedo;
  LogChange change;
  change.code = static_cast<LogCode>(redo ? operation.redo : operation.undo);
  change.record_offset = operation.record_offset;
  change.attribute_offset = operation.attribute_offset;
  change.data = redo ? redo_bytes(record, operation) : undo_bytes(record, operation);
  const size_t length = redo ? operation.redo_length : operation.undo_length;
  if (change.data.size() != length) {  // none are stored
    if (!redo)
      throw Error(ErrorCode::kUnsupported, "ntfs.replay.undo.bytes",
                  "the log does not hold the bytes that this would put back");
    zeros_.assign(length, 0);
    change.data = zeros_;
  }
  change.other_length = redo ? operation.undo_length : operation.redo_length;
  const uint16_t none = redo ? LogRecord::kNoUndoBytes : LogRecord::kNoRedoBytes;
  const size_t other = redo ? operation.undo_offset : operation.redo_offset;
  if ((record.flags & none) == 0 && fits(other, change.other_length, record.data.size()))
    change.other = Bytes(record.data).subspan(other, change.other_length);
  return change;
}

bool Replayer::apply(const LogRecord& record, const LogOperation& operation, Pass pass) {
  const OpenAttribute* attribute = analysis_.attributes.find(operation.target, record.lsn);
  if (pass == Pass::kRedo) {
    // Not waiting for it: written before the checkpoint, or by an attribute that is closed.
    if (attribute == nullptr) return false;
    const DirtyPage* page = analysis_.dirty_pages.find(operation.target, *attribute, operation.vcn);
    if (page == nullptr || record.lsn < page->oldest) return false;
  }
  if (attribute == nullptr)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.target",
                fmt::format("the open attribute {:#x} is none", operation.target));
  // A sparse stream may reach beyond the volume's size; no sum of this one overflows.
  if (operation.vcn > uint64_t{INT64_MAX} / geometry_.cluster_bytes / 2)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.vcn", fmt::format("it is about VCN {}", operation.vcn));
  const uint16_t code = pass == Pass::kRedo ? operation.redo : operation.undo;
  Step step{record, operation, pass, code, operation.target, *attribute, change_of(record, operation, pass)};
  LogTarget kind = target_of(code);
  if (kind == LogTarget::kRaw && attribute->type == AttributeType::kIndexAllocation)
    kind = LogTarget::kIndexBlock;
  const bool right = kind == LogTarget::kFileRecord   ? attribute->is_mft()
                     : kind == LogTarget::kIndexBlock ? attribute->type == AttributeType::kIndexAllocation
                                                      : !attribute->is_mft();
  if (!right)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.kind",
                "its target, " + attribute->describe() + ", is not of the kind that it changes");
  if (kind == LogTarget::kFileRecord)
    return apply_structure(step, kind, position_of(operation), geometry_.record_bytes);
  if (kind == LogTarget::kIndexBlock)
    return apply_structure(step, kind, position_of(operation), attribute->block_bytes);
  const bool bits = step.change.code == LogCode::kSetBits || step.change.code == LogCode::kClearBits;
  return bits ? apply_bits(step) : apply_bytes(step);
}

// A FILE record or an index block: read, LSN compared, changed, proved, stamped, written.
bool Replayer::apply_structure(Step& step, LogTarget kind, uint64_t position, uint32_t bytes) {
  if (position % bytes != 0)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.place",
                fmt::format("byte {} of {} is no beginning of a structure of {}", position,
                            step.attribute.describe(), bytes));
  const std::vector<Range> place = locate(step, position, bytes);
  uint64_t found = 0;
  for (const Range& range : place) found += range.length;
  if (found != bytes) return false;  // its clusters were deleted since
  ByteVector structure(bytes);
  target_.read(place, structure);
  // Also where the record has the change already: its copy is written after it, and may be older.
  const uint64_t number = position / bytes;
  constexpr uint64_t kMirroredAtMost = 128;  // a cluster of 64 KiB, of records of 512 bytes
  if (kind == LogTarget::kFileRecord && number < kMirroredAtMost) mirrored_[number] = place;
  if (!change_structure(step, kind, position, place, structure)) return false;
  write_le<uint64_t>(structure, 0x08, step.pass == Pass::kRedo ? step.record.lsn : closing_);
  apply_fixups(structure);
  target_.write(place, structure);
  if (step.pass == Pass::kUndo) undone_.insert(place.front().offset);
  return true;
}

bool Replayer::change_structure(const Step& step, LogTarget kind, uint64_t position,
                                const std::vector<Range>& place, MutableBytes structure) {
  const bool record = kind == LogTarget::kFileRecord;
  const uint32_t magic = record ? kMagicFile : kMagicIndex;
  const bool image = record ? is_record_image(step.change) : is_block_image(step.change);
  const bool whole =
      read_le<uint32_t>(structure, 0) == magic && remove_fixups(structure) == Protection::kIntact;
  if (whole) {
    if (!may_change(step, structure, place)) return false;
  } else if (!image) {
    if (step.pass == Pass::kUndo)
      throw Error(ErrorCode::kCorrupt, "ntfs.replay.undo.torn", "its target is torn or wiped");
    unreadable_.try_emplace(place.front().offset, step.record.lsn);
    return false;
  } else {
    std::fill(structure.begin(), structure.end(), uint8_t{0});
  }
  if (record) {
    change_file_record(structure, position / structure.size(), geometry_.cluster_count, step.change);
  } else {
    const uint64_t unit = geometry_.cluster_bytes <= structure.size() ? geometry_.cluster_bytes : 512;
    change_index_block(structure, position / unit, step.change);
  }
  unreadable_.erase(place.front().offset);
  return true;
}

// NRP-1.
bool Replayer::may_change(const Step& step, Bytes structure, const std::vector<Range>& place) {
  const Lsn lsn = read_le<uint64_t>(structure, 0x08);
  const bool by_us = lsn == closing_;
  if (by_us) return step.pass == Pass::kUndo && undone_.count(place.front().offset) != 0;
  if (lsn > log_.end())
    throw Error(
        ErrorCode::kCorrupt, "ntfs.replay.future",
        fmt::format("its target carries LSN {:#x}, behind the end of the log at {:#x}: the log is not the "
                    "one that this volume was used with, or its last part is lost",
                    lsn, log_.end()));
  return step.pass == Pass::kUndo || lsn < step.record.lsn;
}

bool Replayer::apply_bytes(const Step& step) {
  const uint64_t position =
      position_of(step.operation) + step.operation.record_offset + step.operation.attribute_offset;
  const std::vector<Range> place = locate(step, position, step.change.data.size());
  if (place.empty()) return false;
  target_.write(place, step.change.data);
  return true;
}

bool Replayer::apply_bits(const Step& step) {
  const Bytes data = step.change.data;
  if (data.size() < 8) throw Error(ErrorCode::kCorrupt, "ntfs.replay.bits", "it names no bits");
  const uint64_t first = read_le<uint32_t>(data, 0), count = read_le<uint32_t>(data, 4);
  const uint64_t limit = uint64_t{8} * std::max(kLogPageBytes, geometry_.cluster_bytes);
  if (!fits(first, count, limit))
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.bits.range",
                fmt::format("{} bits from bit {} on of a page of {}", count, first, limit));
  if (count == 0) return false;
  const uint64_t first_byte = first / 8, bytes = (first + count - 1) / 8 - first_byte + 1;
  const std::vector<Range> place = locate(step, position_of(step.operation) + first_byte, bytes);
  uint64_t found = 0;
  for (const Range& range : place) found += range.length;
  if (found == 0) return false;
  ByteVector bitmap(static_cast<size_t>(found));
  target_.read(place, bitmap);
  const bool set = step.change.code == LogCode::kSetBits;
  for (uint64_t bit = first; bit < first + count; ++bit) {
    const size_t byte = static_cast<size_t>(bit / 8 - first_byte);
    if (byte >= bitmap.size()) break;
    const auto mask = static_cast<uint8_t>(1U << (bit % 8));
    bitmap[byte] = static_cast<uint8_t>(set ? bitmap[byte] | mask : bitmap[byte] & ~mask);
  }
  target_.write(place, bitmap);
  return true;
}

// --- places ---

// The cluster as the dirty page table has it, which knows what was moved or deleted later; in a page that
// waits for nothing, as the record has it. 0: deleted.
uint64_t Replayer::lcn_of(const Step& step, uint64_t vcn) const {
  uint64_t lcn = analysis_.dirty_pages.lcn(step.slot, step.attribute, vcn);
  if (lcn == DirtyPage::kUnknown && vcn >= step.operation.vcn &&
      vcn - step.operation.vcn < step.operation.lcn_count)
    lcn = step.operation.lcn(static_cast<size_t>(vcn - step.operation.vcn));
  if (lcn == DirtyPage::kUnknown)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.cluster",
                fmt::format("no cluster is named for VCN {}", vcn));
  if (lcn >= geometry_.cluster_count)
    throw Error(ErrorCode::kCorrupt, "ntfs.replay.outside",
                fmt::format("cluster {} of a volume of {}", lcn, geometry_.cluster_count));
  return lcn;
}

// Up to the first cluster that was deleted.
std::vector<Range> Replayer::locate(const Step& step, uint64_t position, uint64_t length) const {
  std::vector<Range> place;
  while (length != 0) {
    const uint64_t lcn = lcn_of(step, position / geometry_.cluster_bytes);
    if (lcn == 0) break;
    const uint64_t within = position % geometry_.cluster_bytes;
    const uint64_t piece = std::min(length, geometry_.cluster_bytes - within);
    const uint64_t offset = lcn * geometry_.cluster_bytes + within;
    if (!place.empty() && place.back().offset + place.back().length == offset)
      place.back().length += piece;
    else
      place.push_back({offset, piece});
    position += piece, length -= piece;
  }
  return place;
}

// --- the end ---

// Both restart pages. The target guards the log, so this goes past it.
void Replayer::close() {
  const ByteVector page = close_restart_page(*log_.restart(), closing_);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{kLogPageBytes}}) {
    Bytes rest = page;
    for (const Range& range : log_.source().ranges(offset, kLogPageBytes)) {
      volume_.write(range.offset, rest.first(static_cast<size_t>(range.length)));
      rest = rest.subspan(static_cast<size_t>(range.length));
    }
  }
}

void Replayer::copy_to_mirror() {
  if (mirrored_.empty()) return;
  // Where $MFT and its mirror begin, the boot sector says; how long the mirror is, its own record.
  constexpr uint64_t kAtLeast = 4;
  const uint64_t bytes = geometry_.record_bytes;
  uint64_t count = kAtLeast;
  ByteVector record(static_cast<size_t>(bytes));
  target_.read({{geometry_.mft_lcn * geometry_.cluster_bytes + bytes, bytes}}, record);
  Record::parse(record, system_record::kMftMirror)->for_each_attribute([&](const Attribute& attribute) {
    if (attribute.type == AttributeType::kData && !attribute.resident && attribute.lowest_vcn == 0)
      count = std::max(kAtLeast, attribute.data_bytes / bytes);
  });
  for (const auto& [number, place] : mirrored_) {
    if (number >= count) continue;
    target_.read(place, record);
    target_.write({{geometry_.mirror_lcn * geometry_.cluster_bytes + number * bytes, bytes}}, record);
  }
}

}  // namespace

ReplayResult replay_log(block::BlockDevice& volume, const std::function<void(ReplayStage)>& written) {
  const Geometry geometry = read_geometry(volume);
  LogFile log(volume, geometry);
  if (!log.restart() && log.blank()) return {};
  if (log.restart() && log.restart()->known_version() && log.restart()->closed()) return {};
  log.open_ring();
  return Replayer(volume, geometry, log).run(written);
}

}  // namespace mend::ntfs
