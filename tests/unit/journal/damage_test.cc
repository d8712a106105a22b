// SPDX-License-Identifier: GPL-3.0-or-later
// Damaged journals: every bit, every length, every field; and that nothing is written by them.
#include "journal/format.h"
#include "tests/unit/journal/fixture.h"

namespace mend::journal {
namespace {

// What becomes of the disk when a file is taken for the journal of an interrupted commit.
enum class Fate { kRefused, kNothing, kForward };

// Resume and undo, over the disk half-way. Whatever the journal says, the disk is whole in the end, or as it
// was.
Fate try_file(Fixture& f, const ByteVector& file, const ByteVector& half_way) {
  Fate fate = Fate::kRefused;
  for (const bool forward : {true, false}) {
    f.put("tried.undo", file);
    test::MemoryDevice disk(half_way);
    try {
      Journal journal = f.open("tried.undo");
      const Result result =
          forward ? resume(journal, disk, f.request.target) : undo(journal, disk, f.request.target);
      if (result.outcome == Outcome::kNothingWritten) {
        fate = Fate::kNothing;
        REQUIRE(disk.bytes == half_way);
      } else {
        fate = Fate::kForward;
        REQUIRE(result.outcome == (forward ? Outcome::kCommitted : Outcome::kUndone));
        REQUIRE(disk.bytes == (forward ? f.after : f.before));
      }
    } catch (const Error& error) {
      REQUIRE((error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported));
      REQUIRE(std::string(error.what()).size() > 20);
      REQUIRE(disk.bytes == half_way);
    }
  }
  return fate;
}

// The dirty flag set, one of the edits written.
ByteVector half_way(const Fixture& f) {
  ByteVector bytes = f.before;
  const auto put = [&](const block::StageImages& stage, uint64_t offset) {
    const ByteVector& image = stage.blocks.at(offset);
    std::copy(image.begin(), image.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
  };
  put(f.stages[0], 4096);
  put(f.stages[1], Fixture::kEdit);
  return bytes;
}

TEST_CASE("J-5: a flipped bit anywhere is found, or is in one of the two marks and does no harm",
          "[journal]") {
  Fixture f;
  const ByteVector whole = f.valid_file();
  const ByteVector disk = half_way(f);
  REQUIRE(try_file(f, whole, disk) == Fate::kForward);
  std::mt19937_64 random(5);
  for (size_t at = 0; at < whole.size(); ++at) {
    // Every byte; all bits where the structure is dense.
    const bool dense = at % 4096 < 0x100 && at < format::kTableOffset + 4096;
    for (unsigned bit = dense ? 0 : static_cast<unsigned>(random() % 8); bit < 8; bit += dense ? 1 : 8) {
      if (!dense && at % 7 != 0) continue;
      ByteVector damaged = whole;
      damaged[at] = static_cast<uint8_t>(damaged[at] ^ (1u << bit));
      CAPTURE(at, bit);
      // One damaged mark leaves the other, and both are valid.
      REQUIRE(try_file(f, damaged, disk) == (at < format::kHeaderOffset ? Fate::kForward : Fate::kRefused));
    }
  }
}

TEST_CASE("J-5: a journal cut short at any length is refused, or holds nothing", "[journal]") {
  Fixture f;
  const ByteVector whole = f.valid_file();
  const ByteVector disk = half_way(f);
  for (size_t length = 0; length < whole.size(); length += length < 0x4100 ? 1 : 97) {
    CAPTURE(length);
    const ByteVector cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    REQUIRE(try_file(f, cut, disk) == (length == 0 ? Fate::kNothing : Fate::kRefused));
  }
  ByteVector longer = whole;
  longer.push_back(0);
  REQUIRE(try_file(f, longer, disk) == Fate::kRefused);
  longer.resize(whole.size() + 4096);
  REQUIRE(try_file(f, longer, disk) == Fate::kRefused);
}

TEST_CASE("Two damaged marks are an error, not an empty journal", "[journal]") {
  Fixture f;
  const ByteVector disk = half_way(f);
  ByteVector damaged = f.valid_file();
  damaged[0x20] ^= 1;
  damaged[0x1020] ^= 1;
  CHECK(try_file(f, damaged, disk) == Fate::kRefused);
  std::fill_n(damaged.begin(), 4096, uint8_t{0});  // one of them zeros
  CHECK(try_file(f, damaged, disk) == Fate::kRefused);
  std::fill_n(damaged.begin() + 4096, 4096, uint8_t{0});  // both: a creation that was cut
  CHECK(try_file(f, damaged, disk) == Fate::kNothing);
}

TEST_CASE("The marks of another journal are refused", "[journal]") {
  Fixture f, other;
  const ByteVector disk = half_way(f);
  const ByteVector whole = f.valid_file(), foreign = other.valid_file();
  const auto with = [&](size_t from, size_t to) {
    ByteVector mixed = whole;
    std::copy(foreign.begin() + static_cast<ptrdiff_t>(from), foreign.begin() + static_cast<ptrdiff_t>(to),
              mixed.begin() + static_cast<ptrdiff_t>(from));
    return try_file(f, mixed, disk);
  };
  CHECK(with(0, 4096) == Fate::kRefused);
  CHECK(with(4096, 8192) == Fate::kRefused);
  CHECK(with(0, 8192) == Fate::kRefused);
  CHECK(with(8192, 12288) == Fate::kRefused);
}

// A file whose digests are all right, with other contents: what only a hostile writer makes.
struct Forger {
  explicit Forger(const ByteVector& file)
      : bytes(file), header(format::decode_header(unit(format::kHeaderOffset))) {
    const uint64_t size = format::table_bytes(header.entry_count);
    entries = format::decode_table(slice(Bytes(bytes), format::kTableOffset, size), header);
  }
  Bytes unit(uint64_t offset) const { return slice(Bytes(bytes), offset, format::kUnit); }
  ByteVector forged() {
    ByteVector out = bytes;
    const ByteVector table = format::encode(entries);
    header.table_digest = crypto::sha256(table);
    const ByteVector encoded = format::encode(header);
    format::Mark mark = format::decode_mark(unit(0)).mark;
    mark.header_digest = format::header_digest(encoded);
    const ByteVector marked = format::encode(mark);
    const auto put = [&](uint64_t offset, const ByteVector& data) {
      if (out.size() < offset + data.size()) out.resize(static_cast<size_t>(offset + data.size()));
      std::copy(data.begin(), data.end(), out.begin() + static_cast<ptrdiff_t>(offset));
    };
    put(0, marked);
    mark.sequence = 2;
    put(4096, format::encode(mark));
    put(format::kHeaderOffset, encoded);
    put(format::kTableOffset, table);
    return out;
  }
  ByteVector bytes;
  format::Header header;
  std::vector<format::Entry> entries;
};

TEST_CASE("W-2: a forged table with right checksums cannot lead outside the volume", "[journal]") {
  Fixture f;
  const ByteVector whole = f.valid_file(), disk = half_way(f);
  const auto fate_of = [&](auto change) {
    Forger forger(whole);
    change(forger);
    return try_file(f, forger.forged(), disk);
  };
  using Entry = format::Entry;
  const auto entry_fate = [&](size_t index, auto change) {
    return fate_of([&](Forger& forger) { change(forger.entries.at(index)); });
  };
  REQUIRE(fate_of([](Forger&) {}) == Fate::kForward);
  const size_t first_new = 4, last = Forger(whole).entries.size() - 1;
  for (const size_t index : {size_t{0}, first_new}) {
    CAPTURE(index);
    CHECK(entry_fate(index, [](Entry& e) { e.disk_offset = 0; }) == Fate::kRefused);  // before the partition
    CHECK(entry_fate(index, [](Entry& e) { e.disk_offset += 512; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.disk_offset = 1 << 20; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.disk_offset = UINT64_MAX - 4095; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.disk_offset = 6 * 4096; }) == Fate::kRefused);  // unpaired
    CHECK(entry_fate(index, [](Entry& e) { e.length = 512; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.length = 0; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.length = UINT32_MAX; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.data_offset = 0; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.data_offset = UINT64_MAX; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.data_offset += 4096; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.kind = 10; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.kind = format::kWitness; }) == Fate::kRefused);
    CHECK(entry_fate(index, [](Entry& e) { e.sha256[0] ^= 1; }) == Fate::kRefused);
  }
  CHECK(entry_fate(last, [](Entry& e) { e.disk_offset = Fixture::kEdit; }) == Fate::kRefused);
  CHECK(entry_fate(last, [](Entry& e) { e.data_offset = 0x4000; }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) { std::swap(g.entries[0], g.entries[1]); }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) { g.entries[1] = g.entries[0]; }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) {
          g.entries.clear();
          g.header.entry_count = 0;
        }) == Fate::kRefused);
  for (const uint32_t count : {0u, 1u, 9u, 1000u, 0x7FFFFFFFu, UINT32_MAX}) {
    CAPTURE(count);
    CHECK(fate_of([&](Forger& g) { g.header.entry_count = count; }) == Fate::kRefused);
  }
  for (const uint32_t bytes : {0u, 1u, 512u, 4095u, 8192u, 1u << 25, UINT32_MAX}) {
    CAPTURE(bytes);
    CHECK(fate_of([&](Forger& g) { g.header.block_bytes = bytes; }) == Fate::kRefused);
  }
  CHECK(fate_of([](Forger& g) { g.header.file_bytes = UINT64_MAX; }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) { g.header.target.partition_size = UINT64_MAX; }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) { g.header.target.partition_offset = UINT64_MAX; }) == Fate::kRefused);
  CHECK(fate_of([](Forger& g) { g.header.id[0] ^= 1; }) == Fate::kRefused);
}

TEST_CASE("A journal of a later version is left to the program that made it", "[journal]") {
  Fixture f;
  for (const size_t at : {size_t{0x08}, size_t{0x0C}}) {
    ByteVector unit = f.valid_file();
    unit.erase(unit.begin(), unit.begin() + format::kHeaderOffset);
    unit.resize(4096);
    unit[at] = 9;
    const auto digest = format::header_digest(unit);
    std::copy(digest.begin(), digest.end(), unit.begin() + 0xFE0);
    try {
      format::decode_header(unit);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUnsupported);
      CHECK(std::string(error.what()).find('9') != std::string::npos);
    }
  }
  // Features that may be ignored, are.
  ByteVector file = f.valid_file();
  Forger forger(file);
  ByteVector forged = forger.forged();
  forged[format::kHeaderOffset + 0x10] = 1;
  const auto digest = format::header_digest(slice(Bytes(forged), format::kHeaderOffset, 4096));
  std::copy(digest.begin(), digest.end(), forged.begin() + format::kHeaderOffset + 0xFE0);
  CHECK_NOTHROW(format::decode_header(slice(Bytes(forged), format::kHeaderOffset, 4096)));
}

TEST_CASE("R-2: bytes where zeros belong are refused, though the checksum is right", "[journal]") {
  Fixture f;
  const ByteVector file = f.valid_file();
  ByteVector unit(file.begin() + format::kHeaderOffset, file.begin() + format::kHeaderOffset + 4096);
  unit[0xF00] = 1;
  auto digest = format::header_digest(unit);
  std::copy(digest.begin(), digest.end(), unit.begin() + 0xFE0);
  CHECK(id_of([&] { format::decode_header(unit); }) == "journal.header.form");

  Forger forger(file);
  ByteVector table = format::encode(forger.entries);
  table[0x18] = 1;  // reserved, of the first entry
  forger.header.table_digest = crypto::sha256(table);
  CHECK(id_of([&] { format::decode_table(table, forger.header); }) == "journal.table.form");
  table[0x18] = 0;
  table.back() = 1;  // after the last entry
  forger.header.table_digest = crypto::sha256(table);
  CHECK(id_of([&] { format::decode_table(table, forger.header); }) == "journal.table.form");
}

}  // namespace
}  // namespace mend::journal
