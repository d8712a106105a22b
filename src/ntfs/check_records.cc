// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ntfs/checker.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;

std::string about(uint64_t record, const Error& error) {
  const std::string_view text = error.what();
  const bool says_so = text.starts_with("MFT record") || text.starts_with("file");
  return says_so ? std::string(text) : fmt::format("MFT record {}: {}", record, text);
}

}  // namespace

void Checker::read_records() {
  Stream mft = volume_.mft();
  const uint32_t record_bytes = volume_.geometry().record_bytes;
  const uint64_t end = align_down(mft.initialised_bytes(), record_bytes);
  ByteVector buffer(static_cast<size_t>(std::min(kPieceBytes, end)));
  for (uint64_t offset = 0; offset < end; offset += buffer.size()) {
    buffer.resize(static_cast<size_t>(std::min(kPieceBytes, end - offset)));
    mft.read(offset, buffer);
    ++report_.reads;
    report_.bytes_read += buffer.size();
    check_records(buffer, offset / record_bytes);
    tell(0.7 * static_cast<double>(offset) / static_cast<double>(end));
  }
}

void Checker::check_records(MutableBytes piece, uint64_t first_record) {
  const uint32_t record_bytes = volume_.geometry().record_bytes;
  for (size_t at = 0; at < piece.size(); at += record_bytes) {
    const uint64_t number = first_record + at / record_bytes;
    const MutableBytes bytes = piece.subspan(at, record_bytes);
    const Struct<0x18> header(bytes, 0);
    // The flags lie before the end of the first stride: they can be read while the fixups are in place.
    if (header.get<uint32_t, 0>() != kMagicFile || (header.get<uint16_t, 0x16>() & RecordView::kInUse) == 0)
      continue;
    records_in_use_[static_cast<size_t>(number / 64)] |= uint64_t{1} << (number % 64);
    try {
      if (remove_fixups(bytes) != Protection::kIntact)
        throw Error(ErrorCode::kCorrupt, "ntfs.check.torn",
                    fmt::format("MFT record {} was written in part only", number));
      check_record(RecordView(bytes, number));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      find(FindingKind::kBadRecord, number, about(number, error));
    }
  }
}

void Checker::check_record(const RecordView& record) {
  const uint64_t owner = record.is_base() ? record.reference().pack() : record.base().pack();
  const bool counting = round_ == Round::kCounting;
  unsigned names = 0;
  bool has_list = false;
  record.for_each_attribute([&](const Attribute& attribute) {
    const bool whole = record.is_base() && !has_list;
    if (!attribute.resident) check_runs(record, owner, attribute, whole);
    if (attribute.type == AttributeType::kFileName) {
      ++names;
      check_name(record, owner, attribute);
    } else if (attribute.type == AttributeType::kAttributeList) {
      has_list = true;
    } else if (attribute.type == AttributeType::kIndexRoot) {
      check_root(owner, attribute);
    } else if (attribute.type == AttributeType::kIndexAllocation && whole && counting) {
      plan_index(record, attribute);
    }
  });
  if (!record.is_base())
    weigh(extensions_, true, hash_pair(owner, record.reference().pack()), FindingKind::kOrphanExtension,
          record.number(), record.base().record);
  if (!counting) return;
  ++report_.records_in_use;
  if (!record.is_base()) return;
  ++(record.is_directory() ? report_.directories : report_.files);
  if (has_list)
    deferred_.push_back(record.number());
  else if (names != record.link_count())
    find(FindingKind::kBadRecord, record.number(),
         fmt::format("MFT record {} has {} names but counts {} links", record.number(), names,
                     record.link_count()));
}

void Checker::check_name(const RecordView& record, uint64_t owner, const Attribute& attribute) {
  const FileNameView name = FileNameView::parse(attribute.value);
  const uint64_t parent = name.parent().pack();
  const uint64_t seed = hash_pair(owner, parent) + static_cast<uint64_t>(name.name_space());
  weigh(names_, true, hash_bytes(name.name_le(), seed), FindingKind::kNameWithoutEntry, record.number(),
        name.parent().record, name.name_le());
}

// Takes the clusters. `whole`: no attribute list says that the attribute goes on elsewhere.
void Checker::check_runs(const RecordView& record, uint64_t owner, const Attribute& attribute, bool whole) {
  RunDecoder decoder(attribute.mapping_pairs, attribute.lowest_vcn, attribute.highest_vcn,
                     volume_.geometry().cluster_count);
  const bool counting = round_ == Round::kCounting;
  for (Run run; decoder.next(run);) {
    if (run.is_hole()) continue;
    if (counting)
      clusters_.take(run.lcn, run.length, overlaps_);
    else
      note_run(owner, run);
  }
  if (!whole || !counting) return;
  const uint64_t clusters = attribute.highest_vcn + 1;
  if (attribute.lowest_vcn != 0 || clusters > INT64_MAX / volume_.geometry().cluster_bytes ||
      clusters * volume_.geometry().cluster_bytes != attribute.allocated_bytes ||
      attribute.data_bytes > attribute.allocated_bytes || attribute.initialised_bytes > attribute.data_bytes)
    find(FindingKind::kBadRecord, record.number(),
         fmt::format(
             "MFT record {}: an attribute of type 0x{:x} covers {} clusters, {} bytes allocated, {} used, {} "
             "initialised",
             record.number(), static_cast<uint32_t>(attribute.type), clusters, attribute.allocated_bytes,
             attribute.data_bytes, attribute.initialised_bytes));
}

void Checker::check_deferred() {
  for (const uint64_t number : deferred_) {
    try {
      check_listed(volume_.open_record(number));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      find(FindingKind::kBadRecord, number, about(number, error));
    }
  }
}

void Checker::check_listed(const File& file) {
  const uint64_t owner = file.reference().pack();
  for (const Record& extension : file.extensions())
    weigh(extensions_, false, hash_pair(owner, extension->reference().pack()), FindingKind::kBadRecord,
          file.reference().record, extension->number());
  if (round_ != Round::kCounting) return;
  unsigned names = 0;
  for (const Attribute& attribute : file.attributes()) {
    if (attribute.type == AttributeType::kFileName) ++names;
    if (attribute.type == AttributeType::kIndexRoot) plan_index_of(file, attribute);
    if (!attribute.resident && attribute.lowest_vcn == 0)
      file.stream_of(attribute);  // joins and proves the extents
  }
  if (names != file.base()->link_count())
    find(FindingKind::kBadRecord, file.reference().record,
         fmt::format("file {} has {} names but counts {} links", file.reference().record, names,
                     file.base()->link_count()));
}

}  // namespace mend::ntfs
