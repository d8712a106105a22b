// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify.h"

#include "base/error.h"
#include "ntfs/fixup.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

const std::map<Act, std::string> kActs = {
    {Act::kRemove, "remove"}, {Act::kRename, "rename"}, {Act::kQuarantine, "quarantine"}};

}  // namespace

TEST_CASE("NW-1, NW-2, NW-3: every edit on every kind of file is explained to the last byte", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (const Format& format : {Format{8 << 20, 512, 512}, Format{8 << 20, 4096, 512},
                               Format{8 << 20, 4096, 4096}, Format{24 << 20, 65536, 512}}) {
    const uint32_t cluster_bytes = format.cluster_bytes;
    ByteVector empty = format_volume(format);
    for (const KindOfFile& kind : kinds_of_file()) {
      if (cluster_bytes > 4096 && kind.what == "compressed") continue;  // NTFS has none there
      const Prepared prepared = prepare(kind, empty);
      for (const auto& [act, name] : kActs) {
        if (cluster_bytes > 4096 && act == Act::kRename) continue;  // as on smaller clusters, and slow
        INFO(name << ": " << kind.what << ", clusters of " << cluster_bytes << ", sectors of "
                  << format.sector_bytes);
        Editing editing(prepared.bytes);
        carry_out(editing, prepared, kind, act);
        ntfs::VerifyReport report;
        CHECK_NOTHROW(report = editing.verify());
        CHECK(report.changed_bytes > 0);
        CHECK(std::find(report.records.begin(), report.records.end(), prepared.file.record) !=
              report.records.end());
        for (const ntfs::Finding& finding : editing.new_findings()) FAIL_CHECK(finding.what);
      }
    }
  }
}

namespace {

// A plan of one removal and one quarantine, carried out, for planting something wrong beside it.
struct Planted {
  Prepared prepared;
  MftReference neighbour;
  std::unique_ptr<Editing> editing;
};

Planted plant() {
  const std::vector<KindOfFile> kinds = kinds_of_file();
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [](const auto& k) { return k.what == "with a DOS name"; });
  Planted planted{prepare(*kind, format_volume({.size_bytes = 8 << 20}), 60), {}, nullptr};
  planted.editing = std::make_unique<Editing>(planted.prepared.bytes);
  ntfs::Volume volume(planted.editing->after_device);
  planted.neighbour = volume.find(planted.prepared.folder, u"C-00000299-neighbour.sys")->reference;
  MftReference other = volume.find(planted.prepared.folder, u"C-00000300-neighbour.sys")->reference;
  MftReference top = planted.editing->make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine");
  planted.editing->rename(other, planted.prepared.folder, u"C-00000300-neighbour.sys", top,
                          u"C-00000300-neighbour.sys");
  planted.editing->remove(planted.prepared.file, planted.prepared.folder, kind->name);
  planted.editing->finish();
  REQUIRE_NOTHROW(planted.editing->verify());
  return planted;
}

std::string refusal(Editing& editing, const ByteVector& after) {
  try {
    editing.verify(after);
  } catch (const Error& error) {
    CHECK((error.code() == ErrorCode::kRefused || error.code() == ErrorCode::kCorrupt));
    return std::string(error.id()) + ": " + error.what();
  }
  return "accepted";
}

// Changes a byte of a protected record or block as something that knows its trade would.
void poke(ByteVector& bytes, uint64_t block, size_t block_bytes, size_t offset, uint8_t flip) {
  MutableBytes whole = slice(MutableBytes(bytes), block, block_bytes);
  REQUIRE(ntfs::remove_fixups(whole) == ntfs::Protection::kIntact);
  whole[offset] = static_cast<uint8_t>(whole[offset] ^ flip);
  ntfs::apply_fixups(whole);
}

}  // namespace

TEST_CASE("NW-1: a bit of user data is refused and its owner is named", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  ByteVector after = planted.editing->after();
  MemoryDevice device(after);
  ntfs::Volume volume(device);
  auto data = volume.open(planted.neighbour).stream(ntfs::AttributeType::kData);
  uint64_t at = data->ranges(5000, 1)[0].offset;
  after[at] = static_cast<uint8_t>(after[at] ^ 1);
  std::string why = refusal(*planted.editing, after);
  CHECK(why.find("ntfs.verify.stray") != std::string::npos);
  CHECK(why.find("C-00000299-neighbour.sys") != std::string::npos);
}

TEST_CASE("NW-1: a byte of the deleted file's data, of a free cluster or behind the volume is refused",
          "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice then_device(planted.editing->before);
  ntfs::Volume then(then_device);
  auto data = then.open(planted.prepared.file).stream(ntfs::AttributeType::kData);
  uint64_t of_deleted = data->ranges(0, 1)[0].offset, of_free = 0;
  for (uint64_t lcn = then.geometry().cluster_count - 1; of_free == 0; --lcn)
    if (!then.cluster_bit(lcn)) of_free = then.cluster_offset(lcn);
  uint64_t backup_boot_sector = planted.editing->after().size() - 1;
  for (uint64_t at : {of_deleted, of_free, backup_boot_sector, uint64_t{5}}) {
    ByteVector after = planted.editing->after();
    after[at] = static_cast<uint8_t>(after[at] ^ 0x80);
    CHECK(refusal(*planted.editing, after).find("ntfs.verify.stray") != std::string::npos);
  }
}

TEST_CASE("NW-1: any byte of another file's record is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice device(planted.editing->after());
  ntfs::Volume volume(device);
  uint64_t record = volume.record_ranges(planted.neighbour.record)[0].offset;
  for (size_t offset : {0x08u, 0x16u, 0x50u, 0x100u, 0x3f0u}) {
    ByteVector after = planted.editing->after();
    poke(after, record, 1024, offset, 0x10);
    CHECK(refusal(*planted.editing, after).find("ntfs.verify.record.stray") != std::string::npos);
  }
}

namespace {

// Bytes of a record that say nothing, or that a repair sets: the update sequence, the next instance number,
// instance numbers, padding, the times of change, and in the end entry of an index what is unused there.
std::set<size_t> free_bytes(const ntfs::Record& record, bool in_use) {
  std::set<size_t> free;
  const auto add = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) free.insert(i);
  };
  add(0x30, 0x38);
  if (!in_use) return free;
  add(0x28, 0x2c);
  record->for_each_attribute([&](const ntfs::Attribute& attribute) {
    const size_t at = attribute.offset, end = at + attribute.whole.size();
    if (attribute.name_le.empty()) add(at + 0x0a, at + 0x0c);
    add(at + 0x0e, at + 0x10);
    if (attribute.resident) {
      const size_t value = at + static_cast<size_t>(attribute.value.data() - attribute.whole.data());
      add(at + 0x16, at + 0x18);  // the flag in it is judged, the bit tried here is not it
      add(value + attribute.value.size(), end);
      if (attribute.type == ntfs::AttributeType::kStandardInformation) add(value + 0x08, value + 0x18);
      if (attribute.type == ntfs::AttributeType::kIndexRoot) {
        add(value + 0x1d, value + 0x20);  // flags of the node but the first byte
        add(value + 0x20, value + 0x28), add(value + 0x2a, value + 0x2c);  // its end entry
        add(value + 0x2e, value + 0x30);
      }
    } else {
      add(at + 0x08, at + 0x09);
      add(at + 0x23, at + 0x28);
      add(end - 6, end);
    }
  });
  return free;
}

}  // namespace

TEST_CASE("NW-1: each byte of the records that the plan changes is judged", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice device(planted.editing->after());
  ntfs::Volume volume(device);
  for (uint64_t number : {planted.prepared.file.record, planted.prepared.folder.record, uint64_t{3}}) {
    uint64_t record = volume.record_ranges(number)[0].offset;
    const ntfs::Record parsed = volume.read_record(number);
    const std::set<size_t> free = free_bytes(parsed, parsed->in_use());
    ByteVector after = planted.editing->after();
    for (size_t offset = 0; offset < parsed->used_bytes() - 8; ++offset) {
      MutableBytes whole = slice(MutableBytes(after), record, 1024);
      REQUIRE(ntfs::remove_fixups(whole) == ntfs::Protection::kIntact);
      whole[offset] = static_cast<uint8_t>(whole[offset] ^ 0x20);
      ntfs::apply_fixups(whole);
      if (!free.contains(offset)) {
        INFO("record " << number << ", byte 0x" << std::hex << offset);
        CHECK(refusal(*planted.editing, after) != "accepted");
      }
      std::copy_n(planted.editing->after().begin() + static_cast<ptrdiff_t>(record), 1024, whole.begin());
    }
  }
}

TEST_CASE("NW-2: a bit of $Bitmap too many, too few or of somebody else is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice then_device(planted.editing->before), now_device(planted.editing->after());
  ntfs::Volume then(then_device), now(now_device);
  auto deleted =
      then.open(planted.prepared.file).stream(ntfs::AttributeType::kData)->ranges(0, 1)[0].offset / 4096;
  auto others =
      then.open(planted.neighbour).stream(ntfs::AttributeType::kData)->ranges(0, 1)[0].offset / 4096;
  uint64_t free = then.geometry().cluster_count - 1;
  while (then.cluster_bit(free)) --free;
  const std::map<uint64_t, std::string> expected = {
      {deleted, "ntfs.verify.bit.kept"}, {others, "ntfs.verify.bit.cleared"}, {free, "ntfs.verify.bit.set"}};
  for (const auto& [lcn, id] : expected) {
    ByteVector after = planted.editing->after();
    uint64_t at = now.cluster_bitmap().ranges(lcn / 8, 1)[0].offset;
    after[at] = static_cast<uint8_t>(after[at] ^ (1 << (lcn % 8)));
    CHECK(refusal(*planted.editing, after).find(id) != std::string::npos);
  }
}

TEST_CASE("NW-2: a bit of $MFT's bitmap too many, too few or of somebody else is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice now_device(planted.editing->after());
  ntfs::Volume now(now_device);
  uint64_t free = 24;
  while (now.record_bit(free) || free == planted.prepared.file.record) ++free;
  const std::map<uint64_t, std::string> expected = {{planted.prepared.file.record, "ntfs.verify.bit.kept"},
                                                    {planted.neighbour.record, "ntfs.verify.bit.cleared"},
                                                    {free, "ntfs.verify.bit.set"}};
  for (const auto& [record, id] : expected) {
    ByteVector after = planted.editing->after();
    uint64_t at = now.mft_bitmap().ranges(record / 8, 1)[0].offset;
    after[at] = static_cast<uint8_t>(after[at] ^ (1 << (record % 8)));
    CHECK(refusal(*planted.editing, after).find(id) != std::string::npos);
  }
}

TEST_CASE("NW-3: an entry of another file that changes, or goes, is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice device(planted.editing->after());
  ntfs::Volume volume(device);
  auto blocks = volume.open(planted.prepared.folder).stream(ntfs::AttributeType::kIndexAllocation, u"$I30");
  REQUIRE(blocks.has_value());
  REQUIRE(blocks->size_bytes() >= 2 * 4096);
  size_t judged = 0;
  for (uint64_t number = 0; number < blocks->size_bytes() / 4096; ++number) {
    uint64_t block = blocks->ranges(number * 4096, 4096)[0].offset;
    // First entry behind the head of 0x18 + 0x28: its reference, a time in its key, and its length.
    for (size_t offset : {0x40u + 0x00u, 0x40u + 0x10u + 0x08u, 0x40u + 0x10u + 0x42u, 0x40u + 0x08u}) {
      ByteVector after = planted.editing->after();
      poke(after, block, 4096, offset, 0x08);
      std::string why = refusal(*planted.editing, after);
      INFO(why);
      CHECK(why != "accepted");
      ++judged;
    }
  }
  CHECK(judged > 4);
}

TEST_CASE("NW-1: $MFTMirr out of step with $MFT is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice device(planted.editing->after());
  ntfs::Volume volume(device);
  uint64_t mirror = volume.cluster_offset(volume.geometry().mirror_lcn);
  for (uint64_t offset : {uint64_t{3 * 1024 + 0x40}, uint64_t{0x40}}) {
    ByteVector after = planted.editing->after();
    after[mirror + offset] = static_cast<uint8_t>(after[mirror + offset] ^ 1);
    CHECK(refusal(*planted.editing, after).find("ntfs.verify.mirror") != std::string::npos);
  }
}

TEST_CASE("NW-1: volume flags other than planned are refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  MemoryDevice device(planted.editing->after());
  {
    ntfs3g::Volume volume(device);
    volume.set_volume_flags(1);
    volume.close();
  }
  CHECK(refusal(*planted.editing, device.bytes).find("ntfs.verify.file.value") != std::string::npos);
}

TEST_CASE("NW-3: an edit that the plan does not name, or that was not made, is refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Planted planted = plant();
  SECTION("one removal more") {
    MemoryDevice device(planted.editing->after());
    ntfs3g::Volume volume(device);
    volume.remove(planted.prepared.folder, u"C-00000299-neighbour.sys");
    volume.close();
    CHECK(refusal(*planted.editing, device.bytes) != "accepted");
  }
  SECTION("one removal less") {
    Editing& editing = *planted.editing;
    editing.edits.push_back({.kind = ntfs::PlannedEdit::Kind::kRemove,
                             .file = planted.neighbour,
                             .parent = planted.prepared.folder,
                             .name = u"C-00000299-neighbour.sys"});
    CHECK(refusal(editing, editing.after()) != "accepted");
  }
  SECTION("nothing at all") {
    CHECK(refusal(*planted.editing, planted.editing->before) != "accepted");
  }
}
