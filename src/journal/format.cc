// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/format.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace mend::journal::format {
namespace {

constexpr std::string_view kMarkMagic = "MENDMARK";
constexpr std::string_view kHeaderMagic = "MENDUNDO";
constexpr uint16_t kVersion = 1;
constexpr uint64_t kMarkDigestOffset = 0x1E0;
constexpr uint64_t kHeaderTextsOffset = 0xA0;
constexpr uint64_t kHeaderDigestOffset = 0xFE0;
static_assert(kHeaderTextsOffset + 3 * (2 + kMaximumTextBytes) <= kHeaderDigestOffset);

void put(MutableBytes unit, uint64_t offset, Bytes bytes) {
  const MutableBytes field = slice(unit, offset, bytes.size());
  std::copy(bytes.begin(), bytes.end(), field.begin());
}

template <size_t N>
std::array<uint8_t, N> get(Bytes unit, uint64_t offset) {
  std::array<uint8_t, N> value{};
  const Bytes field = slice(unit, offset, N);
  std::copy(field.begin(), field.end(), value.begin());
  return value;
}

[[noreturn]] void damaged(const char* id, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, id, "the journal is damaged: " + what);
}

bool is_state(uint32_t value) {
  return value >= static_cast<uint32_t>(State::kEmpty) && value <= static_cast<uint32_t>(State::kUndone);
}

bool is_stage(uint8_t kind) {
  return kind >= static_cast<uint8_t>(block::Stage::kHibernation) &&
         kind <= static_cast<uint8_t>(block::Stage::kDirtyRestore);
}

}  // namespace

ByteVector encode(const Mark& mark) {
  ByteVector unit(kUnit);
  put(unit, 0x00, as_bytes(kMarkMagic));
  write_le<uint32_t>(unit, 0x08, static_cast<uint32_t>(mark.state));
  write_le<uint64_t>(unit, 0x10, mark.sequence);
  put(unit, 0x18, mark.id);
  write_le<uint64_t>(unit, 0x28, mark.filetime);
  put(unit, 0x30, mark.header_digest);
  put(unit, kMarkDigestOffset, crypto::sha256(slice(Bytes(unit), 0, kMarkDigestOffset)));
  return unit;
}

MarkSlot decode_mark(Bytes unit) {
  MarkSlot slot;
  if (all_zero(unit)) return slot;
  slot.kind = MarkSlot::Kind::kDamaged;
  if (unit.size() != kUnit || !is_state(read_le<uint32_t>(unit, 0x08))) return slot;
  Mark mark;
  mark.state = static_cast<State>(read_le<uint32_t>(unit, 0x08));
  mark.sequence = read_le<uint64_t>(unit, 0x10);
  mark.id = get<16>(unit, 0x18);
  mark.filetime = read_le<uint64_t>(unit, 0x28);
  mark.header_digest = get<32>(unit, 0x30);
  if (!equal(encode(mark), unit)) return slot;  // at once: magic, digest, zeros
  slot.kind = MarkSlot::Kind::kGood;
  slot.mark = mark;
  return slot;
}

std::optional<Mark> current_mark(const MarkSlot& first, const MarkSlot& second) {
  using Kind = MarkSlot::Kind;
  const bool first_good = first.kind == Kind::kGood;
  const bool second_good = second.kind == Kind::kGood;
  if (first_good && second_good &&
      (first.mark.id != second.mark.id || first.mark.header_digest != second.mark.header_digest)) {
    damaged("journal.mark.mixed", "its two state sectors belong to two journals");
  }
  const Mark* current = nullptr;
  if (first_good) current = &first.mark;
  if (second_good && (current == nullptr || second.mark.sequence > current->sequence)) current = &second.mark;
  if (current != nullptr) {
    if (current->state == State::kEmpty) return std::nullopt;
    return *current;
  }
  // The second sector becomes valid after the first, and before anything is written to a disk: so a torn
  // first mark beside a virgin second one is a creation that was cut. Here not even that one can be read.
  if (first.kind == Kind::kAbsent && second.kind == Kind::kAbsent) return std::nullopt;
  damaged("journal.mark.unreadable",
          "neither of its two state sectors can be read, so it is not known whether anything was written to "
          "the disk");
}

ByteVector encode(const Header& header) {
  ByteVector unit(kUnit);
  put(unit, 0x00, as_bytes(kHeaderMagic));
  write_le<uint16_t>(unit, 0x08, kVersion);
  write_le<uint32_t>(unit, 0x14, header.block_bytes);
  put(unit, 0x18, header.id);
  write_le<uint64_t>(unit, 0x28, header.created_filetime);
  write_le<uint64_t>(unit, 0x30, header.file_bytes);
  write_le<uint32_t>(unit, 0x38, header.entry_count);
  write_le<uint32_t>(unit, 0x3C, header.target.mbr_signature);
  write_le<uint64_t>(unit, 0x40, header.target.disk_size_bytes);
  put(unit, 0x48, header.target.disk_guid.bytes);
  put(unit, 0x58, header.target.partition_guid.bytes);
  write_le<uint64_t>(unit, 0x68, header.target.partition_offset);
  write_le<uint64_t>(unit, 0x70, header.target.partition_size);
  put(unit, 0x78, header.table_digest);
  uint64_t at = kHeaderTextsOffset;
  for (const std::string* text : {&header.run_id, &header.target.disk_serial, &header.target.disk_model}) {
    write_le<uint16_t>(unit, at, static_cast<uint16_t>(text->size()));
    put(unit, at + 2, as_bytes(*text));
    at += 2 + text->size();
  }
  put(unit, kHeaderDigestOffset, header_digest(unit));
  return unit;
}

crypto::Sha256Digest header_digest(Bytes unit) {
  return crypto::sha256(slice(unit, 0, kHeaderDigestOffset));
}

Header decode_header(Bytes unit) {
  if (unit.size() != kUnit || get<32>(unit, kHeaderDigestOffset) != header_digest(unit))
    damaged("journal.header.digest", "the checksum of its header is wrong");
  if (!equal(slice(unit, 0, kHeaderMagic.size()), as_bytes(kHeaderMagic)))
    damaged("journal.header.magic", "it does not begin as a journal does");
  const uint16_t version = read_le<uint16_t>(unit, 0x08);
  const uint32_t features = read_le<uint32_t>(unit, 0x0C);
  if (version != kVersion || features != 0) {
    throw Error(ErrorCode::kUnsupported, "journal.header.version",
                "the journal has version " + std::to_string(version) + " and features " +
                    std::to_string(features) +
                    "; this program knows version 1 without: use the one that made it");
  }
  Header header;
  header.block_bytes = read_le<uint32_t>(unit, 0x14);
  header.id = get<16>(unit, 0x18);
  header.created_filetime = read_le<uint64_t>(unit, 0x28);
  header.file_bytes = read_le<uint64_t>(unit, 0x30);
  header.entry_count = read_le<uint32_t>(unit, 0x38);
  header.target.mbr_signature = read_le<uint32_t>(unit, 0x3C);
  header.target.disk_size_bytes = read_le<uint64_t>(unit, 0x40);
  header.target.disk_guid = Guid::read(unit, 0x48);
  header.target.partition_guid = Guid::read(unit, 0x58);
  header.target.partition_offset = read_le<uint64_t>(unit, 0x68);
  header.target.partition_size = read_le<uint64_t>(unit, 0x70);
  header.table_digest = get<32>(unit, 0x78);
  uint64_t at = kHeaderTextsOffset;
  for (std::string* text : {&header.run_id, &header.target.disk_serial, &header.target.disk_model}) {
    const uint16_t length = read_le<uint16_t>(unit, at);
    if (length > kMaximumTextBytes) damaged("journal.header.text", "a text in its header is too long");
    *text = as_text(slice(unit, at + 2, length));
    at += 2u + length;
  }
  // The compatible features (0x10) may hold what a later program of this version wrote.
  Header plain = header;
  ByteVector again = encode(plain);
  put(again, 0x10, slice(unit, 0x10, 4));
  put(again, kHeaderDigestOffset, header_digest(again));
  if (!equal(again, unit)) damaged("journal.header.form", "its header has bytes where zeros belong");
  if (!is_power_of_two(header.block_bytes) || header.block_bytes < block::Overlay::kMinimumBlockBytes ||
      header.block_bytes > kMaximumBlockBytes) {
    damaged("journal.header.block", "its block size is " + std::to_string(header.block_bytes));
  }
  if (!fits(header.target.partition_offset, header.target.partition_size, header.target.disk_size_bytes))
    damaged("journal.header.partition", "its partition reaches past the end of its disk");
  return header;
}

uint64_t table_bytes(uint64_t entry_count) {
  return align_up(entry_count * kEntryBytes, kUnit);
}

ByteVector encode(const std::vector<Entry>& entries) {
  ByteVector table(static_cast<size_t>(table_bytes(entries.size())));
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    write_le<uint64_t>(table, at, entry.disk_offset);
    write_le<uint64_t>(table, at + 0x08, entry.data_offset);
    write_le<uint32_t>(table, at + 0x10, entry.length);
    write_le<uint8_t>(table, at + 0x14, entry.kind);
    put(table, at + 0x20, entry.sha256);
    at += kEntryBytes;
  }
  return table;
}

namespace {

// One entry by itself: on the disk, a block of the volume.
void check_place(const Entry& entry, const Header& header) {
  const Target& target = header.target;
  const bool aligned = entry.disk_offset % header.block_bytes == 0;
  if (!aligned || entry.disk_offset >= target.disk_size_bytes)
    damaged("journal.table.place", "a block is not where a block of the disk can be");
  const uint64_t length = std::min<uint64_t>(header.block_bytes, target.disk_size_bytes - entry.disk_offset);
  if (entry.length != length) damaged("journal.table.length", "a block has a wrong length");
  const uint64_t partition_end = target.partition_offset + target.partition_size;
  if (entry.disk_offset + length <= target.partition_offset || entry.disk_offset >= partition_end)
    damaged("journal.table.outside", "a block lies outside its partition");
}

// Entries in their one order: by kind, then by place.
void check_order(const std::vector<Entry>& entries) {
  for (size_t i = 1; i < entries.size(); ++i) {
    const Entry &before = entries[i - 1], &entry = entries[i];
    if (before.kind > entry.kind || (before.kind == entry.kind && before.disk_offset >= entry.disk_offset))
      damaged("journal.table.order", "its blocks are not in order");
  }
}

// Every old image has a new one, every new image an old one, and no witness is a block that is written.
void check_pairs(const std::vector<Entry>& entries) {
  std::map<uint64_t, bool> staged;  // of each old image
  for (const Entry& entry : entries) {
    const auto found = staged.find(entry.disk_offset);
    if (entry.kind == kOldImage) {
      staged.emplace(entry.disk_offset, false);
    } else if (entry.kind == kWitness) {
      if (found != staged.end()) damaged("journal.table.witness", "a block is written and a witness");
    } else if (found == staged.end()) {
      damaged("journal.table.unpaired", "a block has a new image without an old one");
    } else {
      found->second = true;
    }
  }
  for (const auto& [offset, has_new] : staged) {
    if (!has_new) damaged("journal.table.idle", "a block has an old image without a new one");
  }
  if (staged.empty()) damaged("journal.table.nothing", "it has no blocks");
}

}  // namespace

std::vector<Entry> decode_table(Bytes table, const Header& header) {
  if (table.size() != table_bytes(header.entry_count) || crypto::sha256(table) != header.table_digest)
    damaged("journal.table.digest", "the checksum of its table is wrong");
  std::vector<Entry> entries(header.entry_count);
  uint64_t at = 0;
  uint64_t data_offset = kTableOffset + table.size();
  for (Entry& entry : entries) {
    entry.disk_offset = read_le<uint64_t>(table, at);
    entry.data_offset = read_le<uint64_t>(table, at + 0x08);
    entry.length = read_le<uint32_t>(table, at + 0x10);
    entry.kind = read_le<uint8_t>(table, at + 0x14);
    entry.sha256 = get<32>(table, at + 0x20);
    at += kEntryBytes;
    if (entry.kind != kOldImage && entry.kind != kWitness && !is_stage(entry.kind))
      damaged("journal.table.kind", "a block belongs to no stage");
    check_place(entry, header);
    if (entry.kind == kWitness ? entry.data_offset != 0 : entry.data_offset != data_offset)
      damaged("journal.table.data", "the images do not follow one another");
    if (entry.kind != kWitness) data_offset += align_up(entry.length, kUnit);
  }
  if (data_offset != header.file_bytes) damaged("journal.table.size", "its images do not fill the file");
  if (!equal(encode(entries), table)) damaged("journal.table.form", "its table has bytes where zeros belong");
  check_order(entries);
  check_pairs(entries);
  return entries;
}

}  // namespace mend::journal::format
