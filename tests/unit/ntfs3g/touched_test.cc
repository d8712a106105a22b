// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/touched.h"

#include "ntfs/fixup.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;
using ntfs::Finding;
using ntfs::FindingKind;

namespace {

// A volume, a plan of one removal and one move on it, and the plan carried out.
struct Case {
  Prepared prepared;
  std::unique_ptr<Editing> editing;
  MftReference moved, top;
  ntfs::TouchedSet touched;

  explicit Case(const std::string& what) {
    const std::vector<KindOfFile> kinds = kinds_of_file();
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.what == what; });
    REQUIRE(kind != kinds.end());
    prepared = prepare(*kind, format_volume({.size_bytes = 8 << 20}));
    ReaderOver reader(prepared.bytes);
    ntfs::Volume volume(reader);
    moved = volume.find(prepared.folder, u"C-00000290-neighbour.sys")->reference;
    editing = std::make_unique<Editing>(prepared.bytes);
    top = editing->make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine");
    editing->rename(moved, prepared.folder, u"C-00000290-neighbour.sys", top, u"moved.sys");
    editing->remove(prepared.file, prepared.folder, kind->name);
    editing->finish();
    touched = ntfs::touched_by(volume, editing->edits);
  }
  std::vector<Finding> check(const ByteVector& bytes) const {
    ReaderOver reader(bytes);
    ntfs::Volume volume(reader);
    return ntfs::check_touched(volume, touched);
  }
};

bool has(const std::vector<Finding>& findings, FindingKind kind, uint64_t record) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.kind == kind && finding.record == record;
  });
}

// A change that makes `kind` of `record` new.
void expect_new(Case& tried, FindingKind kind, uint64_t record,
                const std::function<void(ByteVector&)>& plant) {
  ByteVector before = tried.editing->before, after = tried.editing->after();
  const std::vector<Finding> clean = tried.check(before);
  CHECK(clean.empty());
  plant(after);
  const std::vector<Finding> fresh = ntfs::new_findings(clean, tried.check(after));
  for (const Finding& finding : fresh) UNSCOPED_INFO(finding.what);
  CHECK(has(fresh, kind, record));
}

void flip_bit(ByteVector& bytes, ntfs::Stream& bitmap, uint64_t bit) {
  const uint64_t at = bitmap.ranges(bit / 8, 1)[0].offset;
  bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1 << (bit % 8)));
}

void change_record(ByteVector& bytes, uint64_t offset, const std::function<void(MutableBytes)>& change) {
  MutableBytes record = slice(MutableBytes(bytes), offset, 1024);
  REQUIRE(ntfs::remove_fixups(record) == ntfs::Protection::kIntact);
  change(record);
  ntfs::apply_fixups(record);
}

}  // namespace

TEST_CASE("NT-1: what was unsound before is reported and does not count as new", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Case tried("in clusters");
  ReaderOver reader(tried.editing->after());
  ntfs::Volume volume(reader);
  auto data = volume.open(tried.moved).stream(ntfs::AttributeType::kData);
  const uint64_t lcn = data->runs()[0].lcn;
  ByteVector before = tried.editing->before, after = tried.editing->after();
  flip_bit(before, volume.cluster_bitmap(), lcn);
  flip_bit(after, volume.cluster_bitmap(), lcn);
  CHECK(has(tried.check(before), FindingKind::kClusterNotMarked, tried.moved.record));
  CHECK(ntfs::new_findings(tried.check(before), tried.check(after)).empty());
  CHECK_FALSE(ntfs::new_findings(tried.check(tried.editing->before), tried.check(after)).empty());
}

TEST_CASE("a touched file is checked in its record, its names, its clusters and the bitmaps", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Case tried("in clusters");
  ReaderOver reader(tried.editing->after());
  ntfs::Volume volume(reader);
  const uint64_t moved = volume.record_ranges(tried.moved.record)[0].offset;
  const uint64_t gone = tried.prepared.file.record;
  SECTION("$MFT's bitmap of a file that exists") {
    expect_new(tried, FindingKind::kRecordBitmap, tried.moved.record,
               [&](ByteVector& bytes) { flip_bit(bytes, volume.mft_bitmap(), tried.moved.record); });
  }
  SECTION("$MFT's bitmap of a file that is gone") {
    expect_new(tried, FindingKind::kRecordBitmap, gone,
               [&](ByteVector& bytes) { flip_bit(bytes, volume.mft_bitmap(), gone); });
  }
  SECTION("a name that its directory does not list") {
    expect_new(tried, FindingKind::kNameWithoutEntry, tried.moved.record, [&](ByteVector& bytes) {
      change_record(bytes, moved, [&](MutableBytes record) {
        const ntfs::Record parsed = volume.read_record(tried.moved.record);
        parsed->for_each_attribute([&](const ntfs::Attribute& attribute) {
          if (attribute.type == ntfs::AttributeType::kFileName) record[attribute.offset + 0x18 + 0x42] = 'n';
        });
      });
    });
  }
  SECTION("a link count that does not fit") {
    expect_new(tried, FindingKind::kBadRecord, tried.moved.record, [&](ByteVector& bytes) {
      change_record(bytes, moved, [](MutableBytes record) { record[0x12] = 7; });
    });
  }
  SECTION("a record that is torn") {
    expect_new(tried, FindingKind::kBadRecord, tried.moved.record,
               [&](ByteVector& bytes) { bytes[moved + 511] ^= 1; });
  }
  SECTION("an entry that leads to what is gone") {
    expect_new(tried, FindingKind::kEntryWithoutName, tried.moved.record, [&](ByteVector& bytes) {
      change_record(bytes, moved, [](MutableBytes record) { record[0x16] = 0; });
    });
  }
  SECTION("$MFTMirr") {
    expect_new(tried, FindingKind::kMirror, 2, [&](ByteVector& bytes) {
      bytes[volume.cluster_offset(volume.geometry().mirror_lcn) + 2 * 1024 + 0x60] ^= 1;
    });
  }
}

TEST_CASE("a folder on the way that its parent does not list is a finding", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Case tried("in clusters");
  ReaderOver reader(tried.editing->after());
  ntfs::Volume volume(reader);
  const uint64_t folder = volume.record_ranges(tried.prepared.folder.record)[0].offset;
  expect_new(tried, FindingKind::kNameWithoutEntry, tried.prepared.folder.record, [&](ByteVector& bytes) {
    change_record(bytes, folder, [&](MutableBytes record) {
      const ntfs::Record parsed = volume.read_record(tried.prepared.folder.record);
      parsed->for_each_attribute([&](const ntfs::Attribute& attribute) {
        if (attribute.type == ntfs::AttributeType::kFileName) record[attribute.offset + 0x18 + 0x42] = 'x';
      });
    });
  });
}

TEST_CASE("what $Reparse and $ObjId still list of a file that is gone is a finding", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (const char* what : {"compressed by CompactOS", "with an object ID"}) {
    INFO(what);
    Case tried(what);
    ByteVector after = tried.editing->after();
    ReaderOver then_reader(tried.editing->before), now_reader(tried.editing->after());
    ntfs::Volume then(then_reader), now(now_reader);
    // The index as it was: its root lies in the record of $Reparse or $ObjId.
    const MftReference extend = then.read_record(ntfs::system_record::kExtend)->reference();
    const bool reparse = std::string(what) == "compressed by CompactOS";
    const uint64_t record = then.find(extend, reparse ? u"$Reparse" : u"$ObjId")->reference.record;
    const uint64_t offset = then.record_ranges(record)[0].offset;
    std::copy_n(tried.editing->before.begin() + static_cast<ptrdiff_t>(offset), 1024,
                after.begin() + static_cast<ptrdiff_t>(offset));
    CHECK(has(tried.check(after), FindingKind::kBadIndex, tried.prepared.file.record));
    CHECK(tried.check(tried.editing->after()).empty());
  }
}
