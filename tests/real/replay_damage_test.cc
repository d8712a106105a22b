// SPDX-License-Identifier: GPL-3.0-or-later
// Logs of real volumes, cut and damaged; and where another replayer agrees.
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <set>

#include "ntfs/fixup.h"
#include "ntfs/log_records.h"
#include "ntfs/replay.h"
#include "tests/real/ntfs_content.h"
#include "tests/real/ntfs_volumes.h"
#include "tests/support/temp_folder.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// The restart pages name the checkpoint as the last record: what comes after it is found by looking.
void forget_current_lsn(MemoryDevice& device, LogSource& log) {
  for (const uint64_t offset : {uint64_t{0}, uint64_t{kLogPageBytes}}) {
    const Range place = log.ranges(offset, kLogPageBytes).at(0);
    std::optional<RestartPage> page =
        parse_restart_page(device.read_bytes(place.offset, kLogPageBytes), log.size_bytes());
    if (!page) continue;
    write_le<uint64_t>(page->bytes, read_le<uint16_t>(page->bytes, 0x18), page->restart_lsn);
    apply_fixups(page->bytes);
    device.write(place.offset, page->bytes);
  }
}

// Without the pages of the log from `first` on, nor copies of them. Empty: refused.
std::optional<ReplayResult> replay_cut(MemoryDevice& device, uint64_t first, uint64_t end) {
  const Geometry geometry = read_geometry(device);
  LogSource log(device, geometry);
  const uint64_t ring = LogFile(device, geometry).restart()->first_record_page();
  forget_current_lsn(device, log);
  const auto wipe = [&](uint64_t from, uint64_t to) {
    for (const Range& range : log.ranges(from * kLogPageBytes, (to - from) * kLogPageBytes))
      device.write(range.offset, ByteVector(static_cast<size_t>(range.length), 0xff));
  };
  wipe(2, ring);
  wipe(first, end);
  try {
    return replay_log(device);
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == ErrorCode::kCorrupt);
    return std::nullopt;
  }
}

struct Cuts {
  size_t replayed = 0, refused = 0;
  std::set<uint64_t> redone;
};

Cuts cut_everywhere(const std::string& name) {
  INFO(name);
  const ByteVector whole = unclean(name);
  MemoryDevice original(whole);
  LogFile log(original, read_geometry(original));
  log.open_ring();
  const uint64_t first = log.space().page(log.restart()->restart_lsn), end = log.space().page(log.end()) + 2;
  REQUIRE(first < end);
  Cuts cuts;
  for (uint64_t page = first; page <= end; ++page) {
    MemoryDevice device(whole);
    const std::optional<ReplayResult> result = replay_cut(device, page, end);
    ++(result ? cuts.replayed : cuts.refused);
    if (!result) continue;
    cuts.redone.insert(result->redone);
    const CheckReport report = check_of(device);
    for (const Finding& finding : report.findings) UNSCOPED_INFO("cut at " << page << ": " << finding.what);
    CHECK(report.clean());
  }
  return cuts;
}

}  // namespace

TEST_CASE("A log of a real volume that is cut at any page leaves no half transaction", "[real]") {
  if (!have_data()) return;
  // Their pages are of the log's beginning: each cut gives another state, and each is sound.
  Cuts cuts = cut_everywhere("tiny.rolledback5.v11");
  CHECK(cuts.refused == 1);  // at the checkpoint itself
  CHECK(cuts.redone.size() > 3);
  for (const std::string name : {"xp7.pending.v11", "xp7.uncommitted.v11"}) {
    cuts = cut_everywhere(name);
    CHECK(cuts.refused == 1);
    CHECK(cuts.replayed >= 2);
  }
  // Their pages carry the last changes: a log that ends before those is not the one they were used with.
  cuts = cut_everywhere("tiny.rewind12.v11");
  CHECK(cuts.refused > 5);
  CHECK(cuts.replayed >= 1);
  cuts = cut_everywhere("idx.rewind8.v11");
  CHECK(cuts.refused > 5);
  CHECK(cuts.replayed >= 1);
}

namespace {

// Checkpoints that are in the log still.
std::vector<Lsn> checkpoints_of(MemoryDevice& device) {
  LogSource log(device, read_geometry(device));
  const RestartPage restart = *LogFile(device, read_geometry(device)).restart();
  const LsnSpace space = restart.space();
  std::vector<Lsn> found;
  for (uint64_t number = restart.first_record_page(); number < space.end_page(); ++number) {
    ByteVector page(kLogPageBytes);
    log.read(number * kLogPageBytes, page);
    if (read_le<uint32_t>(page, 0) != kMagicRecord || remove_fixups(page) != Protection::kIntact) continue;
    for (size_t at = kLogDataOffset; at + kLogRecordHeaderBytes <= kLogPageBytes; at += 8) {
      const Lsn lsn = read_le<uint64_t>(page, at);
      if (space.is_place(lsn) && space.offset(lsn) == number * kLogPageBytes + at &&
          read_le<uint32_t>(page, at + 0x20) == LogRecord::kCheckpoint)
        found.push_back(lsn);
    }
  }
  return found;
}

// The volume as if Windows had stopped right now, but had not written its restart pages since that
// checkpoint.
void reopen_at(MemoryDevice& device, Lsn checkpoint) {
  LogSource log(device, read_geometry(device));
  for (const uint64_t offset : {uint64_t{0}, uint64_t{kLogPageBytes}}) {
    const Range place = log.ranges(offset, kLogPageBytes).at(0);
    std::optional<RestartPage> page =
        parse_restart_page(device.read_bytes(place.offset, kLogPageBytes), log.size_bytes());
    REQUIRE(page);
    const size_t area = read_le<uint16_t>(page->bytes, 0x18);
    const size_t client = area + read_le<uint16_t>(page->bytes, area + 0x16);
    write_le<uint64_t>(page->bytes, area, checkpoint);
    write_le<uint16_t>(page->bytes, area + 0x0a, 0xffff);
    write_le<uint16_t>(page->bytes, area + 0x0c, 0);
    write_le<uint16_t>(page->bytes, area + 0x0e, 0);
    write_le<uint64_t>(page->bytes, client + 8, checkpoint);
    apply_fixups(page->bytes);
    device.write(place.offset, page->bytes);
  }
}

}  // namespace

TEST_CASE("NRP-1: a replay from any checkpoint of a closed volume changes no content", "[real]") {
  if (!have_data()) return;
  const auto from_each = [](const std::string& name) {
    const ByteVector closed = base(name);
    MemoryDevice original(closed);
    const Lines wanted = content_of(original);
    size_t replayed = 0;
    for (const Lsn checkpoint : checkpoints_of(original)) {
      INFO(name << " from " << checkpoint);
      MemoryDevice device(closed);
      reopen_at(device, checkpoint);
      try {
        replay_log(device);
        ++replayed;
      } catch (const Error& error) {
        // Of an earlier mounting: its log ends before the LSNs that the pages carry.
        INFO(error.what());
        CHECK(error.code() == ErrorCode::kCorrupt);
        continue;
      }
      CHECK(content_of(device) == wanted);
    }
    return replayed;
  };
  CHECK(from_each("xp7") >= 60);  // 32-bit tables
  CHECK(from_each("tiny") >= 13);
  CHECK(from_each("charlie") > 0);
  CHECK(from_each("idx") >= 18);
}

TEST_CASE("NRP-2: a real log with flipped bits is refused, or what comes out can be judged", "[real]") {
  if (!have_data()) return;
  const bool all = std::getenv("MEND_LONG") != nullptr;
  std::mt19937 random(19072024);
  for (const std::string name : {"xp7.uncommitted.v11", "tiny.rolledback5.v11", "charlie.pending.v11"}) {
    INFO(name);
    MemoryDevice device(unclean(name));
    const ByteVector good = device.bytes;
    LogFile log(device, read_geometry(device));
    log.open_ring();
    // Where the log is alive: restart pages, copies, and from the checkpoint to the end.
    std::vector<uint64_t> pages{0, 1, 2, 3};
    for (uint64_t page = log.space().page(log.restart()->restart_lsn); page <= log.space().page(log.end());
         ++page)
      pages.push_back(page);
    size_t sound = 0, refused = 0, unsound = 0;
    std::vector<uint64_t> touched;
    for (size_t round = 0; round < (all ? 3334U : 150U); ++round) {
      for (const uint64_t place : touched) device.bytes[place] = good[place];
      touched.clear();
      if (!equal(device.bytes, good)) device.bytes = good;
      for (size_t hits = 1 + random() % 4; hits != 0; --hits) {
        const uint64_t page = pages[random() % pages.size()];
        const uint64_t within = random() % (page < 2 ? 0x140 : kLogPageBytes);
        const uint64_t place = log.source().ranges(page * kLogPageBytes + within, 1).at(0).offset;
        device.bytes[place] = static_cast<uint8_t>(device.bytes[place] ^ (1U << (random() % 8)));
        touched.push_back(place);
      }
      try {
        replay_log(device);
      } catch (const Error& error) {
        ++refused;
        if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kUsage) FAIL(error.id());
        continue;
      }
      try {
        ++(check_of(device).clean() ? sound : unsound);
      } catch (const Error&) {
        ++unsound;  // $MFT or $Bitmap cannot be read: the check refuses it
      }
    }
    CHECK(sound > 0);
    CHECK(refused > 0);
    // The bits that no check of the log sees are names, times and the like; few of them harm the structure.
    CHECK(unsound < sound + refused);
  }
}

TEST_CASE("ntfsrecover agrees where it is right", "[real]") {
  if (!have_data() || !need_program("ntfsrecover")) return;
  const TempFolder folder;
  const auto recovered = [&](const std::string& name) {
    const std::string path = folder / "volume.img";
    const ByteVector bytes = unclean(name);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    (void)output_of("ntfsrecover " + path + " > /dev/null 2>&1 || true");
    MemoryDevice device(output_of("cat " + path));
    return content_of(device);
  };
  const auto ours = [](const std::string& name) {
    MemoryDevice device(unclean(name));
    replay_log(device);
    return content_of(device);
  };
  for (const std::string name : {"tiny.rolledback5.v11", "tiny.rewind12.v11", "idx.rewind8.v11"}) {
    INFO(name);
    CHECK(recovered(name) == ours(name));
  }
  // It puts the three sizes in the order of the attribute, so valid and size change places.
  const Lines theirs = recovered("xp7.sizes.v11"), right = ours("xp7.sizes.v11");
  const auto differs = missing_from(right, theirs);
  REQUIRE_FALSE(differs.empty());
  for (const std::string& line : differs) CHECK(line.rfind("record 28 attribute 80", 0) == 0);
  // Of a commit record that ends in the next page it reads nothing: it takes back what was committed. Of a
  // log whose first page has no valid one before it, it says "invalid block"; of version 2.0 it reads
  // nothing. The volumes stay as they were then, which is not what Windows would make of them.
  for (const std::string name :
       {"xp7.pending.v11", "default.pending.v11", "charlie.pending.v11", "charlie.stolen.v20"}) {
    INFO(name);
    CHECK_FALSE(recovered(name) == ours(name));
  }
}
