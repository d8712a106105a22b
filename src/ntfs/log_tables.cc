// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/record.h"

namespace mend::ntfs {
namespace {

constexpr size_t kTableHeaderBytes = 0x18;
constexpr uint32_t kInUse = 0xffffffff;
constexpr size_t kMostClustersInPage = 16;
constexpr uint64_t kMostDeletionWork = 200'000'000;  // pages looked at

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "a table in the log of the volume contradicts itself: " + why);
}

}  // namespace

LogCheckpoint LogCheckpoint::parse(const LogRecord& record) {
  // +0x00 major version, +0x08 where the checkpoint began, +0x10 to +0x28 LSNs of the dumps, +0x30 to +0x3C
  // their lengths
  if (record.type != LogRecord::kCheckpoint || record.data.size() < 0x40)
    throw Error(
        ErrorCode::kCorrupt, "ntfs.log.checkpoint.none",
        fmt::format("the log's restart page names the record at LSN {:#x} as its checkpoint, which it "
                    "is not",
                    record.lsn));
  const Struct<0x40> fields(record.data, 0);
  const uint32_t major = fields.get<uint32_t, 0x00>();
  if (major > 1)
    throw Error(ErrorCode::kUnsupported, "ntfs.log.checkpoint.version",
                fmt::format("the tables of the log have version {}, which is not known here", major));
  LogCheckpoint out;
  out.wide = major == 1;
  out.start = fields.get<uint64_t, 0x08>();
  out.open_attributes = {fields.get<uint64_t, 0x10>(), fields.get<uint32_t, 0x30>()};
  out.names = {fields.get<uint64_t, 0x18>(), fields.get<uint32_t, 0x34>()};
  out.dirty_pages = {fields.get<uint64_t, 0x20>(), fields.get<uint32_t, 0x38>()};
  out.transactions = {fields.get<uint64_t, 0x28>(), fields.get<uint32_t, 0x3c>()};
  return out;
}

Bytes dumped_table(const LogRecord& record, uint16_t operation, uint32_t bytes) {
  if (record.type != LogRecord::kOperation)
    refuse("ntfs.log.dump.type", fmt::format("no table is at LSN {:#x}", record.lsn));
  const LogOperation fields = LogOperation::parse(record);
  // The record's own field is 16 bits wide; a larger table is as long as the checkpoint says.
  if (fields.redo != operation || fields.redo_length != static_cast<uint16_t>(bytes) ||
      !fits(fields.redo_offset, bytes, record.data.size()))
    refuse("ntfs.log.dump.kind",
           fmt::format("the record at LSN {:#x} is not the table that the checkpoint names", record.lsn));
  return Bytes(record.data).subspan(fields.redo_offset, bytes);
}

void for_each_table_entry(Bytes table, size_t least_entry_bytes,
                          const std::function<void(uint32_t offset, Bytes entry)>& use) {
  // +0x00 entry size, +0x02 capacity, +0x04 entries in use
  const Struct<kTableHeaderBytes> header(table, 0);
  const size_t entry_bytes = header.get<uint16_t, 0x00>(), capacity = header.get<uint16_t, 0x02>();
  size_t in_use = 0;
  if (entry_bytes < least_entry_bytes || entry_bytes % 4 != 0 ||
      !fits(kTableHeaderBytes, entry_bytes * capacity, table.size()))
    refuse("ntfs.log.table.size",
           fmt::format("{} entries of {} bytes in {}", capacity, entry_bytes, table.size()));
  for (size_t i = 0; i < capacity; ++i) {
    const size_t offset = kTableHeaderBytes + i * entry_bytes;
    const Bytes entry = table.subspan(offset, entry_bytes);
    if (read_le<uint32_t>(entry, 0) != kInUse) continue;
    ++in_use;
    use(static_cast<uint32_t>(offset), entry);
  }
  if (in_use != header.get<uint16_t, 0x04>())
    refuse("ntfs.log.table.count",
           fmt::format("{} entries are in use, its head says {}", in_use, header.get<uint16_t, 0x04>()));
}

OpenAttribute OpenAttribute::parse(Bytes entry, bool wide) {
  OpenAttribute out;
  if (wide) {
    // +0x04 bytes of an index block, +0x08 type, +0x10 file, +0x18 LSN
    const Struct<0x28> fields(entry, 0);
    out.block_bytes = fields.get<uint32_t, 0x04>();
    out.type = static_cast<AttributeType>(fields.get<uint32_t, 0x08>());
    out.file = MftReference::unpack(fields.get<uint64_t, 0x10>());
    out.opened = fields.get<uint64_t, 0x18>();
  } else {
    // +0x08 file, +0x10 LSN, +0x1C type, +0x28 bytes of an index block
    const Struct<0x2c> fields(entry, 0);
    out.file = MftReference::unpack(fields.get<uint64_t, 0x08>());
    out.opened = fields.get<uint64_t, 0x10>();
    out.type = static_cast<AttributeType>(fields.get<uint32_t, 0x1c>());
    out.block_bytes = fields.get<uint32_t, 0x28>();
  }
  if (out.type == AttributeType::kIndexAllocation &&
      (!is_power_of_two(out.block_bytes) || out.block_bytes < 512 || out.block_bytes > (64 << 10)))
    refuse("ntfs.log.attribute.block", fmt::format("an index with blocks of {} bytes", out.block_bytes));
  return out;
}

std::string OpenAttribute::describe() const {
  return fmt::format("attribute {:#x} {} of file {}", static_cast<uint32_t>(type), printable(to_utf8(name)),
                     file.record);
}

void OpenAttributes::add(uint32_t slot, OpenAttribute attribute) {
  std::vector<OpenAttribute>& users = slots_[slot];
  const auto place =
      std::upper_bound(users.begin(), users.end(), attribute.opened,
                       [](Lsn opened, const OpenAttribute& other) { return opened < other.opened; });
  if (place != users.begin() && std::prev(place)->opened == attribute.opened) {
    *std::prev(place) = std::move(attribute);  // the same, from the table and from its own record
    return;
  }
  users.insert(place, std::move(attribute));
}

const OpenAttribute* OpenAttributes::find(uint32_t slot, Lsn at) const {
  const auto users = slots_.find(slot);
  if (users == slots_.end()) return nullptr;
  const OpenAttribute* found = nullptr;
  for (const OpenAttribute& attribute : users->second)
    if (attribute.opened <= at) found = &attribute;
  return found;
}

void OpenAttributes::load(Bytes table, bool wide) {
  for_each_table_entry(table, wide ? 0x28 : 0x2c,
                       [&](uint32_t offset, Bytes entry) { add(offset, OpenAttribute::parse(entry, wide)); });
}

void OpenAttributes::load_names(Bytes names) {
  // { slot, bytes of the name, name, 0 }, closed by a slot of 0
  for (size_t at = 0; read_le<uint32_t>(names, at) != 0;) {
    const uint32_t slot = read_le<uint16_t>(names, at);
    const size_t bytes = read_le<uint16_t>(names, at + 2);
    const auto users = slots_.find(slot);
    if (users == slots_.end() || users->second.empty() || bytes % 2 != 0)
      refuse("ntfs.log.names.slot", fmt::format("a name for the open attribute {:#x}, which is none", slot));
    users->second.back().name = Attribute::utf16(slice(names, at + 4, bytes));
    at += 6 + bytes;
  }
}

DirtyPages::DirtyPages(uint32_t cluster_bytes)
    : clusters_(std::clamp<uint64_t>(kLogPageBytes / cluster_bytes, 1, kMostClustersInPage)) {}

DirtyPage& DirtyPages::page(const Key& key, Lsn oldest) {
  const auto found = pages_.find(key);
  if (found != pages_.end()) return found->second;
  if (pages_.size() >= kMostDirtyPages)
    throw Error(
        ErrorCode::kUnsupported, "ntfs.log.dirty.many",
        fmt::format("the log names more than {} pages that wait for their changes: let Windows replay it",
                    kMostDirtyPages));
  DirtyPage& fresh = pages_[key];
  fresh.oldest = oldest;
  fresh.lcns.assign(static_cast<size_t>(clusters_), DirtyPage::kUnknown);
  return fresh;
}

void DirtyPages::load(Bytes table, bool wide, const OpenAttributes& attributes, Lsn at) {
  // +0x04 target attribute, +0x0C LCNs; 64-bit: +0x10 first VCN, +0x18 oldest LSN, +0x20 LCNs; 32-bit: all
  // three 4 bytes later
  const size_t shift = wide ? 0 : 4;
  for_each_table_entry(table, 0x20 + shift, [&](uint32_t, Bytes entry) {
    const uint32_t slot = read_le<uint32_t>(entry, 0x04);
    const uint64_t count = read_le<uint32_t>(entry, 0x0c);
    const uint64_t vcn = read_le<uint64_t>(entry, 0x10 + shift);
    const Lsn oldest = read_le<uint64_t>(entry, 0x18 + shift);
    const OpenAttribute* attribute = attributes.find(slot, at);
    if (attribute == nullptr)
      refuse("ntfs.log.dirty.attribute",
             fmt::format("a dirty page of the open attribute {:#x}, which is none", slot));
    if (!fits(0x20 + shift, 8 * count, entry.size()) || count > kMostClustersInPage || vcn > INT64_MAX)
      refuse("ntfs.log.dirty.clusters", fmt::format("a dirty page of {} clusters at VCN {}", count, vcn));
    for (uint64_t i = 0; i < count; ++i) {
      DirtyPage& target = page(key(slot, *attribute, vcn + i), oldest);
      target.oldest = std::min(target.oldest, oldest);
      target.lcns[static_cast<size_t>((vcn + i) % clusters_)] =
          read_le<uint64_t>(entry, 0x20 + shift + 8 * i);
    }
  });
}

void DirtyPages::note(uint32_t slot, const OpenAttribute& attribute, const LogOperation& operation, Lsn lsn) {
  if (operation.vcn > INT64_MAX)
    refuse("ntfs.log.dirty.vcn", fmt::format("the record at LSN {:#x} is about VCN {}", lsn, operation.vcn));
  for (uint64_t i = 0; i < operation.lcn_count; ++i) {
    DirtyPage& target = page(key(slot, attribute, operation.vcn + i), lsn);
    target.lcns[static_cast<size_t>((operation.vcn + i) % clusters_)] = operation.lcn(static_cast<size_t>(i));
  }
}

const DirtyPage* DirtyPages::find(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn) const {
  const auto found = pages_.find(key(slot, attribute, vcn));
  return found == pages_.end() ? nullptr : &found->second;
}

uint64_t DirtyPages::lcn(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn) const {
  const DirtyPage* page = find(slot, attribute, vcn);
  return page == nullptr ? DirtyPage::kUnknown : page->lcns[static_cast<size_t>(vcn % clusters_)];
}

void DirtyPages::replace_lcn(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn, uint64_t lcn) {
  const auto found = pages_.find(key(slot, attribute, vcn));
  if (found != pages_.end()) found->second.lcns[static_cast<size_t>(vcn % clusters_)] = lcn;
}

void DirtyPages::delete_clusters(Bytes array) {
  if (array.size() % 16 != 0) refuse("ntfs.log.dirty.deleted", "a list of deleted clusters is cut off");
  std::map<uint64_t, uint64_t> ends;  // first → end
  for (size_t at = 0; at < array.size(); at += 16) {
    const uint64_t first = read_le<uint64_t>(array, at), count = read_le<uint64_t>(array, at + 8);
    if (count > INT64_MAX || first > INT64_MAX)
      refuse("ntfs.log.dirty.range", fmt::format("{} deleted clusters at LCN {}", count, first));
    uint64_t& end = ends[first];
    end = std::max(end, first + count);
  }
  deletion_work_ += pages_.size();
  if (deletion_work_ > kMostDeletionWork)
    throw Error(ErrorCode::kUnsupported, "ntfs.log.dirty.work",
                "the log deletes clusters of waiting pages without end: let Windows replay it");
  const auto deleted = [&](uint64_t lcn) {
    const auto after = ends.upper_bound(lcn);
    return after != ends.begin() && lcn < std::prev(after)->second;
  };
  for (auto& [key, page] : pages_)
    for (uint64_t& cluster : page.lcns)
      if (cluster != DirtyPage::kUnknown && deleted(cluster)) cluster = 0;
}

Lsn DirtyPages::oldest(Lsn limit) const {
  for (const auto& [key, page] : pages_)
    if (page.oldest != 0) limit = std::min(limit, page.oldest);
  return limit;
}

void Transactions::load(Bytes table) {
  // +0x04 state, +0x08 first LSN, +0x18 undo next
  for_each_table_entry(table, 0x28, [&](uint32_t offset, Bytes entry) {
    const Struct<0x28> fields(entry, 0);
    Transaction transaction;
    const uint8_t state = fields.get<uint8_t, 0x04>();
    if (state < 1 || state > 3)
      refuse("ntfs.log.transaction.state", fmt::format("a transaction in state {}", state));
    transaction.state = static_cast<Transaction::State>(state);
    transaction.first = fields.get<uint64_t, 0x08>();
    transaction.undo_next = fields.get<uint64_t, 0x18>();
    entries_[offset] = transaction;
  });
}

Transaction& Transactions::at(uint32_t id, Lsn first) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) return found->second;
  Transaction& fresh = entries_[id];
  fresh.first = first;
  return fresh;
}

}  // namespace mend::ntfs
