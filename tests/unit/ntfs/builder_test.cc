// SPDX-License-Identifier: GPL-3.0-or-later
// No tests of its own: the volumes that it makes are judged in check_test.cc, by our check and by ntfsresize.
#include "tests/unit/ntfs/builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "ntfs/fixup.h"
#include "ntfs/index.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::test {

using namespace ntfs;

namespace {

ByteVector read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return ByteVector(std::istreambuf_iterator<char>(file), {});
}

void set_bits(VolumeBuilder& builder, Stream& bitmap, uint64_t first, uint64_t count, bool used) {
  for (uint64_t bit = first; bit < first + count; ++bit) {
    const Range range = bitmap.ranges(bit / 8, 1).at(0);
    uint8_t& byte = builder.device().bytes[static_cast<size_t>(range.offset)];
    const auto mask = static_cast<uint8_t>(1U << (bit % 8));
    byte = used ? static_cast<uint8_t>(byte | mask) : static_cast<uint8_t>(byte & ~mask);
  }
}

ByteVector attribute_to_bytes(const NewAttribute& attribute, uint16_t instance, uint32_t cluster_bytes) {
  const ByteVector name = utf16_to_le(attribute.name);
  const bool packed = (attribute.flags & (Attribute::kCompressed | Attribute::kSparse)) != 0;
  const size_t header = !attribute.non_resident ? 0x18 : (packed && attribute.lowest_vcn == 0 ? 0x48 : 0x40);
  const size_t content_at = align_up(header + name.size(), 8);
  const ByteVector content = attribute.non_resident ? encode_runs(attribute.runs) : attribute.value;
  ByteVector bytes(align_up(content_at + content.size(), 8), 0);
  write_le<uint32_t>(bytes, 0, static_cast<uint32_t>(attribute.type));
  write_le<uint32_t>(bytes, 4, static_cast<uint32_t>(bytes.size()));
  bytes[8] = attribute.non_resident ? 1 : 0;
  bytes[9] = static_cast<uint8_t>(attribute.name.size());
  write_le<uint16_t>(bytes, 0x0a, static_cast<uint16_t>(header));
  write_le<uint16_t>(bytes, 0x0c, attribute.flags);
  write_le<uint16_t>(bytes, 0x0e, instance);
  std::copy(name.begin(), name.end(), bytes.begin() + static_cast<ptrdiff_t>(header));
  std::copy(content.begin(), content.end(), bytes.begin() + static_cast<ptrdiff_t>(content_at));
  if (!attribute.non_resident) {
    write_le<uint32_t>(bytes, 0x10, static_cast<uint32_t>(content.size()));
    write_le<uint16_t>(bytes, 0x14, static_cast<uint16_t>(content_at));
    bytes[0x16] = attribute.indexed ? 1 : 0;
    return bytes;
  }
  const uint64_t clusters = total_clusters(attribute.runs);
  write_le<uint64_t>(bytes, 0x10, attribute.lowest_vcn);
  write_le<uint64_t>(bytes, 0x18, attribute.lowest_vcn + clusters - 1);
  write_le<uint16_t>(bytes, 0x20, static_cast<uint16_t>(content_at));
  bytes[0x22] = attribute.compression_unit_shift;
  if (attribute.lowest_vcn != 0) return bytes;
  write_le<uint64_t>(bytes, 0x28,
                     attribute.allocated_bytes != 0 ? attribute.allocated_bytes : clusters * cluster_bytes);
  write_le<uint64_t>(bytes, 0x30, attribute.size_bytes);
  write_le<uint64_t>(bytes, 0x38, attribute.initialised_bytes);
  if (packed) write_le<uint64_t>(bytes, 0x40, allocated_clusters(attribute.runs) * cluster_bytes);
  return bytes;
}

// Offset of the attribute in a record without fixups; the end mark's where there is none.
size_t find_in_record(const ByteVector& record, AttributeType type, std::u16string_view name) {
  size_t at = read_le<uint16_t>(record, 0x14);
  while (read_le<uint32_t>(record, at) != 0xffffffff) {
    const Bytes attribute = slice(record, at, read_le<uint32_t>(record, at + 4));
    const Bytes own_name = slice(attribute, read_le<uint16_t>(attribute, 0x0a), size_t{2} * attribute[9]);
    if (read_le<uint32_t>(record, at) == static_cast<uint32_t>(type) &&
        equal(own_name, utf16_to_le(std::u16string(name))))
      return at;
    at += attribute.size();
  }
  return at;
}

}  // namespace

void insert_into(ByteVector& record, const NewAttribute& attribute, uint32_t cluster_bytes) {
  const auto instance = read_le<uint16_t>(record, 0x28);
  write_le<uint16_t>(record, 0x28, static_cast<uint16_t>(instance + 1));
  const ByteVector inserted = attribute_to_bytes(attribute, instance, cluster_bytes);
  size_t at = read_le<uint16_t>(record, 0x14);
  while (read_le<uint32_t>(record, at) <= static_cast<uint32_t>(attribute.type))
    at += read_le<uint32_t>(record, at + 4);
  const size_t used = read_le<uint32_t>(record, 0x18), size = record.size();
  if (used + inserted.size() > size) throw std::logic_error("the test's attribute does not fit its record");
  record.insert(record.begin() + static_cast<ptrdiff_t>(at), inserted.begin(), inserted.end());
  record.resize(size);
  write_le<uint32_t>(record, 0x18, static_cast<uint32_t>(used + inserted.size()));
}

void remove_from(ByteVector& record, AttributeType type, std::u16string_view name) {
  const size_t at = find_in_record(record, type, name);
  if (read_le<uint32_t>(record, at) == 0xffffffff) return;
  const size_t length = read_le<uint32_t>(record, at + 4), size = record.size();
  record.erase(record.begin() + static_cast<ptrdiff_t>(at),
               record.begin() + static_cast<ptrdiff_t>(at + length));
  record.resize(size);
  write_le<uint32_t>(record, 0x18, read_le<uint32_t>(record, 0x18) - static_cast<uint32_t>(length));
}

void write_file(const std::string& path, const ByteVector& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

bool run_program(const std::string& command, std::string* text) {
  FILE* pipe =
      popen(("PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8; export LC_ALL; " + command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) != 0;) output.append(buffer, got);
  const bool good = pclose(pipe) == 0;
  if (!good) UNSCOPED_INFO(command << ": " << output);
  if (text != nullptr) *text = output;
  return good;
}

ByteVector format_volume(const Format& format) {
  TempFolder folder;
  const std::string path = folder / "volume.img";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, format.size_bytes);
  REQUIRE(run_program("mkntfs -q -Q -F -c " + std::to_string(format.cluster_bytes) + " -s " +
                      std::to_string(format.sector_bytes) + " " + format.options + " " + path));
  return read_whole(path);
}

ByteVector copy_in(const ByteVector& volume, const std::string& name, const ByteVector& content) {
  TempFolder folder;
  write_file(folder / "volume.img", volume);
  write_file(folder / "content", content);
  REQUIRE(run_program("ntfscp -q -f " + (folder / "volume.img") + " " + (folder / "content") + " '" + name +
                      "'"));
  return read_whole(folder / "volume.img");
}

ByteVector encode_runs(const RunList& runs) {
  const auto bytes_of = [](int64_t value) {
    ByteVector bytes;
    do {
      bytes.push_back(static_cast<uint8_t>(value));
      value >>= 8;
    } while (!((value == 0 && bytes.back() < 0x80) || (value == -1 && bytes.back() >= 0x80)));
    return bytes;
  };
  ByteVector pairs;
  uint64_t before = 0;
  for (const Run& run : runs) {
    const ByteVector length = bytes_of(static_cast<int64_t>(run.length));
    ByteVector lcn;
    if (!run.is_hole()) lcn = bytes_of(static_cast<int64_t>(run.lcn - before)), before = run.lcn;
    pairs.push_back(static_cast<uint8_t>(length.size() | (lcn.size() << 4)));
    pairs.insert(pairs.end(), length.begin(), length.end());
    pairs.insert(pairs.end(), lcn.begin(), lcn.end());
  }
  pairs.push_back(0);
  return pairs;
}

ByteVector file_name_value(MftReference parent, std::u16string_view name, NameSpace name_space,
                           uint32_t attributes, uint64_t size_bytes, uint32_t reparse_tag) {
  ByteVector value(0x42 + 2 * name.size(), 0);
  write_le<uint64_t>(value, 0, parent.pack());
  for (size_t at = 0x08; at < 0x28; at += 8) write_le<uint64_t>(value, at, 133000000000000000U);
  write_le<uint64_t>(value, 0x28, align_up(size_bytes, 4096));
  write_le<uint64_t>(value, 0x30, size_bytes);
  write_le<uint32_t>(value, 0x38, attributes);
  write_le<uint32_t>(value, 0x3c, reparse_tag);
  value[0x40] = static_cast<uint8_t>(name.size());
  value[0x41] = static_cast<uint8_t>(name_space);
  const ByteVector units = utf16_to_le(std::u16string(name));
  std::copy(units.begin(), units.end(), value.begin() + 0x42);
  return value;
}

VolumeBuilder::VolumeBuilder(const Format& format) : VolumeBuilder(format_volume(format)) {}
VolumeBuilder::VolumeBuilder(ByteVector bytes) : device_(std::move(bytes)) {}

Volume& VolumeBuilder::volume() {
  if (!volume_) volume_ = std::make_unique<Volume>(device_);
  return *volume_;
}

uint64_t VolumeBuilder::allocate(uint64_t count) {
  uint64_t found = 0;
  for (uint64_t lcn = volume().geometry().cluster_count / 4; lcn < volume().geometry().cluster_count; ++lcn) {
    found = volume().cluster_bit(lcn) ? 0 : found + 1;
    if (found < count) continue;
    mark(lcn + 1 - count, count, true);
    return lcn + 1 - count;
  }
  throw std::logic_error("the test volume is full");
}

void VolumeBuilder::mark(uint64_t lcn, uint64_t count, bool used) {
  set_bits(*this, volume().cluster_bitmap(), lcn, count, used);
  volume_.reset();
}

void VolumeBuilder::write_clusters(uint64_t lcn, Bytes content) {
  device_.write(lcn * cluster_bytes(), content);
  volume_.reset();
}

ByteVector VolumeBuilder::record(uint64_t number) {
  const uint32_t size = volume().geometry().record_bytes;
  Stream mft = volume().mft();
  ByteVector bytes = mft.read_bytes(number * size, size);
  REQUIRE(remove_fixups(bytes) == Protection::kIntact);
  return bytes;
}

void VolumeBuilder::store_record(uint64_t number, ByteVector bytes) {
  apply_fixups(bytes);
  size_t done = 0;
  for (const Range& range : volume().record_ranges(number)) {
    device_.write(range.offset, slice(Bytes(bytes), done, range.length));
    done += static_cast<size_t>(range.length);
  }
  const Geometry geometry = volume().geometry();
  if (number < 4)
    device_.write(geometry.mirror_lcn * geometry.cluster_bytes + number * geometry.record_bytes, bytes);
  volume_.reset();
}

void VolumeBuilder::insert_attribute(uint64_t number, const NewAttribute& attribute) {
  ByteVector bytes = record(number);
  insert_into(bytes, attribute, cluster_bytes());
  store_record(number, std::move(bytes));
}

ByteVector VolumeBuilder::attribute_bytes(uint64_t number, AttributeType type, std::u16string_view name) {
  const ByteVector bytes = record(number);
  const size_t at = find_in_record(bytes, type, name);
  REQUIRE(read_le<uint32_t>(bytes, at) != 0xffffffff);
  const Bytes found = slice(bytes, at, read_le<uint32_t>(bytes, at + 4));
  return ByteVector(found.begin(), found.end());
}

void VolumeBuilder::remove_attribute(uint64_t number, AttributeType type, std::u16string_view name) {
  ByteVector bytes = record(number);
  remove_from(bytes, type, name);
  store_record(number, std::move(bytes));
}

void VolumeBuilder::replace_attribute(uint64_t number, const NewAttribute& attribute) {
  ByteVector bytes = record(number);
  remove_from(bytes, attribute.type, attribute.name);
  insert_into(bytes, attribute, cluster_bytes());
  store_record(number, std::move(bytes));
}

MftReference VolumeBuilder::new_record(uint16_t flags, MftReference base) {
  uint64_t number = 27;
  while (number < volume().record_count() && volume().record_bit(number)) ++number;
  if (number == volume().record_count()) grow_mft(64);
  const uint32_t size = volume().geometry().record_bytes;
  const uint16_t words = static_cast<uint16_t>(size / kStrideBytes + 1);
  const auto first = static_cast<uint16_t>(align_up(0x30 + size_t{2} * words, 8));
  ByteVector bytes(size, 0);
  write_le<uint32_t>(bytes, 0, kMagicFile);
  write_le<uint16_t>(bytes, 0x04, 0x30);
  write_le<uint16_t>(bytes, 0x06, words);
  write_le<uint16_t>(bytes, 0x10, 1);
  write_le<uint16_t>(bytes, 0x14, first);
  write_le<uint16_t>(bytes, 0x16, static_cast<uint16_t>(flags | RecordView::kInUse));
  write_le<uint32_t>(bytes, 0x18, first + 8U);
  write_le<uint32_t>(bytes, 0x1c, size);
  write_le<uint64_t>(bytes, 0x20, base.pack());
  write_le<uint32_t>(bytes, 0x2c, static_cast<uint32_t>(number));
  write_le<uint32_t>(bytes, first, 0xffffffff);
  store_record(number, std::move(bytes));
  mark_record(number, true);
  return {number, 1};
}

void VolumeBuilder::mark_record(uint64_t number, bool used) {
  set_bits(*this, volume().mft_bitmap(), number, 1, used);
  volume_.reset();
}

void VolumeBuilder::set_link_count(uint64_t number, uint16_t count) {
  ByteVector bytes = record(number);
  write_le<uint16_t>(bytes, 0x12, count);
  store_record(number, std::move(bytes));
}

void VolumeBuilder::grow_mft(uint64_t records) {
  const Geometry geometry = volume().geometry();
  RunList runs = volume().mft().runs();
  const uint64_t clusters =
      (records * geometry.record_bytes + geometry.cluster_bytes - 1) / geometry.cluster_bytes;
  const uint64_t lcn = allocate(clusters);
  const uint64_t covered = total_clusters(runs);
  runs.push_back({covered, clusters, lcn});
  const uint64_t new_bytes = (covered + clusters) * geometry.cluster_bytes;
  // The bitmap of mkntfs has room in its clusters; only its size must follow.
  ByteVector bytes = record(system_record::kMft);
  const size_t bitmap = find_in_record(bytes, AttributeType::kBitmap, {});
  REQUIRE(bytes[bitmap + 8] == 1);
  const uint64_t bitmap_bytes = align_up((new_bytes / geometry.record_bytes + 7) / 8, 8);
  REQUIRE(bitmap_bytes <= read_le<uint64_t>(bytes, bitmap + 0x28));
  const uint64_t old_bitmap_bytes = read_le<uint64_t>(bytes, bitmap + 0x38);
  write_le<uint64_t>(bytes, bitmap + 0x30, bitmap_bytes);
  write_le<uint64_t>(bytes, bitmap + 0x38, bitmap_bytes);
  const Range bitmap_place = volume().mft_bitmap().ranges(0, old_bitmap_bytes).at(0);
  std::fill_n(device_.bytes.begin() + static_cast<ptrdiff_t>(bitmap_place.offset + old_bitmap_bytes),
              bitmap_bytes - old_bitmap_bytes, uint8_t{0});
  NewAttribute data;
  data.non_resident = true;
  data.runs = runs;
  data.size_bytes = data.initialised_bytes = new_bytes;
  remove_from(bytes, AttributeType::kData, {});
  insert_into(bytes, data, geometry.cluster_bytes);
  store_record(system_record::kMft, std::move(bytes));
}

MftReference VolumeBuilder::make_directory(MftReference parent, std::u16string_view name) {
  const MftReference reference = new_record(RecordView::kDirectory);
  insert_attribute(reference.record,
                   {.type = AttributeType::kStandardInformation, .value = ByteVector(0x30, 0)});
  write_index(reference, {});
  add_name(reference, parent, {std::u16string(name), NameSpace::kWin32AndDos}, file_attribute::kDirectory);
  return reference;
}

MftReference VolumeBuilder::make_file(MftReference parent, std::u16string_view name, Bytes content,
                                      uint32_t attributes) {
  const MftReference reference = new_record(0);
  ByteVector information(0x30, 0);
  write_le<uint32_t>(information, 0x20, attributes);
  insert_attribute(reference.record, {.type = AttributeType::kStandardInformation, .value = information});
  NewAttribute data;
  if (content.size() <= 256) {
    data.value.assign(content.begin(), content.end());
  } else {
    const uint64_t clusters = (content.size() + cluster_bytes() - 1) / cluster_bytes();
    const uint64_t lcn = allocate(clusters);
    write_clusters(lcn, content);
    data.non_resident = true;
    data.runs = {{0, clusters, lcn}};
    data.size_bytes = data.initialised_bytes = content.size();
  }
  insert_attribute(reference.record, data);
  add_name(reference, parent, {std::u16string(name), NameSpace::kWin32AndDos}, attributes);
  return reference;
}

void VolumeBuilder::add_name(MftReference file, MftReference parent, const Name& name, uint32_t attributes) {
  const ByteVector key = file_name_value(parent, name.name, name.name_space, attributes);
  insert_attribute(file.record, {.type = AttributeType::kFileName, .indexed = true, .value = key});
  set_link_count(file.record, static_cast<uint16_t>(read_le<uint16_t>(record(file.record), 0x12) + 1));
  add_to_index(parent, {{file, key}});
}

}  // namespace mend::test
