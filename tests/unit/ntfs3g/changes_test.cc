// SPDX-License-Identifier: GPL-3.0-or-later
// The change journal: what the edits append to it, read back by a parser of its own, and what verification
// makes of anything else.
#include "base/error.h"
#include "ntfs/fixup.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint32_t kArchive = 0x20;
constexpr uint64_t kOldTime = 133'000'000'000'000'000;

struct Seen {
  uint64_t usn, file, parent;
  uint32_t reason, attributes;
  std::u16string name;
  bool operator==(const Seen&) const = default;
};

ByteVector record(const Seen& seen) {
  ByteVector bytes(60);
  const ByteVector name = utf16_to_le(seen.name);
  bytes.insert(bytes.end(), name.begin(), name.end());
  while (bytes.size() % 8 != 0) bytes.push_back(0);
  write_le<uint32_t>(bytes, 0, static_cast<uint32_t>(bytes.size()));
  bytes[4] = 2;
  write_le<uint64_t>(bytes, 8, seen.file);
  write_le<uint64_t>(bytes, 16, seen.parent);
  write_le<uint64_t>(bytes, 24, seen.usn);
  write_le<uint64_t>(bytes, 32, kOldTime);
  write_le<uint32_t>(bytes, 40, seen.reason);
  write_le<uint32_t>(bytes, 52, seen.attributes);
  write_le<uint16_t>(bytes, 56, static_cast<uint16_t>(name.size()));
  bytes[58] = 60;
  return bytes;
}

// Records of 80 bytes (a name of 10 units) up to `size` bytes; the rest of a page that holds no more is
// zeros.
ByteVector old_records(uint64_t start, size_t size) {
  ByteVector bytes;
  while (bytes.size() < size) {
    const uint64_t usn = start + bytes.size();
    if (usn % kPage > kPage - 80) {
      bytes.resize(bytes.size() + static_cast<size_t>(kPage - usn % kPage));
      continue;
    }
    const size_t left = size - bytes.size();
    const size_t units = left < 160 ? (left - 60) / 2 : 10;
    const ByteVector one =
        record({usn, 0x1000000000040, 0x5000000000005, 0x100, kArchive, std::u16string(units, u'n')});
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  REQUIRE(bytes.size() == size);
  return bytes;
}

// All records from `start` on, with the checks that any reader makes.
std::vector<Seen> read_records(const ByteVector& journal, uint64_t start) {
  std::vector<Seen> seen;
  for (uint64_t at = start; at < journal.size();) {
    const Bytes bytes = Bytes(journal).subspan(static_cast<size_t>(at));
    const uint32_t length = read_le<uint32_t>(bytes, 0);
    if (length == 0) {
      const uint64_t next = align_up(at, kPage);
      REQUIRE(next > at);
      REQUIRE(next < journal.size());
      REQUIRE(all_zero(bytes.first(static_cast<size_t>(next - at))));
      at = next;
      continue;
    }
    REQUIRE(length % 8 == 0);
    REQUIRE(at / kPage == (at + length - 1) / kPage);
    REQUIRE(read_le<uint32_t>(bytes, 4) == 2);
    REQUIRE(read_le<uint16_t>(bytes, 58) == 60);
    CHECK(read_le<uint64_t>(bytes, 32) == 133'500'000'000'000'000);
    CHECK(read_le<uint64_t>(bytes, 44) == 0);  // source, security id
    Seen one{read_le<uint64_t>(bytes, 24), read_le<uint64_t>(bytes, 8),
             read_le<uint64_t>(bytes, 16), read_le<uint32_t>(bytes, 40),
             read_le<uint32_t>(bytes, 52), utf16_from_le(slice(bytes, 60, read_le<uint16_t>(bytes, 56)))};
    CHECK(one.usn == at);
    seen.push_back(one);
    at += length;
  }
  return seen;
}

struct Shape {
  uint64_t hole;
  size_t records;
  uint64_t spare;
};
// Young, with clusters in store; behind a hole; a page that has no room left; one that ends exactly; a hole
// and clusters in store.
const Shape kShapes[] = {{0, 4080, 1 << 16},
                         {1 << 20, 240, 0},
                         {1 << 20, 4080, 0},
                         {1 << 20, 8192, 0},
                         {1 << 20, 4096 + 160, 1 << 16}};

struct Journaled {
  Prepared prepared;
  KindOfFile kind;
  MftReference journal;
  uint64_t next_usn = 0;
};

Journaled journaled(const KindOfFile& kind, const Format& format, const Shape& shape, size_t streams = 0) {
  Journaled made{prepare(kind, format_volume(format), 12), kind, {}, shape.hole + shape.records};
  MemoryDevice device(std::move(made.prepared.bytes));
  Filler filler(device);
  made.journal = filler.change_journal(shape.hole, old_records(shape.hole, shape.records), shape.spare);
  if (streams != 0) filler.spread(made.journal, streams);
  filler.close();
  made.prepared.bytes = std::move(device.bytes);
  return made;
}

KindOfFile kind_named(const std::string& what) {
  for (const KindOfFile& kind : kinds_of_file())
    if (kind.what == what) return kind;
  FAIL("no kind " << what);
  return {};
}

struct JournalState {
  ByteVector bytes;
  uint64_t allocated = 0, real_clusters = 0;
};
JournalState journal_of(const ByteVector& disk, MftReference journal) {
  ReaderOver reader(disk);
  ntfs::Volume volume(reader);
  auto stream = volume.open(journal).stream(ntfs::AttributeType::kData, u"$J");
  REQUIRE(stream.has_value());
  CHECK(stream->initialised_bytes() == stream->size_bytes());
  CHECK(stream->sparse() == (stream->size_bytes() >= 1 << 20));
  return {stream->read_bytes(0, stream->size_bytes()), stream->allocated_bytes(),
          ntfs::allocated_clusters(stream->runs())};
}

uint64_t usn_of(const ByteVector& disk, MftReference file) {
  ReaderOver reader(disk);
  ntfs::Volume volume(reader);
  const ntfs::File opened = volume.open(file);
  const Bytes value = opened.find(ntfs::AttributeType::kStandardInformation)->value;
  return value.size() < 0x48 ? 0 : read_le<uint64_t>(value, 0x40);
}

// Carries the act out and proves all that is the same for every act. Returns what was appended.
std::vector<Seen> append_by(const Journaled& made, Act act, ByteVector& after) {
  const JournalState then = journal_of(made.prepared.bytes, made.journal);
  Editing editing(made.prepared.bytes);
  carry_out(editing, made.prepared, made.kind, act);
  REQUIRE_NOTHROW(editing.verify());
  for (const ntfs::Finding& finding : editing.new_findings()) FAIL_CHECK(finding.what);
  after = editing.after();
  judge(after);
  const JournalState now = journal_of(after, made.journal);
  CHECK(equal(slice(Bytes(now.bytes), 0, then.bytes.size()), then.bytes));
  const uint64_t cluster = ntfs::read_geometry(*std::make_unique<ReaderOver>(after)).cluster_bytes;
  CHECK(now.allocated == std::max(then.allocated, align_up(now.bytes.size(), cluster)));
  CHECK(now.real_clusters - then.real_clusters == (now.allocated - then.allocated) / cluster);
  std::vector<Seen> seen = read_records(now.bytes, made.next_usn);
  // The next repair finds a journal that it can go on with.
  ReaderOver reader(after);
  ntfs::Volume volume(reader);
  const auto again = ntfs::find_change_journal(volume, 0);
  REQUIRE(again.has_value());
  CHECK(again->next_usn == now.bytes.size());
  return seen;
}

using namespace ntfs::change_reason;

}  // namespace

TEST_CASE("NW-5: each edit appends the records that Windows would, whatever the journal's end", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const KindOfFile kind = kind_named("with a DOS name");
  for (const Format& format :
       {Format{16 << 20, 512, 512}, Format{16 << 20, 4096, 512}, Format{24 << 20, 65536, 512}}) {
    for (const Shape& shape : kShapes) {
      if (format.cluster_bytes > 4096 && shape.spare == 0 && shape.records != 4080) continue;
      for (const Act act : {Act::kRemove, Act::kRename, Act::kQuarantine}) {
        INFO("clusters of " << format.cluster_bytes << ", " << shape.hole << " + " << shape.records << " + "
                            << shape.spare << " bytes, act " << static_cast<int>(act));
        const Journaled made = journaled(kind, format, shape);
        ByteVector after;
        const std::vector<Seen> seen = append_by(made, act, after);
        const uint64_t file = made.prepared.file.pack(), folder = made.prepared.folder.pack();
        std::vector<Seen> wanted;
        if (act == Act::kRemove) {
          wanted = {{0, file, folder, kFileDelete | kClose, kArchive, kind.name}};
        } else if (act == Act::kRename) {
          const std::u16string name = u"renamed, and longer.sys.bak";
          wanted = {{0, file, folder, kRenameOldName, kArchive, kind.name},
                    {0, file, folder, kRenameNewName, kArchive, name},
                    {0, file, folder, kRenameNewName | kClose, kArchive, name}};
        } else {
          REQUIRE(seen.size() == 7);
          const uint64_t top = seen[0].file, run = seen[2].file, root = ntfs::kRootDirectory.pack();
          const std::u16string run_name = u"20240719T100000Z-0011223344556677";
          wanted = {{0, top, root, kFileCreate, 0x10 | kArchive, u"Mendstick.quarantine"},
                    {0, top, root, kFileCreate | kClose, 0x10 | kArchive, u"Mendstick.quarantine"},
                    {0, run, top, kFileCreate, 0x10 | kArchive, run_name},
                    {0, run, top, kFileCreate | kClose, 0x10 | kArchive, run_name},
                    {0, file, folder, kRenameOldName, kArchive, kind.name},
                    {0, file, run, kRenameNewName, kArchive, kind.name},
                    {0, file, run, kRenameNewName | kClose, kArchive, kind.name}};
        }
        REQUIRE(seen.size() == wanted.size());
        for (size_t i = 0; i < seen.size(); ++i) {
          wanted[i].usn = seen[i].usn;
          INFO(to_utf8(seen[i].name) << " " << seen[i].attributes << " " << seen[i].reason);
          CHECK(seen[i] == wanted[i]);
        }
      }
    }
  }
}

TEST_CASE("NW-5: every kind of file is recorded, and what is left of it has the USN of its last record",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const KindOfFile& kind : kinds_of_file()) {
    for (const Act act : {Act::kRemove, Act::kQuarantine}) {
      INFO(kind.what << ", act " << static_cast<int>(act));
      Journaled made = journaled(kind, {16 << 20, 4096, 512}, {1 << 20, 3600, 0});
      // The longer form of $STANDARD_INFORMATION, as Windows gives every file.
      MemoryDevice device(std::move(made.prepared.bytes));
      Filler filler(device);
      filler.with(made.prepared.file, [](Inode& inode) {
        ntfs_attr* information = ntfs_attr_open(inode.get(), AT_STANDARD_INFORMATION, AT_UNNAMED, 0);
        REQUIRE(ntfs_attr_truncate(information, 0x48) == 0);
        ntfs_attr_close(information);
        ntfs3g::set_state(inode.get()->state, NI_v3_Extensions);
      });
      filler.close();
      made.prepared.bytes = std::move(device.bytes);
      ByteVector after;
      const std::vector<Seen> seen = append_by(made, act, after);
      REQUIRE(!seen.empty());
      CHECK(seen.back().file == made.prepared.file.pack());
      ReaderOver reader(after);
      ntfs::Volume volume(reader);
      if (volume.record_bit(made.prepared.file.record)) {
        CHECK(usn_of(after, made.prepared.file) == seen.back().usn);
        if (act == Act::kRemove) CHECK(seen.back().reason == (kHardLinkChange | kClose));
      } else {
        CHECK(seen.back().reason == (kFileDelete | kClose));
      }
    }
  }
}

TEST_CASE("NW-5: a journal whose stream $J lies in an extension record grows as well", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const size_t streams : {20u, 130u}) {
    for (const Shape& shape : kShapes) {
      INFO(streams << " streams, " << shape.records << " bytes of records");
      const Journaled made = journaled(kind_named("with a DOS name"), {16 << 20, 512, 512}, shape, streams);
      {
        ReaderOver reader(made.prepared.bytes);
        ntfs::Volume volume(reader);
        REQUIRE(volume.open(made.journal).has_attribute_list());
      }
      ByteVector after;
      CHECK(append_by(made, Act::kQuarantine, after).size() == 7);
    }
  }
}

TEST_CASE("NW-5: a journal of Windows 10, with records of two versions, is carried on", "[ntfs3g]") {
  const std::string extract = "../shared/data/logs/usnjrnlj.bin";
  if (!need_program("mkntfs") || !need_data(extract)) return;
  std::ifstream in(extract, std::ios::binary);
  const ByteVector windows(std::istreambuf_iterator<char>(in), {});
  const KindOfFile kind = kind_named("with a DOS name");
  Journaled made{prepare(kind, format_volume({16 << 20, 4096, 512}), 12), kind, {}, windows.size()};
  MemoryDevice device(std::move(made.prepared.bytes));
  Filler filler(device);
  made.journal = filler.change_journal(0, windows, 1 << 16);
  filler.close();
  made.prepared.bytes = std::move(device.bytes);
  ByteVector after;
  CHECK(append_by(made, Act::kQuarantine, after).size() == 7);
}

TEST_CASE("A record that is cut short anywhere is no record", "[ntfs]") {
  const ByteVector whole = record({0, 1, 2, kFileDelete, kArchive, u"ten units!"});
  CHECK(ntfs::ChangeRecord::parse(whole).change.name == u"ten units!");
  for (size_t length = 0; length < whole.size(); ++length)
    CHECK_THROWS_AS(ntfs::ChangeRecord::parse(Bytes(whole).first(length)), Error);
}

TEST_CASE("A journal that would not stay sparse is refused", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const Journaled made = journaled(kind_named("with a DOS name"), {16 << 20, 4096, 512}, {0, 0, 0});
  Editing editing(made.prepared.bytes);
  editing.rename(made.prepared.file, made.prepared.folder, made.kind.name, made.prepared.folder,
                 u"other.sys");
  try {
    editing.finish();
    FAIL("it was extended");
  } catch (const Error& error) {
    CHECK(std::string(error.id()) == "ntfs3g.changes.sparse");
  }
}

namespace {

std::string refusal(Editing& editing, const ByteVector& after) {
  try {
    editing.verify(after);
  } catch (const Error& error) {
    return error.id();
  }
  return "accepted";
}

void flip(ByteVector& bytes, uint64_t at, uint8_t mask) {
  bytes[static_cast<size_t>(at)] = static_cast<uint8_t>(bytes[static_cast<size_t>(at)] ^ mask);
}

}  // namespace

TEST_CASE("NW-5: each byte behind the journal's old end is judged, and none before it may change",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const Journaled made =
      journaled(kind_named("with a DOS name"), {16 << 20, 4096, 512}, {1 << 20, 3920, 4096});
  Editing editing(made.prepared.bytes);
  carry_out(editing, made.prepared, made.kind, Act::kQuarantine);
  REQUIRE_NOTHROW(editing.verify());
  ReaderOver reader(editing.after());
  ntfs::Volume volume(reader);
  auto stream = volume.open(made.journal).stream(ntfs::AttributeType::kData, u"$J");
  size_t record = 0, times = 0;
  for (uint64_t at = made.next_usn - 80; at < align_up(stream->size_bytes(), kPage); ++at) {
    ByteVector after = editing.after();
    flip(after, stream->ranges(at, 1)[0].offset, 0x11);
    const std::string id = refusal(editing, after);
    INFO("byte " << at - made.next_usn << ": " << id);
    if (at < made.next_usn) {
      CHECK(id == "ntfs.verify.stray");
      continue;
    }
    if (at % kPage == 0 || at == made.next_usn) record = at;
    const uint64_t within = at - record;
    const bool of_record =
        at < stream->size_bytes() && read_le<uint32_t>(stream->read_bytes(record, 8), 0) != 0;
    const uint32_t length = of_record ? read_le<uint32_t>(stream->read_bytes(record, 8), 0) : 0;
    if (of_record && within >= 32 && within < 40) {
      CHECK(id == "accepted");
      ++times;
    } else {
      CHECK(id != "accepted");
    }
    if (of_record && within + 1 == length) record = at + 1;
  }
  CHECK(times == 7 * 8);
}

TEST_CASE("NW-5: a journal that was changed without the plan, or otherwise than it says, is refused",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const Journaled made = journaled(kind_named("with a DOS name"), {16 << 20, 4096, 512}, {1 << 20, 240, 0});
  Editing editing(made.prepared.bytes);
  carry_out(editing, made.prepared, made.kind, Act::kRename);
  REQUIRE_NOTHROW(editing.verify());
  const auto of_journal = [](const ntfs::PlannedEdit& edit) {
    return edit.kind == ntfs::PlannedEdit::Kind::kChangeJournal;
  };
  SECTION("it is not in the plan") {
    std::erase_if(editing.edits, of_journal);
    CHECK(refusal(editing, editing.after()) != "accepted");
  }
  SECTION("the plan has it, and nothing was appended") {
    Editing silent(made.prepared.bytes);
    silent.rename(made.prepared.file, made.prepared.folder, made.kind.name, made.prepared.folder,
                  u"other.sys");
    silent.finish();
    const MemoryDevice both(silent.after());
    Editing other(made.prepared.bytes);
    other.edits = silent.edits;
    CHECK(refusal(other, made.prepared.bytes) != "accepted");
  }
  SECTION("the plan has one edit more") {
    const auto at = std::find_if(editing.edits.begin(), editing.edits.end(), of_journal);
    ntfs::PlannedEdit more = editing.edits.front();
    more.name = more.new_name, more.new_name = u"again.sys";
    editing.edits.insert(at, more);
    CHECK(refusal(editing, editing.after()) != "accepted");
  }
  SECTION("a stream of the journal's file changed") {
    ReaderOver reader(editing.after());
    ntfs::Volume volume(reader);
    const uint64_t place = volume.record_ranges(made.journal.record)[0].offset;
    size_t judged = 0;
    const ntfs::Record record = volume.read_record(made.journal.record);
    record->for_each_attribute([&](const ntfs::Attribute& attribute) {
      if (attribute.type != ntfs::AttributeType::kData) return;
      const size_t last = attribute.resident
                              ? static_cast<size_t>(attribute.value.data() - attribute.whole.data())
                              : size_t{0x28};
      const size_t end = last + (attribute.resident ? attribute.value.size() : 0x20);
      for (size_t at = attribute.offset + last; at < attribute.offset + end; ++at) {
        ByteVector after = editing.after();
        MutableBytes whole = slice(MutableBytes(after), place, 1024);
        REQUIRE(ntfs::remove_fixups(whole) == ntfs::Protection::kIntact);
        whole[at] = static_cast<uint8_t>(whole[at] ^ 0x08);
        ntfs::apply_fixups(whole);
        INFO("byte " << at - attribute.offset << " of " << to_utf8(attribute.name()));
        CHECK(refusal(editing, after) != "accepted");
        ++judged;
      }
    });
    CHECK(judged == 64);
  }
}

TEST_CASE("NCJ-1: a journal in doubt is left alone", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto find = [](const ByteVector& bytes, uint16_t flags = 0) -> std::string {
    ReaderOver reader(bytes);
    ntfs::Volume volume(reader);
    try {
      return ntfs::find_change_journal(volume, flags) ? "found" : "none";
    } catch (const Error& error) {
      const bool says = std::string(error.what()).find("left as it is") != std::string::npos;
      CHECK((says ? error.code() == ErrorCode::kUnsupported : error.code() == ErrorCode::kCorrupt));
      return error.id();
    }
  };
  CHECK(find(format_volume({.size_bytes = 8 << 20})) == "none");
  const Journaled made = journaled(kind_named("with a DOS name"), {16 << 20, 4096, 512}, {1 << 20, 240, 0});
  const ByteVector& good = made.prepared.bytes;
  CHECK(find(good) == "found");
  CHECK(find(good, 0x0010) == "ntfs.changes.deleting");
  ReaderOver reader(good);
  ntfs::Volume volume(reader);
  auto stream = volume.open(made.journal).stream(ntfs::AttributeType::kData, u"$J");
  const uint64_t page = stream->ranges(1 << 20, 1)[0].offset;
  const auto with = [&](const std::function<void(ByteVector&)>& change) {
    ByteVector bytes = good;
    change(bytes);
    return find(bytes);
  };
  for (const uint64_t at : {0u, 80u + 24u, 160u + 1u, 160u + 25u})
    CHECK(with([&](ByteVector& bytes) { flip(bytes, page + at, 0x40); }) == "ntfs.changes.page");
  for (const uint64_t at : {4u, 160u + 4u})
    CHECK(with([&](ByteVector& bytes) { flip(bytes, page + at, 0x01); }) == "ntfs.changes.version");
  const auto with_record = [&](uint64_t offset, uint8_t mask) {
    ByteVector bytes = good;
    MutableBytes whole =
        slice(MutableBytes(bytes), volume.record_ranges(made.journal.record)[0].offset, 1024);
    REQUIRE(ntfs::remove_fixups(whole) == ntfs::Protection::kIntact);
    whole[static_cast<size_t>(offset)] = static_cast<uint8_t>(whole[static_cast<size_t>(offset)] ^ mask);
    ntfs::apply_fixups(whole);
    return find(bytes);
  };
  const ntfs::File file = volume.open(made.journal);
  const ntfs::Attribute *changes = file.find(ntfs::AttributeType::kData, u"$J"),
                        *limits = file.find(ntfs::AttributeType::kData, u"$Max");
  CHECK(with_record(changes->offset + 0x30, 0x08) == "ntfs.changes.size");
  CHECK(with_record(changes->offset + 0x38, 0x08) == "ntfs.stream.sizes");
  const auto value = static_cast<uint64_t>(limits->value.data() - limits->whole.data());
  CHECK(with_record(limits->offset + value + 0x1d, 0x01) == "ntfs.changes.limits");
  CHECK(with_record(limits->offset + value + 0x03, 0x02) == "ntfs.changes.limits");
  // As a hole ends it.
  const Journaled hollow = journaled(kind_named("with a DOS name"), {16 << 20, 4096, 512}, {1 << 20, 0, 0});
  CHECK(find(hollow.prepared.bytes) == "ntfs.changes.hole");
}
