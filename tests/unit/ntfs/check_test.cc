// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/check.h"

#include <algorithm>
#include <random>

#include "ntfs/fixup.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

std::string list(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings)
    text += std::string(to_string(finding.kind)) + " " + std::to_string(finding.record) + ": " +
            finding.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("NC-1: a volume that the builder made is found healthy, by us and by ntfsresize", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  for (int i = 0; i < 300; ++i)
    builder.make_file(folder,
                      u"some file with number " + std::u16string(1, static_cast<char16_t>(u'\u0100' + i)),
                      ByteVector(static_cast<size_t>(i) * 30, 7));
  const CheckReport report = check_full(builder.volume());
  CHECK(list(report).empty());
  CHECK(report.entries == 300 + 1 + 15);
  TempFolder temp;
  write_file(temp / "v.img", builder.device().bytes);
  if (need_program("ntfsresize")) CHECK(run_program("ntfsresize -i -f " + (temp / "v.img")));
}

namespace {

// A volume with a few of everything, and the findings after `damage(builder)`.
struct Patient {
  VolumeBuilder builder;
  MftReference folder, file, other;

  Patient() {
    folder = builder.make_directory(kRootDirectory, u"folder");
    file = builder.make_file(folder, u"file.bin", ByteVector(20000, 1));
    other = builder.make_file(folder, u"other.bin", ByteVector(9000, 2));
    for (int i = 0; i < 60; ++i)
      builder.make_file(folder, u"filler " + std::u16string(1, static_cast<char16_t>(u'A' + i)),
                        as_bytes("x"));
  }
  uint64_t first_cluster(MftReference reference) {
    return builder.volume().open(reference).stream(AttributeType::kData)->runs().at(0).lcn;
  }
  std::vector<Finding> findings() {
    Volume volume(builder.device());
    return check_full(volume).findings;
  }
  bool finds(FindingKind kind, uint64_t record) {
    for (const Finding& finding : findings())
      if (finding.kind == kind && finding.record == record) return true;
    Volume volume(builder.device());
    UNSCOPED_INFO("found instead: " << list(check_full(volume)));
    return false;
  }
};

}  // namespace

TEST_CASE("NC-1: the volumes of every shape that mkntfs makes have no finding", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (uint32_t sector : {512U, 4096U})
    for (uint32_t cluster : {512U, 2048U, 4096U, 65536U}) {
      if (cluster < sector) continue;
      for (const uint64_t size : {uint64_t{8} << 20, (uint64_t{24} << 20) + 3 * 4096}) {
        INFO("sector " << sector << ", cluster " << cluster << ", size " << size);
        VolumeBuilder builder({size, cluster, sector, ""});
        CHECK(list(check_full(builder.volume())).empty());
        const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
        for (int i = 0; i < 100; ++i)
          builder.make_file(folder, u"filler " + std::u16string(1, static_cast<char16_t>(u'A' + i)),
                            as_bytes("x"));
        CHECK(list(check_full(builder.volume())).empty());
        CHECK(check_file(builder.volume(), folder).empty());
      }
    }
}

TEST_CASE("A cluster that $Bitmap has free, taken for nobody, or in two files, is found and named",
          "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  REQUIRE(patient.findings().empty());
  const uint64_t lcn = patient.first_cluster(patient.file);
  SECTION("free in $Bitmap") {
    patient.builder.mark(lcn + 1, 2, false);
    const std::vector<Finding> findings = patient.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == FindingKind::kClusterNotMarked);
    CHECK(findings[0].record == patient.file.record);
    CHECK(findings[0].first_cluster == lcn + 1);
    CHECK(findings[0].cluster_count == 2);
  }
  SECTION("lost") {
    const uint64_t lost = patient.builder.allocate(70);
    const std::vector<Finding> findings = patient.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == FindingKind::kClusterLost);
    CHECK(findings[0].first_cluster == lost);
    CHECK(findings[0].cluster_count == 70);
  }
  SECTION("the last cluster of the volume is lost, and no bit beyond it counts") {
    const uint64_t last = patient.builder.volume().geometry().cluster_count - 1;
    patient.builder.mark(last, 1, true);
    const std::vector<Finding> findings = patient.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].first_cluster == last);
    CHECK(findings[0].cluster_count == 1);
  }
  SECTION("in two files") {
    NewAttribute data;
    data.non_resident = true;
    data.runs = {{0, 3, lcn + 1}};
    data.size_bytes = data.initialised_bytes = 9000;
    const RunList own = patient.builder.volume().open(patient.other).stream(AttributeType::kData)->runs();
    patient.builder.replace_attribute(patient.other.record, data);
    for (const Run& run : own) patient.builder.mark(run.lcn, run.length, false);
    CHECK(patient.finds(FindingKind::kOverlap, patient.file.record));
    CHECK(patient.finds(FindingKind::kOverlap, patient.other.record));
    CHECK(patient.findings().size() == 2);
  }
}

TEST_CASE("A record and its bit in the bitmap of $MFT that disagree are found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  patient.builder.mark_record(patient.file.record, false);
  CHECK(patient.finds(FindingKind::kRecordBitmap, patient.file.record));
  CHECK(patient.findings().size() == 1);
  patient.builder.mark_record(patient.file.record, true);
  const MftReference gone = patient.builder.new_record(0);
  CHECK(patient.finds(FindingKind::kRecordBitmap, gone.record) == false);
  ByteVector record = patient.builder.record(gone.record);
  write_le<uint16_t>(record, 0x16, 0);
  patient.builder.store_record(gone.record, record);
  CHECK(patient.finds(FindingKind::kRecordBitmap, gone.record));
}

TEST_CASE("A name that its folder does not list, and an entry that its file does not bear out, are named",
          "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  std::vector<VolumeBuilder::IndexKey> keys = patient.builder.index_keys(patient.folder);
  const auto mine =
      std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.file == patient.file; });
  REQUIRE(mine != keys.end());
  SECTION("the entry is missing") {
    keys.erase(mine);
    patient.builder.write_index(patient.folder, keys);
    CHECK(patient.finds(FindingKind::kNameWithoutEntry, patient.file.record));
    CHECK(patient.findings().size() == 1);
    CHECK(patient.findings()[0].what.find("file.bin") != std::string::npos);
  }
  SECTION("the entry is there twice, under another name") {
    keys.push_back({patient.file, file_name_value(patient.folder, u"ghost", NameSpace::kPosix)});
    patient.builder.write_index(patient.folder, keys);
    CHECK(patient.finds(FindingKind::kEntryWithoutName, patient.file.record));
    CHECK(patient.findings().size() == 1);
    CHECK(patient.findings()[0].what.find("ghost") != std::string::npos);
  }
  SECTION("the entry is of an older file in the record") {
    mine->file.sequence = 9;
    patient.builder.write_index(patient.folder, keys);
    CHECK(patient.finds(FindingKind::kEntryWithoutName, patient.file.record));
    CHECK(patient.finds(FindingKind::kNameWithoutEntry, patient.file.record));
    CHECK(patient.findings().size() == 2);
  }
  SECTION("the name space differs: the DOS name of a pair is missing") {
    mine->key[0x41] = static_cast<uint8_t>(NameSpace::kWin32);
    patient.builder.write_index(patient.folder, keys);
    CHECK(patient.findings().size() == 2);
  }
  SECTION("the entry says that it is in another folder") {
    write_le<uint64_t>(mine->key, 0, kRootDirectory.pack());
    patient.builder.write_index(patient.folder, keys);
    CHECK(patient.finds(FindingKind::kBadIndex, patient.folder.record));
    CHECK_FALSE(check_file(patient.builder.volume(), patient.folder).empty());
  }
}

TEST_CASE("An index whose blocks are damaged, out of order or not reached is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  const auto offset = static_cast<size_t>(patient.builder.volume()
                                              .open(patient.folder)
                                              .stream(AttributeType::kIndexAllocation, u"$I30")
                                              ->ranges(0, 4096)
                                              .at(0)
                                              .offset);
  ByteVector& disk = patient.builder.device().bytes;
  SECTION("torn") {
    disk[offset + 1022] ^= 1;
    CHECK(patient.finds(FindingKind::kBadIndex, patient.folder.record));
  }
  SECTION("zeroed") {
    std::fill_n(disk.begin() + static_cast<ptrdiff_t>(offset), 4096, uint8_t{0});
    CHECK(patient.finds(FindingKind::kBadIndex, patient.folder.record));
    CHECK(patient.finds(FindingKind::kNameWithoutEntry, patient.file.record));
  }
  SECTION("not in use") {
    NewAttribute bitmap;
    bitmap.type = AttributeType::kBitmap;
    bitmap.name = u"$I30";
    bitmap.value = ByteVector(8, 0);
    patient.builder.replace_attribute(patient.folder.record, bitmap);
    CHECK(patient.finds(FindingKind::kBadIndex, patient.folder.record));
  }
  SECTION("out of order") {
    ByteVector block(disk.begin() + static_cast<ptrdiff_t>(offset),
                     disk.begin() + static_cast<ptrdiff_t>(offset + 4096));
    REQUIRE(remove_fixups(block) == Protection::kIntact);
    const size_t entry = 0x18 + read_le<uint32_t>(block, 0x18);
    block[entry + 0x10 + 0x42] = 'z';  // first letter of the first name
    apply_fixups(block);
    patient.builder.device().write(offset, block);
    CHECK(patient.finds(FindingKind::kBadIndex, patient.folder.record));
    CHECK_FALSE(check_file(patient.builder.volume(), patient.folder).empty());
  }
}

TEST_CASE("Records that contradict themselves are found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  const uint64_t number = patient.file.record;
  SECTION("torn") {
    const Range place = patient.builder.volume().record_ranges(number).at(0);
    patient.builder.device().bytes[static_cast<size_t>(place.offset) + 510] ^= 1;
    CHECK(patient.finds(FindingKind::kBadRecord, number));
  }
  SECTION("link count") {
    patient.builder.set_link_count(number, 2);
    CHECK(patient.finds(FindingKind::kBadRecord, number));
    CHECK(check_file(patient.builder.volume(), patient.file).size() == 1);
  }
  SECTION("a run list outside the volume") {
    NewAttribute data;
    data.non_resident = true;
    data.runs = {{0, 5, patient.builder.volume().geometry().cluster_count - 2}};
    data.size_bytes = data.initialised_bytes = 20000;
    patient.builder.replace_attribute(number, data);
    CHECK(patient.finds(FindingKind::kBadRecord, number));
    CHECK_FALSE(check_file(patient.builder.volume(), patient.file).empty());
  }
  SECTION("sizes") {
    NewAttribute data;
    data.non_resident = true;
    data.runs = {{0, 5, patient.first_cluster(patient.file)}};
    data.size_bytes = 20481;
    patient.builder.replace_attribute(number, data);
    CHECK(patient.finds(FindingKind::kBadRecord, number));
    CHECK(patient.findings().size() == 1);
  }
  SECTION("an extension record that nobody names") {
    const MftReference orphan = patient.builder.new_record(0, patient.file);
    CHECK(patient.finds(FindingKind::kOrphanExtension, orphan.record));
    CHECK(patient.findings().size() == 1);
  }
  SECTION("the mirror") {
    const Geometry& geometry = patient.builder.volume().geometry();
    const auto place =
        static_cast<size_t>(geometry.mirror_lcn * geometry.cluster_bytes + 3 * geometry.record_bytes);
    patient.builder.device().bytes[place + 0x40] ^= 1;
    CHECK(patient.finds(FindingKind::kMirror, system_record::kVolume));
    CHECK(patient.findings().size() == 1);
  }
}

TEST_CASE("NC-3: a volume with damage everywhere is still checked to its end", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient patient;
  const ByteVector good = patient.builder.device().bytes;
  std::mt19937 random(5);
  const std::vector<Range> ranges = patient.builder.volume().mft().ranges(4096, 60 * 1024);
  for (int round = 0; round < 200; ++round) {
    MemoryDevice device(good);
    for (int i = 0; i < 30; ++i) {
      const Range& range = ranges[random() % ranges.size()];
      device.bytes[static_cast<size_t>(range.offset + random() % range.length)] =
          static_cast<uint8_t>(random());
    }
    const std::string id = id_of_error([&] {
      Volume volume(device);
      check_full(volume);
    });
    if (!id.empty() && !id.starts_with("ntfs.") && !id.starts_with("base.")) FAIL(id);
  }
}

TEST_CASE(
    "NC-1: an index torn into single clusters, with a bitmap that is not resident, is whole all the same",
    "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder({16 << 20, 512, 512, ""});
  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  for (int i = 0; i < 150; ++i)
    builder.make_file(folder, u"filler " + std::u16string(1, static_cast<char16_t>(u'A' + i)), as_bytes("x"));
  // Every cluster of the index moves to a place of its own, backwards.
  std::optional<Stream> allocation =
      builder.volume().open(folder).stream(AttributeType::kIndexAllocation, u"$I30");
  const ByteVector content = allocation->read_bytes(0, allocation->size_bytes());
  const Run old = allocation->runs().at(0);
  const uint64_t clusters = content.size() / 512;
  REQUIRE(clusters >= 24);
  const uint64_t place = builder.allocate(2 * clusters);
  NewAttribute torn;
  torn.type = AttributeType::kIndexAllocation;
  torn.name = u"$I30";
  torn.non_resident = true;
  torn.size_bytes = torn.initialised_bytes = content.size();
  for (uint64_t i = 0; i < clusters; ++i) {
    const uint64_t lcn = place + 2 * (clusters - 1 - i);
    builder.write_clusters(lcn, slice(Bytes(content), i * 512, 512));
    builder.mark(lcn + 1, 1, false);
    torn.runs.push_back({i, 1, lcn});
  }
  builder.replace_attribute(folder.record, torn);
  builder.mark(old.lcn, old.length, false);
  CHECK(list(check_full(builder.volume())).empty());
  CHECK(check_full(builder.volume()).reads >= clusters / 8);

  const ByteVector bits =
      builder.volume().open(folder).stream(AttributeType::kBitmap, u"$I30")->read_bytes(0, 8);
  NewAttribute bitmap;
  bitmap.type = AttributeType::kBitmap;
  bitmap.name = u"$I30";
  bitmap.non_resident = true;
  bitmap.runs = {{0, 1, builder.allocate(1)}};
  bitmap.size_bytes = bitmap.initialised_bytes = bits.size();
  builder.write_clusters(bitmap.runs[0].lcn, bits);
  builder.replace_attribute(folder.record, bitmap);
  CHECK(list(check_full(builder.volume())).empty());
  CHECK(check_file(builder.volume(), folder).empty());
  // And damage in it is still seen.
  ByteVector& disk = builder.device().bytes;
  disk[static_cast<size_t>(torn.runs[9].lcn * 512 + 511)] ^= 1;
  Volume damaged(builder.device());
  CHECK_FALSE(check_full(damaged).clean());
}
