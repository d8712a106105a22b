// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/crash.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/log_changes.h"

namespace mend::brokenpc {
namespace {

constexpr uint64_t kMirrorRecord = 1, kLogRecord = 2;
constexpr uint64_t kMirrored = 4;                           // records that $MFTMirr has a copy of
constexpr uint64_t kSlotBytes = 0x28, kTableHeader = 0x18;  // of the open attribute table
constexpr uint32_t kIndexBlockBytes = 4096;

// The files that the operations are about, made before the first of them.
struct Scene {
  static constexpr uint64_t kSpare = 64;  // free records, so that $MFT need not grow
  NtfsWriter& writer;
  uint64_t folder = 0, small = 0, large = 0, doomed = 0;

  static NewEntry named(const std::u16string& name) {
    NewEntry entry;
    entry.name = name;
    entry.names = Names::kPosix;
    return entry;
  }
  static Content text(uint64_t bytes) {
    Content content;
    content.size_bytes = bytes;
    content.fill = [](uint64_t offset, MutableBytes out) {
      for (uint8_t& byte : out) byte = static_cast<uint8_t>('a' + offset++ % 26);
    };
    return content;
  }
  static std::u16string number(uint64_t i) {
    return {static_cast<char16_t>(u'0' + i / 10), static_cast<char16_t>(u'0' + i % 10)};
  }
  void set() {
    folder = writer.make_directory(kRootRecord, named(u"Work"));
    small = writer.make_file(folder, named(u"small.txt"), text(40));
    large = writer.make_file(folder, named(u"large.dat"), text(12'000));
    doomed = writer.make_file(folder, named(u"doomed.dat"), text(9'000));
    std::vector<uint64_t> spare;
    for (uint64_t i = 0; i < kSpare; ++i)
      spare.push_back(writer.make_file(folder, named(u"spare" + number(i)), text(8)));
    for (uint64_t i = kSpare; i-- > 0;) writer.remove(spare[i], folder, u"spare" + number(i));
  }
  // In order; each is one transaction.
  std::vector<std::function<void()>> operations() {
    std::vector<std::function<void()>> out = {
        [this] { writer.make_file(folder, named(u"created.txt"), text(100)); },
        [this] { writer.append(large, ByteVector(20'000, 'x')); },               // grows
        [this] { writer.rename(small, folder, u"small.txt", u"renamed.txt"); },  // and keeps its record
        [this] { writer.append(small, ByteVector(3'000, 'y')); },                // out of its record
        [this] { writer.move_runs(large); },
        [this] { writer.remove(doomed, folder, u"doomed.dat"); },
    };
    // Enough names to bring the folder's index out of its record, and to split a block of it.
    for (uint64_t i = 0; i < 48; ++i)
      out.emplace_back(
          [this, i] { writer.make_file(folder, named(u"a name of the many " + number(i)), text(i)); });
    out.emplace_back([this] { writer.append(large, ByteVector(5'000, 'z')); });
    return out;
  }
};

LogShape shape_of(uint64_t log_bytes, uint16_t major) {
  LogShape shape;
  shape.major = major;
  shape.pages = log_bytes / LogWriter::kPage;
  shape.first_page = major == 1 ? 4 : 34;
  shape.sequence = 2;
  return shape;
}

bool same_content(const Structure& one, const Structure& other) {
  const size_t from = one.kind == Structure::Kind::kBitmap ? 0 : 0x10;  // behind the LSN
  return std::equal(one.bytes.begin() + static_cast<ptrdiff_t>(from), one.bytes.end(),
                    other.bytes.begin() + static_cast<ptrdiff_t>(from), other.bytes.end());
}

}  // namespace

Crash::Crash(NtfsWriter& writer, const ImageFile& image, uint64_t volume_offset, uint16_t log_major,
             const std::function<void(size_t operations)>& after)
    : image_(image),
      volume_offset_(volume_offset),
      log_(shape_of(writer.stream_bytes(kLogRecord), log_major)) {
  if (writer.cluster_bytes() != kStructureClusterBytes)
    throw Error(ErrorCode::kUsage, "brokenpc.crash.cluster", "--crash-at wants clusters of 4096 bytes");
  const std::vector<Extent> log = writer.extents(kLogRecord);
  if (log.size() != 1) throw Error(ErrorCode::kIo, "brokenpc.crash.log", "$LogFile is not in one piece");
  log_offset_ = log[0].lcn * kStructureClusterBytes;
  mirror_offset_ = writer.extents(kMirrorRecord).at(0).lcn * kStructureClusterBytes;
  Scene scene{writer};
  scene.set();
  writer.sync();
  first_ = now_ = take_snapshot(image, volume_offset);
  if (after) after(0);
  log_.checkpoint();
  log_.current = log_.restart_lsn;
  const auto operations = scene.operations();
  for (size_t i = 0; i < operations.size(); ++i) {
    operations[i]();
    writer.sync();
    run(i, i % 2 == 1);
    if (after) after(i + 1);
    if (i == operations.size() / 3) checkpoint();
  }
  logs_.push_back(log_);
  for (const auto& [offset, waiting] : pending_) writes_.push_back({operations.size(), offset, waiting.page});
}

// Logs what the operation changed. `pages_first`: its pages are written before it has ended; otherwise they
// wait until all operations have, or until a page of a later one takes them along.
void Crash::run(size_t operation, bool pages_first) {
  const uint32_t transaction = operation % 2 == 0 ? 0x18 : 0x40;
  Snapshot next = take_snapshot(image_, volume_offset_);
  std::vector<uint64_t> changed;
  for (auto& [offset, structure] : next) {
    const auto found = now_.find(offset);
    const Structure* before = found == now_.end() ? nullptr : &found->second;
    if (before != nullptr && structure.kind != Structure::Kind::kBitmap)  // the library keeps no LSNs
      write_le<uint64_t>(structure.bytes, 8, read_le<uint64_t>(before->bytes, 8));
    if (before != nullptr && same_content(*before, structure)) continue;
    uint64_t first = 0, last = 0;
    for (LogOp& op : changes_of(before, structure)) {
      op.target = slot_of(structure, transaction);
      op.vcn = structure.position / kStructureClusterBytes;
      op.lcns = {offset / kStructureClusterBytes};
      op.block_offset = static_cast<uint16_t>(structure.position % kStructureClusterBytes / 512);
      last = log_.write(transaction, op);
      if (first == 0) first = last;
    }
    if (last == 0) continue;
    if (structure.kind != Structure::Kind::kBitmap) write_le<uint64_t>(structure.bytes, 8, last);
    changed.push_back(offset);
    Pending& waiting = pending_[offset];
    if (waiting.oldest == 0) waiting.oldest = first;
    waiting.page = structure;
  }
  logs_.push_back(log_);
  if (pages_first) {
    for (const uint64_t offset : changed) {
      writes_.push_back({operation, offset, pending_.at(offset).page});
      pending_.erase(offset);
    }
  }
  log_.forget(transaction);
  now_ = std::move(next);
}

ByteVector Crash::entry_of(const Target& target) const {
  constexpr uint32_t kIndexAllocation = 0xa0;
  return LogWriter::open_entry(target.type, target.owner, target.opened,
                               target.type == kIndexAllocation ? kIndexBlockBytes : 0);
}

uint16_t Crash::slot_of(const Structure& structure, uint32_t transaction) {
  const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const Target& target) {
    return target.owner == structure.owner && target.type == structure.type && target.name == structure.name;
  });
  const auto slot =
      static_cast<uint16_t>(kTableHeader + kSlotBytes * static_cast<uint64_t>(found - targets_.begin()));
  if (found != targets_.end()) return slot;
  targets_.push_back({structure.owner, structure.type, structure.name, log_.last_lsn()});
  LogOp op;
  op.redo = 0x1c;  // OpenNonresidentAttribute
  op.redo_data = entry_of(targets_.back());
  op.undo_data = structure.name;
  op.target = slot;
  log_.write(transaction, op);
  return slot;
}

// Names what is open and what waits; from now on the restart pages name it.
void Crash::checkpoint() {
  LogWriter::Tables tables;
  std::vector<ByteVector> open, dirty;
  for (size_t i = 0; i < targets_.size(); ++i) {
    open.push_back(entry_of(targets_[i]));
    const ByteVector& name = targets_[i].name;
    if (name.empty()) continue;
    ByteVector entry(4);
    write_le<uint16_t>(entry, 0, static_cast<uint16_t>(kTableHeader + kSlotBytes * i));
    write_le<uint16_t>(entry, 2, static_cast<uint16_t>(name.size()));
    entry.insert(entry.end(), name.begin(), name.end());
    entry.resize(entry.size() + 2);
    tables.names.insert(tables.names.end(), entry.begin(), entry.end());
  }
  if (!tables.names.empty()) tables.names.resize(tables.names.size() + 4);
  // Four records are in one page: one entry for all of them.
  std::map<std::pair<uint16_t, uint64_t>, std::pair<uint64_t, uint64_t>> pages;
  for (const auto& [offset, waiting] : pending_) {
    const uint16_t slot = slot_of(waiting.page, 0);
    auto& [oldest, lcn] = pages[{slot, waiting.page.position / kStructureClusterBytes}];
    oldest = oldest == 0 ? waiting.oldest : std::min(oldest, waiting.oldest);
    lcn = offset / kStructureClusterBytes;
  }
  for (const auto& [place, page] : pages)
    dirty.push_back(LogWriter::dirty_entry(place.first, place.second, page.first, {page.second}));
  tables.open = LogWriter::table(open);
  if (!dirty.empty()) tables.dirty = LogWriter::table(dirty);
  log_.checkpoint(tables);
  log_.current = log_.restart_lsn;
}

size_t Crash::committed(uint64_t cut) const {
  return cut < writes_.size() ? writes_[static_cast<size_t>(cut)].operation : operations();
}

void Crash::leave(ImageFile& image, uint64_t cut) const {
  const auto put = [&](uint64_t offset, ByteVector bytes, bool fixups) {
    if (fixups) protect(bytes, static_cast<uint16_t>(1 + cut % 0xff00));
    image.write(volume_offset_ + offset, bytes);
  };
  const auto put_structure = [&](uint64_t offset, const Structure& structure) {
    put(offset, structure.bytes, structure.kind != Structure::Kind::kBitmap);
    const bool mirrored =
        structure.kind == Structure::Kind::kRecord && structure.position < kMirrored * kRecordBytes;
    if (mirrored) put(mirror_offset_ + structure.position, structure.bytes, true);
  };
  for (const auto& [offset, structure] : now_) {
    const auto found = first_.find(offset);
    if (found != first_.end())
      put_structure(offset, found->second);
    else
      put(offset, ByteVector(structure.bytes.size()), false);  // was free
  }
  for (uint64_t i = 0; i < cut; ++i)
    put_structure(writes_[static_cast<size_t>(i)].offset, writes_[static_cast<size_t>(i)].page);
  for (auto [number, page] : logs_[committed(cut)].plain_pages()) {
    LogWriter::protect(page);
    put(log_offset_ + number * LogWriter::kPage, page, false);
  }
}

}  // namespace mend::brokenpc
