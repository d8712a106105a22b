// SPDX-License-Identifier: GPL-3.0-or-later
// The replay on volumes that need one, derived from volumes that Windows wrote. What is right was worked out
// by hand and is stated here; where a public replayer disagrees, the test says why it is wrong.
#include "ntfs/replay.h"

#include <fstream>

#include "block/file_device.h"
#include "ntfs/log_file.h"
#include "ntfs/state.h"
#include "tests/real/ntfs_content.h"
#include "tests/real/ntfs_volumes.h"
#include "tests/support/temp_folder.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// Programs that share no code with us.
void judge(const MemoryDevice& device, bool holds_test_file) {
  if (!have_program("ntfsls") || !have_program("ntfsinfo")) return;
  const TempFolder folder;
  const std::string path = folder / "volume.img";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(device.bytes.data()),
             static_cast<std::streamsize>(device.bytes.size()));
  const ByteVector list = output_of("ntfsls " + path + " 2>&1");
  CHECK((as_text(list).find("Test.txt") != std::string_view::npos) == holds_test_file);
  const ByteVector about = output_of("ntfsinfo -m " + path + " 2>&1");
  CHECK(as_text(about).find("Volume State") != std::string_view::npos);
}

struct Outcome {
  MemoryDevice device;
  ReplayResult result;
  Lines before, after;
};

// Replays, and shows what holds for every replay: the log is closed, the volume is sound, a second run does
// nothing, and neither does one over the finished volume from the log as it was.
Outcome replay(const std::string& name) {
  INFO(name);
  Outcome out{MemoryDevice(unclean(name)), {}, {}, {}};
  const ByteVector log_before = [&] {
    LogSource log(out.device, read_geometry(out.device));
    ByteVector bytes(2 * kLogPageBytes);
    log.read(0, bytes);
    return bytes;
  }();
  out.before = content_of(out.device);
  const LogSummary summary = inspect_log(out.device);
  CHECK(summary.condition == LogCondition::kToReplay);
  std::vector<ReplayStage> stages;
  out.result = replay_log(out.device, [&](ReplayStage stage) { stages.push_back(stage); });
  CHECK(std::is_sorted(stages.begin(), stages.end()));
  CHECK(stages.size() == (out.result.undone == 0 ? 4 : 5));
  out.after = content_of(out.device);
  CHECK(inspect_log(out.device).condition == LogCondition::kClosed);
  const CheckReport report = check_of(out.device);
  for (const Finding& finding : report.findings) UNSCOPED_INFO(finding.what);
  CHECK(report.clean());
  Volume volume(out.device);
  CHECK(read_state(volume).log == LogState::kClean);
  const ByteVector once = out.device.bytes;
  CHECK(replay_log(out.device).records_read == 0);
  CHECK(out.device.bytes == once);

  MemoryDevice again(once);
  LogSource log(again, read_geometry(again));
  again.write(log.ranges(0, log_before.size()).at(0).offset, log_before);
  replay_log(again);
  CHECK(missing_from(out.after, content_of(again)).empty());
  CHECK(missing_from(content_of(again), out.after).empty());
  // The record of $Volume, whose flag was set and put back, has another check value.
  const auto flagless = [](const ByteVector& bytes) {
    MemoryDevice device(bytes);
    for (const Range& range : Volume(device).record_ranges(system_record::kVolume))
      device.write(range.offset, ByteVector(static_cast<size_t>(range.length)));
    const Geometry geometry = read_geometry(device);
    device.write(geometry.mirror_lcn * geometry.cluster_bytes + 3 * geometry.record_bytes,
                 ByteVector(geometry.record_bytes));
    return device.bytes;
  };
  CHECK(equal(flagless(again.bytes), flagless(once)));
  return out;
}

std::string text_of(MemoryDevice& device, std::u16string_view name) {
  Volume volume(device);
  const auto entry = volume.find(kRootDirectory, name);
  if (!entry) return "none";
  const ByteVector content = volume.read_file(entry->reference);
  return std::string(as_text(content));
}

// Committed, not flushed: the file comes back, and nothing else changes.
void check_pending(const std::string& name, const std::string& base_name, uint64_t record) {
  INFO(name);
  Outcome outcome = replay(name);
  MemoryDevice original(base(base_name));
  CHECK(outcome.result.redone == 3);
  CHECK(outcome.result.undone == 0);
  CHECK(text_of(outcome.device, u"Test.txt") == "Redone");
  judge(outcome.device, true);
  const Lines wanted = content_of(original);
  // Of the base only the bitmap of $MFT is another one; what is new is the file and its entry.
  const auto gone = missing_from(wanted, outcome.after), fresh = missing_from(outcome.after, wanted);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].rfind("record 0 attribute b0", 0) == 0);
  size_t entries = 0, bitmaps = 0;
  for (const std::string& line : fresh) {
    if (line.rfind("record 5 index", 0) == 0) ++entries;
    if (line.rfind("record 0 attribute b0", 0) == 0) ++bitmaps;
    const bool expected = line.rfind(fmt::format("record {} ", record), 0) == 0 ||
                          line.rfind("record 5 index", 0) == 0 || line.rfind("record 0 attribute b0", 0) == 0;
    CHECK(expected);
  }
  CHECK(entries == 1);
  CHECK(bitmaps == 1);
  Volume volume(outcome.device);
  CHECK(volume.record_bit(record));
}

// Not committed: the volume is what it was, whether its pages had reached the disk or not.
void check_undone(const std::string& name, const std::string& base_name, uint64_t record, uint64_t redone) {
  INFO(name);
  Outcome outcome = replay(name);
  MemoryDevice original(base(base_name));
  CHECK(outcome.result.redone == redone);
  CHECK(outcome.result.undone == 3);
  CHECK(outcome.result.transactions_undone == 1);
  CHECK(text_of(outcome.device, u"Test.txt") == "none");
  judge(outcome.device, false);
  const Lines wanted = content_of(original);
  CHECK(missing_from(wanted, outcome.after).empty());
  CHECK(missing_from(outcome.after, wanted).empty());
  Volume volume(outcome.device);
  CHECK_FALSE(volume.record_bit(record));
  CHECK_FALSE(volume.read_record(record)->in_use());
}

void check_unchanged(const std::string& name, const std::string& base_name) {
  INFO(name);
  Outcome outcome = replay(name);
  MemoryDevice original(base(base_name));
  const Lines wanted = content_of(original);
  for (const std::string& line : missing_from(wanted, outcome.after)) UNSCOPED_INFO("gone: " << line);
  for (const std::string& line : missing_from(outcome.after, wanted)) UNSCOPED_INFO("new: " << line);
  CHECK(missing_from(wanted, outcome.after).empty());
  CHECK(missing_from(outcome.after, wanted).empty());
  judge(outcome.device, false);
}

}  // namespace

TEST_CASE("Committed changes that are only in the log come back", "[real]") {
  if (!have_data()) return;
  check_pending("charlie.pending.v11", "charlie", 41);
  check_pending("default.pending.v11", "default", 37);
  // Its commit record begins in one page of the log and ends in the next, which holds nothing else.
  check_pending("xp7.pending.v11", "xp7", 32);
}

TEST_CASE("Changes of a transaction that did not end are taken back", "[real]") {
  if (!have_data()) return;
  check_undone("charlie.uncommitted.v11", "charlie", 41, 3);
  check_undone("xp7.uncommitted.v11", "xp7", 32, 3);
  // The same transaction, no commit in its log, but its pages were on the disk already: the record and the
  // index block carry its LSNs, so only the bitmap, which has none, is written again before the undo.
  check_undone("charlie.stolen.v20", "charlie", 41, 1);
}

TEST_CASE("NRP-1: a log from before the pages changes no content", "[real]") {
  if (!have_data()) return;
  check_unchanged("idx.rewind8.v11", "idx");
  check_unchanged("idx.rewind12.v20", "idx");
  // The resident data of file1.txt to file8.txt is in no log: a record put back would lose it.
  check_unchanged("tiny.rewind12.v11", "tiny");
  Outcome outcome = replay("tiny.rewind12.v11");
  MemoryDevice original(base("tiny"));
  for (char16_t digit = u'1'; digit <= u'8'; ++digit) {
    const std::u16string name = u"file" + std::u16string(1, digit) + u".txt";
    CHECK(text_of(outcome.device, name) == text_of(original, name));
  }
}

TEST_CASE("Sizes are allocated, valid, size, in this order", "[real]") {
  if (!have_data()) return;
  Outcome outcome = replay("xp7.sizes.v11");
  Volume volume(outcome.device);
  const std::optional<Stream> data = volume.open_record(28).stream(AttributeType::kData);
  REQUIRE(data);
  CHECK(data->allocated_bytes() == 20480);
  CHECK(data->initialised_bytes() == 8192);
  CHECK(data->size_bytes() == 20480);
  MemoryDevice original(base("xp7"));
  const auto gone = missing_from(content_of(original), outcome.after);
  for (const std::string& line : gone) CHECK(line.rfind("record 28 attribute 80", 0) == 0);
  CHECK(gone.size() == 2);  // its sizes, and the content behind the valid part
  judge(outcome.device, false);
}

TEST_CASE("Pages of an older state are brought up to the log's end", "[real]") {
  if (!have_data()) return;
  Outcome outcome = replay("tiny.rolledback5.v11");
  MemoryDevice original(base("tiny"));
  const Lines wanted = content_of(original);
  // Nothing but resident data differs: it is in no log, so it is as long as it was and holds zeros.
  const auto gone = missing_from(wanted, outcome.after), fresh = missing_from(outcome.after, wanted);
  CHECK(gone.size() == fresh.size());
  CHECK(gone.size() == 4);
  for (size_t i = 0; i < gone.size() && i < fresh.size(); ++i) {
    const size_t length = gone[i].find(" bytes ");
    REQUIRE(length != std::string::npos);
    CHECK(gone[i].find(" attribute 80 ") != std::string::npos);
    CHECK(fresh[i].substr(0, length) == gone[i].substr(0, length));
    CHECK(fresh[i].find_first_not_of('0', length + 7) == std::string::npos);
  }
  judge(outcome.device, false);
}

TEST_CASE("NRP-1: a volume that was idle before the stop keeps every byte outside its log", "[real]") {
  if (!have_data()) return;
  MemoryDevice device(base("tiny"));
  const Lines before = content_of(device);
  const LogSummary summary = inspect_log(device);
  CHECK(summary.condition == LogCondition::kToReplay);
  CHECK(summary.version == "1.1");
  CHECK(summary.records == 0);
  const ByteVector bytes = device.bytes;
  const ReplayResult result = replay_log(device);
  CHECK(result.redone == 0);
  CHECK(missing_from(before, content_of(device)).empty());
  LogSource log(device, read_geometry(device));
  const uint64_t place = log.ranges(0, 8192).at(0).offset;
  REQUIRE(log.ranges(0, 8192).size() == 1);
  CHECK(std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(place), device.bytes.begin()));
  CHECK(std::equal(bytes.begin() + static_cast<ptrdiff_t>(place + 8192), bytes.end(),
                   device.bytes.begin() + static_cast<ptrdiff_t>(place + 8192)));
  judge(device, false);
}

TEST_CASE("Logs of Windows 10 are read to their end", "[real]") {
  if (!need_data(kData / "logs") || !need_program("mkntfs")) return;
  const TempFolder folder;
  const std::string path = folder / "volume.img";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, uint64_t{6} << 30);
  (void)output_of("mkntfs -q -Q -F " + path + " 2>&1");
  // As long as they say they are; they were cut off behind the part in use.
  const auto judged = [&](const std::string& name) {
    const std::unique_ptr<block::FileDevice> device =
        block::FileDevice::open(path, block::Access::kReadWrite);
    std::ifstream file(kData / "logs" / name, std::ios::binary);
    ByteVector content(std::istreambuf_iterator<char>(file), {});
    content.resize(24 << 20, 0xff);
    LogSource log(*device, read_geometry(*device));
    REQUIRE(log.ranges(0, content.size()).size() == 1);
    device->write(log.ranges(0, content.size()).at(0).offset, content);
    return inspect_log(*device);
  };
  for (const std::string name : {"LogFile_10.bin", "LogFile_10_large.bin"}) {
    INFO(name);
    const LogSummary summary = judged(name);
    INFO(summary.why);
    CHECK(summary.text() ==
          "to be replayed (0 records)");  // idle before the stop, their pages in copies alone
    CHECK(summary.version == "2.0");
    const std::unique_ptr<block::FileDevice> device =
        block::FileDevice::open(path, block::Access::kReadWrite);
    CHECK(replay_log(*device).redone == 0);
    CHECK(inspect_log(*device).version == "1.1");
    CHECK(inspect_log(*device).text() == "clean");
  }
  CHECK(judged("LogFile_10_downgraded.bin").text() == "clean");
  CHECK(judged("LogFile_7.bin").text() == "clean");
  CHECK(judged("LogFile_empty.bin").condition == LogCondition::kEmpty);
}
