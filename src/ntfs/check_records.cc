// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/checker.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint64_t kFirstFreeRecord = 24;
constexpr size_t kObjectIdBytes = 16;

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
  const TellRule tell = [&](const std::string& what) {
    find(FindingKind::kBadRecord, record.number(), fmt::format("MFT record {} {}", record.number(), what));
  };
  RecordRules rules(attribute_table_, upcase_, tell);
  FileShape shape;
  shape.directory_flag = record.is_directory();
  names_of_file_.clear();
  bool has_list = false;
  record.for_each_attribute([&](const Attribute& attribute) {
    if (counting) {
      rules.see(attribute);
      shape.see(attribute);
    }
    if (attribute.type == AttributeType::kAttributeList) has_list = true;
    check_attribute(record, owner, attribute, record.is_base() && !has_list);
  });
  if (!record.is_base())
    weigh(extensions_, true, hash_pair(owner, record.reference().pack()), FindingKind::kOrphanExtension,
          record.number(), record.base().record);
  if (!counting) return;
  ++report_.records_in_use;
  if (record.sequence() == 0) tell("is in use with the sequence number 0");
  if (!record.is_base()) return;
  if (!has_list) shape.check(tell);
  check_base(record, has_list);
}

void Checker::check_base(const RecordView& record, bool has_list) {
  ++(record.is_directory() ? report_.directories : report_.files);
  if (has_list)
    deferred_.push_back(record.number());
  else
    check_names(record.number(), record.link_count());
}

void Checker::check_names(uint64_t record, uint16_t link_count) {
  if (names_of_file_.size() != link_count)
    find(FindingKind::kBadRecord, record,
         fmt::format("file {} has {} names but counts {} links", record, names_of_file_.size(), link_count));
  if (!names_pair(names_of_file_))
    find(FindingKind::kBadRecord, record,
         fmt::format("file {} has a DOS name without a long name in the same folder", record));
  // Of the records before, some are kept for NTFS itself and have no name.
  if (names_of_file_.empty() && link_count == 0 && record >= kFirstFreeRecord)
    find(FindingKind::kBadRecord, record, fmt::format("file {} is in use and has no name", record));
}

void Checker::check_attribute(const RecordView& record, uint64_t owner, const Attribute& attribute,
                              bool whole) {
  if (!attribute.resident) check_runs(record, owner, attribute, whole);
  switch (attribute.type) {
    case AttributeType::kStandardInformation:
      check_information(record, attribute);
      break;
    case AttributeType::kFileName:
      check_name(record, owner, attribute);
      break;
    case AttributeType::kObjectId:
      if (object_id_file_)
        weigh(object_ids_, true, hash_bytes(slice(attribute.value, 0, kObjectIdBytes), owner),
              FindingKind::kObjectId, MftReference::unpack(owner).record, record.number());
      break;
    case AttributeType::kReparsePoint:
      if (reparse_file_ && (attribute.resident || attribute.lowest_vcn == 0)) check_reparse(owner, attribute);
      break;
    case AttributeType::kIndexRoot:
      check_root(owner, attribute);
      break;
    case AttributeType::kIndexAllocation:
      if (whole && round_ == Round::kCounting) plan_index(record, attribute);
      break;
    default:
      break;
  }
}

// The tag leads the reparse data, which may lie in clusters.
void Checker::check_reparse(uint64_t owner, const Attribute& attribute) {
  const uint64_t record = MftReference::unpack(owner).record;
  ByteVector tag(4);
  if (attribute.resident) {
    const Bytes head = slice(attribute.value, 0, tag.size());
    tag.assign(head.begin(), head.end());
  } else {
    Run run;
    RunDecoder decoder(attribute.mapping_pairs, 0, attribute.highest_vcn, volume_.geometry().cluster_count);
    if (!decoder.next(run) || run.is_hole())
      throw Error(ErrorCode::kCorrupt, "ntfs.check.reparse", "its reparse data have no cluster");
    volume_.read(volume_.cluster_offset(run.lcn), tag);
  }
  weigh(reparse_points_, true, hash_pair(read_le<uint32_t>(tag, 0), owner), FindingKind::kReparsePoint,
        record, record);
}

void Checker::check_name(const RecordView& record, uint64_t owner, const Attribute& attribute) {
  const FileNameView name = FileNameView::parse(attribute.value);
  const uint64_t parent = name.parent().pack();
  const uint64_t seed = hash_pair(owner, parent) + name_tag(name);
  const uint64_t file = MftReference::unpack(owner).record;
  if (round_ == Round::kCounting) {
    names_of_file_.push_back({parent, name.name_space()});
    const bool folder = (name.attributes() & file_attribute::kDirectory) != 0;
    if (folder && name.name_space() != NameSpace::kDos) folders_.push_back({file, name.parent().record});
    if (record.is_base() && folder != record.is_directory())
      find(FindingKind::kBadRecord, record.number(),
           fmt::format("MFT record {} is {} folder, and its name says otherwise", record.number(),
                       folder ? "no" : "a"));
    if (!attribute.indexed)
      find(FindingKind::kBadRecord, record.number(),
           fmt::format("MFT record {} has a name that does not say that it is in an index", record.number()));
  }
  weigh(names_, true, hash_bytes(name.name_le(), seed), FindingKind::kNameWithoutEntry, record.number(),
        name.parent().record, name.name_le());
}

// Takes the clusters. `whole`: no attribute list says that the attribute goes on elsewhere.
void Checker::check_runs(const RecordView& record, uint64_t owner, const Attribute& attribute, bool whole) {
  RunDecoder decoder(attribute.mapping_pairs, attribute.lowest_vcn, attribute.highest_vcn,
                     volume_.geometry().cluster_count);
  const bool counting = round_ == Round::kCounting;
  uint64_t taken = 0;
  for (Run run; decoder.next(run);) {
    if (run.is_hole()) continue;
    taken += run.length;
    if (counting)
      clusters_.take(run.lcn, run.length, overlaps_);
    else
      note_run(owner, run);
  }
  if (whole && counting) check_whole_sizes(record, attribute, taken);
}

void Checker::check_whole_sizes(const RecordView& record, const Attribute& attribute,
                                uint64_t clusters_taken) {
  const uint64_t clusters = attribute.highest_vcn + 1;
  const uint64_t cluster_bytes = volume_.geometry().cluster_bytes;
  if (attribute.lowest_vcn != 0 || clusters > INT64_MAX / cluster_bytes ||
      clusters * cluster_bytes != attribute.allocated_bytes ||
      attribute.data_bytes > attribute.allocated_bytes || attribute.initialised_bytes > attribute.data_bytes)
    find(FindingKind::kBadRecord, record.number(),
         fmt::format(
             "MFT record {}: an attribute of type 0x{:x} covers {} clusters, {} bytes allocated, {} used, {} "
             "initialised",
             record.number(), static_cast<uint32_t>(attribute.type), clusters, attribute.allocated_bytes,
             attribute.data_bytes, attribute.initialised_bytes));
  check_total_size(record.number(), attribute, clusters_taken);
}

// +0x40 of a compressed or sparse attribute: the bytes of its clusters, holes left out.
void Checker::check_total_size(uint64_t record, const Attribute& attribute, uint64_t clusters_taken) {
  constexpr size_t kTotal = 0x40;
  const auto pairs = static_cast<size_t>(attribute.mapping_pairs.data() - attribute.whole.data());
  if ((attribute.flags & (Attribute::kCompressed | Attribute::kSparse)) == 0 || pairs < kTotal + 8) return;
  const uint64_t total = read_le<uint64_t>(attribute.whole, kTotal);
  if (total == clusters_taken * volume_.geometry().cluster_bytes) return;
  find(FindingKind::kBadRecord, record,
       fmt::format("MFT record {}: an attribute of type 0x{:x} has {} clusters and says {} bytes", record,
                   static_cast<uint32_t>(attribute.type), clusters_taken, total));
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
  const uint64_t record = file.reference().record;
  const TellRule tell = [&](const std::string& what) {
    find(FindingKind::kBadRecord, record, fmt::format("file {} {}", record, what));
  };
  FileShape shape;
  shape.directory_flag = file.is_directory();
  names_of_file_.clear();
  for (const Attribute& attribute : file.attributes()) {
    shape.see(attribute);
    if (attribute.type == AttributeType::kFileName) {
      const FileNameView name = FileNameView::parse(attribute.value);
      names_of_file_.push_back({name.parent().pack(), name.name_space()});
    }
    if (attribute.type == AttributeType::kIndexRoot) plan_index_of(file, attribute);
    if (attribute.resident || attribute.lowest_vcn != 0) continue;
    const Stream stream = file.stream_of(attribute);  // joins and proves the extents
    check_total_size(record, attribute, allocated_clusters(stream.runs()));
  }
  shape.check(tell);
  check_names(record, file.base()->link_count());
  if (file.has_attribute_list()) check_list_order(file);
}

// The list comes first, then the attributes as it names them.
void Checker::check_list_order(const File& file) {
  const std::vector<Attribute>& attributes = file.attributes();
  for (size_t i = 2; i < attributes.size(); ++i) {
    const Attribute &before = attributes[i - 1], &after = attributes[i];
    const int names = before.type != after.type ? 0 : upcase_.compare_le(before.name_le, after.name_le);
    const bool extents = before.type == after.type && equal(before.name_le, after.name_le);
    const bool vcns = extents && after.type != AttributeType::kFileName &&
                      (before.resident || after.resident || before.lowest_vcn >= after.lowest_vcn);
    if (before.type <= after.type && names <= 0 && !vcns) continue;
    find(FindingKind::kBadRecord, file.reference().record,
         fmt::format("file {}: its attribute list is not in order", file.reference().record));
    return;
  }
}

}  // namespace mend::ntfs
