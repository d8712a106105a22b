// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/volume.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"
#include "ntfs/index.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint64_t kLargestReadBytes = 1 << 30;
constexpr std::u16string_view kDirectoryIndex = u"$I30";

bool bit_of(Stream& bitmap, uint64_t bit, const char* what) {
  if (bit / 8 >= bitmap.size_bytes())
    throw Error(ErrorCode::kCorrupt, "ntfs.bitmap.range", fmt::format("{} has no bit {}", what, bit));
  uint8_t byte = 0;
  bitmap.read(bit / 8, {&byte, 1});
  return ((byte >> (bit % 8)) & 1) != 0;
}

}  // namespace

DirectoryEntry EntryView::to_entry() const {
  return {.reference = reference,
          .parent = key.parent(),
          .name = key.name(),
          .name_space = key.name_space(),
          .size_bytes = key.data_bytes(),
          .modified = from_filetime(key.modified_filetime()),
          .attributes = key.attributes(),
          .reparse_tag = key.reparse_tag()};
}

Volume::Volume(block::BlockReader& reader, std::shared_ptr<const Upcase> upcase)
    : reader_(reader), cache_(reader), geometry_(read_geometry(reader)), upcase_(std::move(upcase)) {
  load_mft();
}

// $MFT's own pieces may be told by records that lie in those pieces: each is read through the ones before it.
// Then the file is loaded as any other, which proves the whole.
void Volume::load_mft() {
  ByteVector raw(geometry_.record_bytes);
  read(cluster_offset(geometry_.mft_lcn), raw);
  Record base = Record::parse(std::move(raw), system_record::kMft);
  if (!base->in_use() || !base->is_base())
    throw Error(ErrorCode::kCorrupt, "ntfs.mft.record", "MFT record 0 is not that of $MFT");
  std::optional<Attribute> data, list;
  base->for_each_attribute([&](const Attribute& attribute) {
    if (attribute.type == AttributeType::kAttributeList) list = attribute;
    if (attribute.type == AttributeType::kData && attribute.name_le.empty() && !data) data = attribute;
  });
  if (!data || data->resident || data->lowest_vcn != 0)
    throw Error(ErrorCode::kCorrupt, "ntfs.mft.data", "MFT record 0 does not say where $MFT lies");
  RunList runs =
      decode_runs(data->mapping_pairs, data->lowest_vcn, data->highest_vcn, geometry_.cluster_count);
  // The record count is bounded by what the runs known so far hold until all are known.
  const auto use_runs = [&](RunList known) {
    Attribute part = *data;
    part.allocated_bytes = total_clusters(known) * geometry_.cluster_bytes;
    part.data_bytes = std::min(part.data_bytes, part.allocated_bytes);
    part.initialised_bytes = std::min(part.initialised_bytes, part.data_bytes);
    mft_ = Stream::non_resident(*this, part, std::move(known));
    record_count_ = mft_->size_bytes() / geometry_.record_bytes;
  };
  use_runs(runs);
  if (list) {
    const ByteVector content = File::read_list(*this, *list);
    AttributeListReader entries(content, system_record::kMft);
    for (AttributeListEntry entry; entries.next(entry);) {
      if (entry.type != AttributeType::kData || !entry.name_le.empty() || entry.lowest_vcn == 0) continue;
      const Record extension = read_record(entry.record.record);
      extension->for_each_attribute([&](const Attribute& extent) {
        if (extent.type != AttributeType::kData || extent.resident || extent.instance != entry.instance)
          return;
        append_extent(runs, decode_runs(extent.mapping_pairs, extent.lowest_vcn, extent.highest_vcn,
                                        geometry_.cluster_count));
      });
      use_runs(runs);
    }
  }
  mft_ = File(*this, std::move(base)).stream(AttributeType::kData);
  // So the number of records is bounded by the volume's clusters.
  if (allocated_clusters(mft_->runs()) != total_clusters(mft_->runs()))
    throw Error(ErrorCode::kCorrupt, "ntfs.mft.hole", "$MFT has holes");
  record_count_ = mft_->size_bytes() / geometry_.record_bytes;
}

File Volume::open_record(uint64_t number) {
  Record record = read_record(number);
  if (!record->in_use())
    throw Error(ErrorCode::kNotFound, "ntfs.file.free", fmt::format("MFT record {} is free", number));
  return File(*this, std::move(record));
}

std::shared_ptr<const Upcase> Volume::shared_upcase() {
  if (!upcase_) {
    std::optional<Stream> table = open_record(system_record::kUpCase).stream(AttributeType::kData);
    if (!table || table->size_bytes() > 2 * Upcase::kEntries)
      throw Error(ErrorCode::kCorrupt, "ntfs.upcase.none", "$UpCase holds no table of upper case");
    upcase_ = std::make_shared<const Upcase>(table->read_bytes(0, table->size_bytes()));
  }
  return upcase_;
}

void Volume::read(uint64_t offset, MutableBytes out) {
  if (!fits(offset, out.size(), geometry_.volume_bytes()))
    throw Error(
        ErrorCode::kCorrupt, "ntfs.volume.range",
        fmt::format("{} bytes at {} of a volume of {}", out.size(), offset, geometry_.volume_bytes()));
  cache_.read(offset, out);
}

Record Volume::read_record(uint64_t number) {
  if (number >= record_count_)
    throw Error(ErrorCode::kNotFound, "ntfs.record.range",
                fmt::format("MFT record {} of {}", number, record_count_));
  return Record::parse(mft_->read_bytes(number * geometry_.record_bytes, geometry_.record_bytes), number);
}

std::vector<Range> Volume::record_ranges(uint64_t number) const {
  if (number >= record_count_)
    throw Error(ErrorCode::kNotFound, "ntfs.record.range",
                fmt::format("MFT record {} of {}", number, record_count_));
  return mft_->ranges(number * geometry_.record_bytes, geometry_.record_bytes);
}

Stream& Volume::system_stream(std::optional<Stream>& slot, uint64_t record, AttributeType type) {
  if (!slot) {
    slot = open_record(record).stream(type);
    if (!slot)
      throw Error(ErrorCode::kCorrupt, "ntfs.volume.bitmap",
                  fmt::format("MFT record {} has no bitmap", record));
  }
  return *slot;
}

Stream& Volume::mft_bitmap() {
  return system_stream(mft_bitmap_, system_record::kMft, AttributeType::kBitmap);
}
Stream& Volume::cluster_bitmap() {
  return system_stream(cluster_bitmap_, system_record::kBitmap, AttributeType::kData);
}
bool Volume::record_bit(uint64_t number) {
  return bit_of(mft_bitmap(), number, "the bitmap of $MFT");
}
bool Volume::cluster_bit(uint64_t lcn) {
  return bit_of(cluster_bitmap(), lcn, "$Bitmap");
}

void Volume::for_each_entry(MftReference directory, const std::function<bool(const EntryView&)>& use,
                            std::u16string_view prefix) {
  Index index(*this, open(directory), kDirectoryIndex);
  if (index.collation() != Collation::kFileName)
    throw Error(ErrorCode::kCorrupt, "ntfs.directory.order",
                fmt::format("directory {} is not sorted by name", directory.record));
  if (prefix.empty()) {
    index.walk(nullptr, [&](const IndexEntry& entry) {
      return use({MftReference::unpack(entry.reference), FileNameView::parse(entry.key)});
    });
    return;
  }
  const Upcase& table = upcase();
  const std::u16string folded = table.fold(prefix);
  index.walk(
      [&](Bytes key) { return table.compare_le(FileNameView::parse(key).name_le(), folded); },
      [&](const IndexEntry& entry) {
        const FileNameView key = FileNameView::parse(entry.key);
        const Bytes name = key.name_le();
        if (name.size() < 2 * folded.size() || table.compare_le(name.first(2 * folded.size()), folded) != 0)
          return false;
        return use({MftReference::unpack(entry.reference), key});
      });
}

std::optional<DirectoryEntry> Volume::find(MftReference directory, std::u16string_view name) {
  std::optional<DirectoryEntry> found;
  if (name.empty()) return found;
  for_each_entry(
      directory,
      [&](const EntryView& entry) {
        const Bytes name_le = entry.key.name_le();
        if (name_le.size() != 2 * name.size()) return false;  // longer: sorted behind all that are equal
        const bool exact = entry.key.name() == name;
        if (!found || exact) found = entry.to_entry();
        return !exact;
      },
      name);
  return found;
}

FileInfo Volume::stat(MftReference reference) {
  const File file = open(reference);
  FileInfo info;
  info.reference = reference;
  info.is_directory = file.is_directory();
  info.link_count = file.base()->link_count();
  for (const Attribute& attribute : file.attributes()) {
    switch (attribute.type) {
      case AttributeType::kStandardInformation: {
        // +0x00 created, +0x08 modified, +0x10 record changed, +0x18 accessed, +0x20 attributes, +0x34
        // security id
        const Struct<0x24> fields(attribute.value, 0);
        info.created = from_filetime(fields.get<uint64_t, 0x00>());
        info.modified = from_filetime(fields.get<uint64_t, 0x08>());
        info.changed = from_filetime(fields.get<uint64_t, 0x10>());
        info.accessed = from_filetime(fields.get<uint64_t, 0x18>());
        info.attributes = fields.get<uint32_t, 0x20>();
        if (attribute.value.size() >= 0x48) info.security_id = read_le<uint32_t>(attribute.value, 0x34);
        break;
      }
      case AttributeType::kFileName: {
        const FileNameView name = FileNameView::parse(attribute.value);
        info.links.push_back({name.parent(), name.name(), name.name_space()});
        break;
      }
      case AttributeType::kReparsePoint: {
        std::optional<Stream> point = file.stream_of(attribute);
        info.reparse_tag = read_le<uint32_t>(point->read_bytes(0, 4), 0);
        info.wof_compressed = info.reparse_tag == kReparseTagWof;
        break;
      }
      case AttributeType::kData:
        if (!attribute.resident && attribute.lowest_vcn != 0) break;
        if (!attribute.name_le.empty()) {
          info.streams.push_back(attribute.name());
          break;
        }
        info.resident = attribute.resident;
        info.size_bytes = attribute.resident ? attribute.value.size() : attribute.data_bytes;
        info.compressed = (attribute.flags & Attribute::kCompressed) != 0;
        info.sparse = (attribute.flags & Attribute::kSparse) != 0;
        info.encrypted = (attribute.flags & Attribute::kEncrypted) != 0;
        break;
      default:
        break;
    }
  }
  for (const Link& link : info.links)
    if (info.name.empty() && link.name_space != NameSpace::kDos) info.name = link.name;
  if (info.name.empty() && !info.links.empty()) info.name = info.links.front().name;
  return info;
}

// The stream, if its bytes are what a program on Windows would read.
Stream Volume::content(const File& file, std::u16string_view stream) {
  const uint64_t number = file.reference().record;
  if (stream.empty()) {
    if (std::optional<Stream> point = file.stream(AttributeType::kReparsePoint)) {
      const uint32_t tag = read_le<uint32_t>(point->read_bytes(0, 4), 0);
      if (tag == kReparseTagWof)
        throw Error(
            ErrorCode::kUnsupported, "ntfs.content.wof",
            fmt::format("file {} is compressed by CompactOS (WOF); its content cannot be read here", number));
      throw Error(ErrorCode::kUnsupported, "ntfs.content.reparse",
                  fmt::format("file {} is a reparse point with tag 0x{:08x}; its content lies elsewhere",
                              number, tag));
    }
  }
  std::optional<Stream> data = file.stream(AttributeType::kData, stream);
  if (!data)
    throw Error(
        ErrorCode::kNotFound, "ntfs.content.none",
        fmt::format("file {} has no such content{}", number, file.is_directory() ? ": it is a folder" : ""));
  if (data->encrypted())
    throw Error(ErrorCode::kUnsupported, "ntfs.content.encrypted",
                fmt::format("file {} is encrypted (EFS); its content cannot be read here", number));
  return std::move(*data);
}

ByteVector Volume::read_file(MftReference reference, uint64_t offset, uint64_t length,
                             std::u16string_view stream) {
  if (length > kLargestReadBytes)
    throw Error(ErrorCode::kRefused, "ntfs.content.size",
                fmt::format("file {}: {} bytes are too many to hold at once", reference.record, length));
  return content(open(reference), stream).read_bytes(offset, length);
}

ByteVector Volume::read_file(MftReference reference, std::u16string_view stream) {
  Stream data = content(open(reference), stream);
  if (data.size_bytes() > kLargestReadBytes)
    throw Error(
        ErrorCode::kRefused, "ntfs.content.size",
        fmt::format("file {}: {} bytes are too many to hold at once", reference.record, data.size_bytes()));
  return data.read_bytes(0, data.size_bytes());
}

void Volume::read_file_to(MftReference reference, const std::function<void(Bytes)>& use,
                          std::u16string_view stream) {
  Stream data = content(open(reference), stream);
  ByteVector piece(static_cast<size_t>(std::min(kPieceBytes, data.size_bytes())));
  for (uint64_t offset = 0; offset < data.size_bytes(); offset += piece.size()) {
    piece.resize(static_cast<size_t>(std::min(kPieceBytes, data.size_bytes() - offset)));
    data.read(offset, piece);
    use(piece);
  }
}

}  // namespace mend::ntfs
