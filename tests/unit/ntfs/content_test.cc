// SPDX-License-Identifier: GPL-3.0-or-later
// What files hold: NS-1, NA-1, NA-2.
#include <algorithm>
#include <random>

#include "ntfs/check.h"
#include "ntfs/volume.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

ByteVector noise(size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// A non-resident unnamed $DATA over clusters of the builder's choosing.
NewAttribute data_over(const RunList& runs, uint64_t size_bytes) {
  NewAttribute data;
  data.non_resident = true;
  data.runs = runs;
  data.size_bytes = data.initialised_bytes = size_bytes;
  return data;
}

}  // namespace

TEST_CASE("Content is read as it was written: resident, in one run, in several", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  for (size_t size : {0U, 1U, 256U, 4096U, 4097U, 100000U}) {
    const ByteVector content = noise(size);
    const MftReference file = builder.make_file(
        kRootDirectory, u"file" + std::u16string(1, static_cast<char16_t>(u'a' + size % 26)), content);
    CHECK(builder.volume().read_file(file) == content);
    CHECK(builder.volume().stat(file).size_bytes == size);
    ByteVector pieces;
    builder.volume().read_file_to(
        file, [&](Bytes piece) { pieces.insert(pieces.end(), piece.begin(), piece.end()); });
    CHECK(pieces == content);
  }
  const ByteVector content = noise(5 * 4096);
  const MftReference file = builder.make_file(kRootDirectory, u"torn.bin", {});
  const uint64_t lcn = builder.allocate(6);
  builder.write_clusters(lcn + 3, Bytes(content).first(3 * 4096));
  builder.write_clusters(lcn, Bytes(content).subspan(3 * 4096));
  builder.mark(lcn + 2, 1, false);
  builder.replace_attribute(file.record, data_over({{0, 3, lcn + 3}, {3, 2, lcn}}, content.size() - 5));
  const ByteVector expected(content.begin(), content.end() - 5);
  CHECK(builder.volume().read_file(file) == expected);
  for (size_t offset : {0U, 1U, 4095U, 12287U, 12288U, 15000U}) {
    const ByteVector part = builder.volume().read_file(file, offset, 5000);
    CHECK(equal(part, Bytes(expected).subspan(offset, 5000)));
  }
  CHECK(id_of_error([&] { builder.volume().read_file(file, expected.size(), 1); }) == "ntfs.stream.range");
  CHECK(id_of_error([&] { builder.volume().read_file(file, UINT64_MAX, 2); }) == "ntfs.stream.range");
  CHECK(check_full(builder.volume()).clean());
}

TEST_CASE("NS-1: holes and what was never written are zeros", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const ByteVector content = noise(4096);
  const MftReference file = builder.make_file(kRootDirectory, u"sparse.bin", {});
  const uint64_t lcn = builder.allocate(2);
  builder.write_clusters(lcn, content);
  builder.write_clusters(lcn + 1, content);
  NewAttribute data = data_over({{0, 2, Run::kHole}, {2, 1, lcn}, {3, 1, lcn + 1}}, 4 * 4096);
  data.flags = Attribute::kSparse;
  data.initialised_bytes = 3 * 4096 + 100;
  builder.replace_attribute(file.record, data);
  ByteVector expected(4 * 4096, 0);
  std::copy(content.begin(), content.end(), expected.begin() + 2 * 4096);
  std::copy_n(content.begin(), 100, expected.begin() + 3 * 4096);
  CHECK(builder.volume().read_file(file) == expected);
  CHECK(builder.volume().stat(file).sparse);
  CHECK(check_full(builder.volume()).clean());
}

TEST_CASE("NS-1: content that only Windows can deliver is refused, never given as zeros", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const auto file_with = [&](std::u16string_view name, uint32_t tag) {
    const MftReference file = builder.make_file(kRootDirectory, name, {}, file_attribute::kReparsePoint);
    NewAttribute hole = data_over({{0, 25, Run::kHole}}, 100000);
    hole.flags = Attribute::kSparse;
    builder.replace_attribute(file.record, hole);
    builder.add_reparse_point(file, tag);
    builder.insert_attribute(
        file.record, {.type = AttributeType::kData, .name = u"WofCompressedData", .value = noise(30)});
    return file;
  };
  const MftReference wof = file_with(u"ntdll.dll", kReparseTagWof);
  CHECK(id_of_error([&] { builder.volume().read_file(wof); }) == "ntfs.content.wof");
  CHECK(id_of_error([&] { builder.volume().read_file(wof, 0, 4); }) == "ntfs.content.wof");
  CHECK(id_of_error([&] { builder.volume().read_file_to(wof, [](Bytes) {}); }) == "ntfs.content.wof");
  const FileInfo info = builder.volume().stat(wof);
  CHECK(info.wof_compressed);
  CHECK(info.reparse_tag == kReparseTagWof);
  CHECK(info.size_bytes == 100000);
  CHECK(info.streams == std::vector<std::u16string>{u"WofCompressedData"});
  CHECK(builder.volume().read_file(wof, u"WofCompressedData") == noise(30));
  const MftReference cloud = file_with(u"onedrive.txt", 0x9000601a);
  CHECK(id_of_error([&] { builder.volume().read_file(cloud); }) == "ntfs.content.reparse");

  const MftReference efs = builder.make_file(kRootDirectory, u"secret.txt", {});
  NewAttribute data = data_over({{0, 1, builder.allocate(1)}}, 4096);
  data.flags = Attribute::kEncrypted;
  builder.replace_attribute(efs.record, data);
  CHECK(id_of_error([&] { builder.volume().read_file(efs); }) == "ntfs.content.encrypted");
  CHECK(builder.volume().stat(efs).encrypted);

  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  CHECK(id_of_error([&] { builder.volume().read_file(folder); }) == "ntfs.content.none");
  CHECK(id_of_error([&] { builder.volume().read_file(efs, u"no such stream"); }) == "ntfs.content.none");
  CHECK(check_full(builder.volume()).clean());
}

TEST_CASE("A file that libntfs-3g compressed comes back as it went in", "[ntfs]") {
  if (!need_program("mkntfs") || !need_program("ntfscp") || !need_program("ntfscat")) return;
  ByteVector text;
  for (int i = 0; text.size() < 700000; ++i) {
    const std::string line = "line " + std::to_string(i * i % 7919) + " of a log that says little\n";
    text.insert(text.end(), line.begin(), line.end());
    if (i == 9000) {
      const ByteVector dense = noise(150000);
      text.insert(text.end(), dense.begin(), dense.end());
    }
    if (i == 12000) text.insert(text.end(), 200000, 0);
  }
  VolumeBuilder builder(copy_in(format_volume({16 << 20, 4096, 512, "-C"}), "log.txt", text));
  const MftReference file = builder.volume().find(kRootDirectory, u"LOG.TXT")->reference;
  CHECK(builder.volume().stat(file).compressed);
  std::optional<Stream> stream = builder.volume().open(file).stream(AttributeType::kData);
  CHECK(allocated_clusters(stream->runs()) < total_clusters(stream->runs()) * 3 / 4);
  CHECK(builder.volume().read_file(file) == text);
  for (uint64_t offset :
       {uint64_t{1}, uint64_t{65535}, uint64_t{65536}, uint64_t{300001}, text.size() - 70000U})
    CHECK(equal(builder.volume().read_file(file, offset, 70000), Bytes(text).subspan(offset, 70000)));
  CHECK(check_full(builder.volume()).clean());
}

TEST_CASE("Fields of a compressed attribute at their extremes are refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference file = builder.make_file(kRootDirectory, u"packed", {});
  const uint64_t lcn = builder.allocate(16);
  const auto id_with = [&](auto change) {
    NewAttribute data = data_over({{0, 16, lcn}}, 65536);
    data.flags = 1;
    data.compression_unit_shift = 4;
    change(data);
    builder.replace_attribute(file.record, data);
    return id_of_error([&] { builder.volume().read_file(file); });
  };
  CHECK(id_with([](NewAttribute&) {}).empty());
  CHECK(id_with([](NewAttribute& data) { data.flags = 2; }) == "ntfs.stream.compression");
  CHECK(id_with([](NewAttribute& data) { data.compression_unit_shift = 0; }) == "ntfs.stream.compression");
  CHECK(id_with([](NewAttribute& data) { data.compression_unit_shift = 255; }) == "ntfs.stream.compression");
  CHECK(id_with([](NewAttribute& data) { data.size_bytes = 65537; }) == "ntfs.stream.sizes");
  CHECK(id_with([](NewAttribute& data) { data.initialised_bytes = UINT64_MAX; }) == "ntfs.stream.sizes");
  CHECK(id_with([](NewAttribute& data) { data.allocated_bytes = 65536 + 4096; }) == "ntfs.stream.allocated");
  CHECK(id_with([&](NewAttribute& data) {
          data.runs = {{0, 4, lcn}, {4, 4, Run::kHole}, {8, 8, lcn + 4}};
        }) == "ntfs.stream.unit");
}

namespace {

ByteVector list_entry(const ByteVector& attribute, MftReference holder) {
  const size_t name_bytes = size_t{2} * attribute[9];
  ByteVector entry(align_up(0x1a + name_bytes, 8), 0);
  std::copy_n(attribute.begin(), 4, entry.begin());
  write_le<uint16_t>(entry, 4, static_cast<uint16_t>(entry.size()));
  entry[6] = attribute[9];
  entry[7] = 0x1a;
  if (attribute[8] == 1) write_le<uint64_t>(entry, 0x08, read_le<uint64_t>(attribute, 0x10));
  write_le<uint64_t>(entry, 0x10, holder.pack());
  write_le<uint16_t>(entry, 0x18, read_le<uint16_t>(attribute, 0x0e));
  const size_t name_at = read_le<uint16_t>(attribute, 0x0a);
  std::copy_n(attribute.begin() + static_cast<ptrdiff_t>(name_at), name_bytes, entry.begin() + 0x1a);
  return entry;
}

// All attributes of these records, as the entries that a list has for them.
ByteVector list_of(const std::vector<std::pair<MftReference, ByteVector>>& records) {
  std::vector<std::pair<uint64_t, ByteVector>> entries;  // by type, then VCN
  for (const auto& [holder, record] : records) {
    for (size_t at = read_le<uint16_t>(record, 0x14); read_le<uint32_t>(record, at) != 0xffffffff;
         at += read_le<uint32_t>(record, at + 4)) {
      const Bytes attribute = slice(Bytes(record), at, read_le<uint32_t>(record, at + 4));
      ByteVector entry = list_entry(ByteVector(attribute.begin(), attribute.end()), holder);
      const uint64_t key = (uint64_t{read_le<uint32_t>(entry, 0)} << 32) + read_le<uint64_t>(entry, 8);
      entries.emplace_back(key, std::move(entry));
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  ByteVector list;
  for (const auto& entry : entries) list.insert(list.end(), entry.second.begin(), entry.second.end());
  return list;
}

struct ListedFile {
  MftReference file, extension, second;
  ByteVector content;
};

// A file whose name and data lie in two extension records; the data in two extents.
ListedFile make_listed_file(VolumeBuilder& builder, bool resident_list) {
  ListedFile made;
  made.content = noise(7 * 4096);
  made.file = builder.make_file(kRootDirectory, u"listed file.bin", {});
  made.extension = builder.new_record(0, made.file);
  made.second = builder.new_record(0, made.file);
  const uint64_t lcn = builder.allocate(7);
  builder.write_clusters(lcn, made.content);
  builder.remove_attribute(made.file.record, AttributeType::kData);
  NewAttribute first = data_over({{0, 4, lcn}}, made.content.size());
  first.allocated_bytes = made.content.size();  // of the whole attribute: 7 clusters
  builder.insert_attribute(made.extension.record, first);
  NewAttribute more = data_over({{4, 3, lcn + 4}}, 0);
  more.lowest_vcn = 4;
  builder.insert_attribute(made.second.record, more);
  std::vector<std::pair<MftReference, ByteVector>> records;
  for (const MftReference& holder : {made.file, made.extension, made.second})
    records.emplace_back(holder, builder.record(holder.record));
  const ByteVector list = list_of(records);
  NewAttribute attribute;
  attribute.type = AttributeType::kAttributeList;
  if (resident_list) {
    attribute.value = list;
  } else {
    const uint64_t place = builder.allocate(1);
    builder.write_clusters(place, list);
    attribute = data_over({{0, 1, place}}, list.size());
    attribute.type = AttributeType::kAttributeList;
  }
  builder.insert_attribute(made.file.record, attribute);
  return made;
}

}  // namespace

TEST_CASE("NA-1, NA-2: a file in three records, its attribute list resident or not", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (bool resident : {true, false}) {
    VolumeBuilder builder;
    const ListedFile made = make_listed_file(builder, resident);
    CHECK(builder.volume().read_file(made.file) == made.content);
    CHECK(builder.volume().open(made.file).extensions().size() == 2);
    CHECK(builder.volume().stat(made.file).links.size() == 1);
    const CheckReport report = check_full(builder.volume());
    for (const Finding& finding : report.findings) UNSCOPED_INFO(finding.what);
    CHECK(report.clean());
    CHECK(check_file(builder.volume(), made.file).empty());
    if (!need_program("ntfscat")) continue;
    TempFolder folder;
    write_file(folder / "v.img", builder.device().bytes);
    write_file(folder / "content", made.content);
    CHECK(run_program("ntfscat -f " + (folder / "v.img") + " 'listed file.bin' | cmp - " +
                      (folder / "content")));
  }
}

TEST_CASE("NA-1: an attribute list that disagrees with the records is refused, and the full check names it",
          "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder good;
  const ListedFile made = make_listed_file(good, true);
  const auto damaged = [&](uint64_t record, size_t at, uint16_t value) {
    VolumeBuilder builder(good.device().bytes);
    ByteVector bytes = builder.record(record);
    write_le<uint16_t>(bytes, at, value);
    builder.store_record(record, std::move(bytes));
    CHECK_FALSE(check_full(builder.volume()).clean());
    CHECK_FALSE(check_file(builder.volume(), made.file).empty());
    return id_of_error([&] { builder.volume().read_file(made.file); });
  };
  CHECK(damaged(made.extension.record, 0x10, 9) == "ntfs.list.extension");  // sequence
  CHECK(damaged(made.extension.record, 0x16, 0) == "ntfs.list.extension");  // free
  CHECK(damaged(made.extension.record, 0x20, 5) == "ntfs.list.extension");  // another base
  // The list's own bytes, one after the other.
  const ByteVector record = good.record(made.file.record);
  const ByteVector list = good.attribute_bytes(made.file.record, AttributeType::kAttributeList);
  size_t list_at = read_le<uint16_t>(record, 0x14);
  while (read_le<uint32_t>(record, list_at) != 0x20) list_at += read_le<uint32_t>(record, list_at + 4);
  size_t refused = 0;
  for (size_t bit = 0x18 * 8; bit < 0x60 * 8; ++bit) {  // the first two entries
    ByteVector bytes = record;
    bytes[list_at + bit / 8] = static_cast<uint8_t>(bytes[list_at + bit / 8] ^ (1U << (bit % 8)));
    VolumeBuilder changed(good.device().bytes);
    changed.store_record(made.file.record, std::move(bytes));
    const std::string id = id_of_error([&] {
      if (changed.volume().read_file(made.file) != made.content) FAIL("bit " << bit << " gave other content");
    });
    if (!id.empty()) ++refused;
  }
  CHECK(refused > 200);
}

TEST_CASE("$MFT in many runs, and with an attribute list whose extents lie in $MFT itself", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  for (int i = 0; i < 5; ++i) builder.grow_mft(64), builder.allocate(3);
  CHECK(builder.volume().mft().runs().size() >= 5);
  const MftReference last = builder.make_file(kRootDirectory, u"in a late record", as_bytes("late"));
  CHECK(builder.volume().read_file(last) == ByteVector{'l', 'a', 't', 'e'});

  // Move all but the first two runs of $MFT into an extension record, which lies within those two.
  const RunList runs = builder.volume().mft().runs();
  const uint64_t size = builder.volume().mft().size_bytes();
  const MftReference base{system_record::kMft, 1};
  const MftReference extension = builder.new_record(0, base);
  REQUIRE(extension.record * 1024 < runs[2].vcn * 4096);
  NewAttribute rest = data_over(RunList(runs.begin() + 2, runs.end()), 0);
  rest.lowest_vcn = runs[2].vcn;
  builder.insert_attribute(extension.record, rest);
  NewAttribute first = data_over(RunList(runs.begin(), runs.begin() + 2), size);
  first.allocated_bytes = total_clusters(runs) * 4096;
  ByteVector record = builder.record(system_record::kMft);
  remove_from(record, AttributeType::kData);
  insert_into(record, first, 4096);
  const ByteVector list = list_of({{base, record}, {extension, builder.record(extension.record)}});
  insert_into(record, {.type = AttributeType::kAttributeList, .value = list}, 4096);
  builder.store_record(system_record::kMft, record);
  CHECK(builder.volume().mft().runs() == runs);
  CHECK(builder.volume().record_count() == size / 1024);
  CHECK(builder.volume().read_file(last) == ByteVector{'l', 'a', 't', 'e'});
  const CheckReport report = check_full(builder.volume());
  for (const Finding& finding : report.findings)
    if (finding.kind != FindingKind::kClusterLost) FAIL(finding.what);
}
