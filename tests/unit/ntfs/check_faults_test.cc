// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/ntfs/check_faults.h"

#include <algorithm>

#include "base/text.h"

namespace mend::test {

using namespace ntfs;

namespace {

ByteVector list_entry(AttributeType type, uint64_t record, uint16_t sequence, uint16_t instance,
                      uint64_t lowest_vcn = 0) {
  ByteVector entry(0x20, 0);
  write_le<uint32_t>(entry, 0, static_cast<uint32_t>(type));
  write_le<uint16_t>(entry, 4, 0x20);
  entry[7] = 0x1a;
  write_le<uint64_t>(entry, 0x08, lowest_vcn);
  write_le<uint64_t>(entry, 0x10, MftReference{record, sequence}.pack());
  write_le<uint16_t>(entry, 0x18, instance);
  return entry;
}

uint16_t instance_of(VolumeBuilder& builder, uint64_t record, AttributeType type) {
  return read_le<uint16_t>(builder.attribute_bytes(record, type), 0x0e);
}

// The data of `file` go on in an extension record: three clusters here, two there.
uint64_t spread(VolumeBuilder& builder, MftReference file) {
  const uint64_t extension = builder.new_record(0, file).record;
  const uint64_t lcn = builder.allocate(5);
  NewAttribute first;
  first.non_resident = true;
  first.runs = {{0, 3, lcn}};
  first.size_bytes = first.initialised_bytes = first.allocated_bytes = 5 * uint64_t{builder.cluster_bytes()};
  builder.replace_attribute(file.record, first);
  NewAttribute second;
  second.non_resident = true;
  second.lowest_vcn = 3;
  second.runs = {{3, 2, lcn + 3}};
  builder.insert_attribute(extension, second);
  NewAttribute list;
  list.type = AttributeType::kAttributeList;
  for (const AttributeType type :
       {AttributeType::kStandardInformation, AttributeType::kFileName, AttributeType::kData})
    for (const uint8_t byte :
         list_entry(type, file.record, file.sequence, instance_of(builder, file.record, type)))
      list.value.push_back(byte);
  for (const uint8_t byte : list_entry(AttributeType::kData, extension, 1,
                                       instance_of(builder, extension, AttributeType::kData), 3))
    list.value.push_back(byte);
  builder.insert_attribute(file.record, list);
  return extension;
}

std::string list(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings)
    text += std::string(to_string(finding.kind)) + " " + std::to_string(finding.record) + " (" +
            finding.path + "): " + finding.what + "\n";
  return text;
}

}  // namespace

FaultyVolume::FaultyVolume() {
  folder = builder.make_directory(kRootDirectory, u"folder");
  inner = builder.make_directory(folder, u"inner");
  file = builder.make_file(folder, u"file.bin", ByteVector(20000, 1));
  other = builder.make_file(folder, u"other.bin", ByteVector(9000, 2));
  for (int i = 0; i < 200; ++i)
    builder.make_file(folder, u"filler " + std::u16string(1, static_cast<char16_t>(u'\u0100' + i)),
                      as_bytes("x"));
  paired = builder.make_file(inner, u"paired", as_bytes("x"));
  builder.remove_attribute(paired.record, AttributeType::kFileName);
  builder.set_link_count(paired.record, 0);
  builder.write_index(inner, {});
  builder.add_name(paired, inner, {u"a name that is long.txt", NameSpace::kWin32});
  builder.add_name(paired, inner, {u"ANAME~1.TXT", NameSpace::kDos});
  point = builder.make_file(inner, u"point", {});
  builder.add_reparse_point(point, kReparseTagSymlink);
  identified = builder.make_file(inner, u"identified", as_bytes("x"));
  builder.add_object_id(identified, ByteVector(16, 0x5a));
  sparse = builder.make_file(inner, u"sparse", {});
  NewAttribute holes;
  holes.non_resident = true;
  holes.flags = Attribute::kSparse;
  holes.runs = {{0, 16, Run::kHole}, {16, 2, builder.allocate(2)}};
  holes.size_bytes = holes.initialised_bytes = 18 * uint64_t{builder.cluster_bytes()};
  builder.replace_attribute(sparse.record, holes);
  listed = builder.make_file(inner, u"listed", {});
  extension = spread(builder, listed);
}

FaultyVolume::FaultyVolume(FaultyVolume& from)
    : builder(from.disk()),
      folder(from.folder),
      inner(from.inner),
      file(from.file),
      other(from.other),
      paired(from.paired),
      point(from.point),
      identified(from.identified),
      sparse(from.sparse),
      listed(from.listed),
      extension(from.extension) {}

void FaultyVolume::edit_attribute(uint64_t number, AttributeType type, std::u16string_view name,
                                  const std::function<void(ByteVector&, size_t)>& change) {
  size_t at = 0;
  builder.volume().read_record(number)->for_each_attribute([&](const Attribute& attribute) {
    if (at == 0 && attribute.type == type && attribute.is_named(name)) at = attribute.offset;
  });
  REQUIRE(at != 0);
  edit_record(number, [&](ByteVector& record) { change(record, at); });
}

Range FaultyVolume::block_place(size_t number) {
  const uint64_t bytes = builder.volume().geometry().index_block_bytes;
  return builder.volume()
      .open(folder)
      .stream(AttributeType::kIndexAllocation, u"$I30")
      ->ranges(number * bytes, bytes)
      .at(0);
}

void FaultyVolume::edit_block(size_t number, const std::function<void(ByteVector&)>& change) {
  const Range place = block_place(number);
  ByteVector block = builder.device().read_bytes(place.offset, place.length);
  REQUIRE(remove_fixups(block) == Protection::kIntact);
  change(block);
  apply_fixups(block);
  builder.device().write(place.offset, block);
}

void FaultyVolume::edit_stream(uint64_t record, std::u16string_view stream, uint64_t offset,
                               const std::function<void(MutableBytes)>& change, size_t length) {
  const Range place =
      builder.volume().open_record(record).stream(AttributeType::kData, stream)->ranges(offset, length).at(0);
  change(slice(MutableBytes(disk()), place.offset, length));
}

void expect_faults(const std::vector<Fault>& faults) {
  static FaultyVolume healthy;
  {
    FaultyVolume volume(healthy);
    const std::string before = list(volume.report());
    INFO(before);
    REQUIRE(before.empty());
  }
  for (const Fault& fault : faults) {
    INFO(fault.what);
    FaultyVolume volume(healthy);
    fault.plant(volume);
    const uint64_t record = fault.record(volume);
    const CheckReport report = volume.report();
    INFO(list(report));
    CHECK(std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
      return finding.kind == fault.kind && finding.record == record &&
             finding.what.find(fault.says) != std::string::npos;
    }));
    // Damage has consequences, but one fault does not drown in them; only the names of a lost block are many.
    CHECK(std::count_if(report.findings.begin(), report.findings.end(), [](const Finding& finding) {
            return finding.kind != FindingKind::kNameWithoutEntry;
          }) <= 6);
  }
}

}  // namespace mend::test
