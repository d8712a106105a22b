// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/commit.h"

#include "tests/unit/journal/fixture.h"

namespace mend::journal {
namespace {

using test::FailingDevice;
using test::ForwardingDevice;
using test::MemoryDevice;
using test::RecordingDevice;
using Kind = RecordingDevice::Kind;

void write_images(ByteVector& disk, const block::StageImages& stage) {
  for (const auto& [offset, bytes] : stage.blocks)
    std::copy(bytes.begin(), bytes.end(), disk.begin() + static_cast<ptrdiff_t>(offset));
}

// A journal of a commit that was cut, and the disk after the first `stages` stages of it.
struct Interrupted : Fixture {
  explicit Interrupted(size_t stages_done) {
    put("run.undo", valid_file());
    for (size_t i = 0; i < stages_done; ++i) write_images(disk.bytes, stages[i]);
    left = disk.bytes;
  }
  ByteVector left;
};

TEST_CASE("W-2, W-3: a commit compares, then writes stage by stage with a flush after each, then reads back",
          "[journal]") {
  Fixture f;
  Journal journal = f.create();
  RecordingDevice watched(f.disk);
  const Result result = commit(journal, watched);
  CHECK(result.outcome == Outcome::kCommitted);
  CHECK(result.journal_marked);
  CHECK(result.problem.empty());
  CHECK_FALSE(result.out_of_order);
  CHECK(f.disk.bytes == f.after);
  CHECK(f.open().state() == State::kClosed);

  std::string order;
  uint64_t written = 0, read = 0;
  for (const auto& event : watched.events) {
    order += event.kind == Kind::kRead ? 'r' : event.kind == Kind::kWrite ? 'w' : 'f';
    (event.kind == Kind::kWrite ? written : read) += event.length;
  }
  // Witness and three runs; flag; edits (two neighbours in one write, and the last block); flag; all again.
  CHECK(order == "rrrrwfwwfwfrrrr");
  CHECK(result.blocks_written == 5);
  CHECK(result.bytes_written == written);
  CHECK(result.bytes_read == read);
}

TEST_CASE("W-1: a commit to a disk that changed since is refused before the first write", "[journal]") {
  for (const uint64_t at : {Fixture::kFlag, Fixture::kEdit, Fixture::kBytes - 1, Fixture::kWitness}) {
    Fixture f;
    Journal journal = f.create();
    f.disk.bytes[at] ^= 0x80;
    const ByteVector used = f.disk.bytes;
    RecordingDevice watched(f.disk);
    CHECK(id_of([&] { commit(journal, watched); }) == "journal.commit.changed");
    for (const auto& event : watched.events) CHECK(event.kind == Kind::kRead);
    CHECK(f.disk.bytes == used);
    CHECK(f.open().state() == State::kEmpty);
  }
  // New bytes that are there already are not the old ones either.
  Fixture f;
  Journal journal = f.create();
  f.disk.bytes = f.after;
  CHECK(id_of([&] { commit(journal, f.disk); }) == "journal.commit.changed");
}

TEST_CASE("W-6: what fails before the first write is thrown, and the journal says that nothing was written",
          "[journal]") {
  SECTION("the disk cannot be read") {
    Fixture f;
    Journal journal = f.create();
    FailingDevice disk(f.disk);
    disk.fail_read = 1;
    CHECK(id_of([&] { commit(journal, disk); }) == "test.fail.read");
    CHECK(f.open().state() == State::kEmpty);
  }
  SECTION("the stick is gone") {
    Fixture f;
    Journal journal = f.create();
    f.stick->pull();
    CHECK(id_of([&] { commit(journal, f.disk); }) == "test.stick.pulled");
    CHECK(f.disk.bytes == f.before);
  }
  SECTION("another disk") {
    Fixture f;
    Journal journal = f.create();
    MemoryDevice other(ByteVector(4096));
    CHECK(id_of([&] { commit(journal, other); }) == "journal.target.size");
  }
  SECTION("a journal that is not new") {
    Interrupted f(2);
    Journal journal = f.open();
    CHECK(id_of([&] { commit(journal, f.disk); }) == "journal.commit.state");
    CHECK(f.disk.bytes == f.left);
    CHECK(f.open().state() == State::kValid);
    Fixture twice;
    Journal done = twice.create();
    commit(done, twice.disk);
    CHECK(id_of([&] { commit(done, twice.disk); }) == "journal.commit.state");
    Fixture other;
    other.create();
    Journal reopened = other.open();
    CHECK(id_of([&] { commit(reopened, other.disk); }) == "journal.commit.state");
  }
}

TEST_CASE("Resume goes forward from every stage, and writes only what is missing", "[journal]") {
  const uint64_t missing[] = {5, 4, 1, 0};
  for (size_t done = 0; done <= 3; ++done) {
    CAPTURE(done);
    Interrupted f(done);
    Journal journal = f.open();
    const Result result = resume(journal, f.disk, f.request.target);
    CHECK(result.outcome == Outcome::kCommitted);
    CHECK(result.blocks_written == missing[done]);
    CHECK(f.disk.bytes == f.after);
    CHECK(f.open().state() == State::kClosed);
  }
}

TEST_CASE("Undo goes back from every stage, with the dirty flag set while edits are undone", "[journal]") {
  for (size_t done = 0; done <= 3; ++done) {
    CAPTURE(done);
    Interrupted f(done);
    Journal journal = f.open();
    RecordingDevice watched(f.disk);
    const Result result = undo(journal, watched, f.request.target);
    CHECK(result.outcome == Outcome::kUndone);
    CHECK(f.disk.bytes == f.before);
    CHECK(f.open().state() == State::kUndone);
    if (done != 3) continue;
    std::vector<uint64_t> writes;
    for (const auto& event : watched.events) {
      if (event.kind == Kind::kWrite) writes.push_back(event.offset);
    }
    CHECK(writes == std::vector<uint64_t>{4096, Fixture::kEdit, 12 * 4096, 4096});
  }
}

TEST_CASE("A flag that was set and restored, and nothing else, needs no write by resume or undo",
          "[journal]") {
  for (const bool forward : {true, false}) {
    Fixture f;
    f.stages.erase(f.stages.begin() + 1);
    f.put("run.undo", f.valid_file());
    test::NoWriteDevice no_write(f.disk);
    Journal journal = f.open();
    const Result result =
        forward ? resume(journal, no_write, f.request.target) : undo(journal, no_write, f.request.target);
    CHECK(result.outcome == (forward ? Outcome::kCommitted : Outcome::kUndone));
    CHECK(result.blocks_written == 0);
  }
}

TEST_CASE("What is finished is left alone", "[journal]") {
  Fixture f;
  Journal journal = f.create();
  CHECK(resume(journal, f.disk, f.request.target).outcome == Outcome::kNothingWritten);
  CHECK(undo(journal, f.disk, f.request.target).outcome == Outcome::kNothingWritten);
  commit(journal, f.disk);
  test::NoWriteDevice no_write(f.disk);
  CHECK(resume(journal, no_write, f.request.target).outcome == Outcome::kAlreadyDone);
  CHECK(undo(journal, f.disk, f.request.target).outcome == Outcome::kUndone);
  CHECK(resume(journal, no_write, f.request.target).outcome == Outcome::kAlreadyDone);
  CHECK(undo(journal, no_write, f.request.target).outcome == Outcome::kAlreadyDone);
  CHECK(f.disk.bytes == f.before);
}

TEST_CASE("W-1: resume and undo of a volume that was used since write nothing and name the place",
          "[journal]") {
  for (const uint64_t at : {Fixture::kFlag - 5, Fixture::kEdit + 60, Fixture::kEdit + 4999,
                            Fixture::kBytes - 1, Fixture::kWitness, uint64_t{8 * 4096}}) {
    Interrupted f(2);
    f.disk.bytes[at] =
        static_cast<uint8_t>(~f.after[at] ^ (f.before[at] == static_cast<uint8_t>(~f.after[at])));
    const ByteVector used = f.disk.bytes;
    test::NoWriteDevice no_write(f.disk);
    Journal journal = f.open();
    for (const bool forward : {true, false}) {
      try {
        forward ? resume(journal, no_write, f.request.target) : undo(journal, no_write, f.request.target);
        FAIL("it went on");
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::kConflict);
        const std::string text = error.what();
        CHECK(text.find("offset " + std::to_string(align_down(at, 4096))) != std::string::npos);
        CHECK(text.find("S4EVNX0N") != std::string::npos);
        CHECK(text.find("nothing was written") != std::string::npos);
      }
    }
    CHECK(f.disk.bytes == used);
    CHECK(f.open().state() == State::kValid);
    CHECK(survey(journal, f.disk).conflict);
  }
}

TEST_CASE("A block torn by 512 bytes is mended; a mix of images that are no neighbours is not", "[journal]") {
  Interrupted f(2);
  const ByteVector& new_image = f.stages[1].blocks.at(Fixture::kEdit);
  for (unsigned sectors = 1; sectors < 255; sectors += 2) {
    ByteVector torn = f.left;
    for (size_t sector = 0; sector < 8; ++sector) {
      const bool is_new = (sectors >> sector & 1) != 0;
      const auto place = torn.begin() + static_cast<ptrdiff_t>(Fixture::kEdit + sector * 512);
      std::copy_n((is_new ? new_image.begin() : f.before.begin() + Fixture::kEdit) +
                      static_cast<ptrdiff_t>(sector * 512),
                  512, place);
    }
    f.disk.bytes = torn;
    f.put("run.undo", f.valid_file());
    Journal journal = f.open();
    REQUIRE(resume(journal, f.disk, f.request.target).outcome == Outcome::kCommitted);
    REQUIRE(f.disk.bytes == f.after);
  }
  // Torn within a sector: no disk does that.
  f.disk.bytes = f.left;
  std::copy_n(f.before.begin() + Fixture::kEdit + 256, 256, f.disk.bytes.begin() + Fixture::kEdit + 256);
  f.put("run.undo", f.valid_file());
  Journal journal = f.open();
  CHECK(id_of([&] { resume(journal, f.disk, f.request.target); }) == "journal.used");
}

TEST_CASE("A disk that did not keep the order of flushes is brought forward and back, and that is told",
          "[journal]") {
  for (const bool forward : {true, false}) {
    Interrupted f(0);
    // An edit is there, the flag before it is not.
    const ByteVector& edit = f.stages[1].blocks.at(Fixture::kEdit);
    std::copy(edit.begin(), edit.end(), f.disk.bytes.begin() + Fixture::kEdit);
    Journal journal = f.open();
    const Result result =
        forward ? resume(journal, f.disk, f.request.target) : undo(journal, f.disk, f.request.target);
    CHECK(result.out_of_order);
    CHECK(f.disk.bytes == (forward ? f.after : f.before));
  }
}

TEST_CASE("A journal of another volume is refused by name, before the disk is read", "[journal]") {
  Interrupted f(1);
  Journal journal = f.open();
  FailingDevice unreadable(f.disk);
  unreadable.fail_read = 0;
  Target other = f.request.target;
  other.disk_serial = "S5";
  other.partition_guid.bytes[0] ^= 1;
  for (const bool forward : {true, false}) {
    try {
      forward ? resume(journal, unreadable, other) : undo(journal, unreadable, other);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kRefused);
      CHECK(std::string(error.what()).find("S5 instead of S4EVNX0N") != std::string::npos);
      CHECK(std::string(error.what()).find("partition GUID") != std::string::npos);
    }
  }
  MemoryDevice shorter(ByteVector(Fixture::kBytes - 512));
  CHECK(id_of([&] { resume(journal, shorter, f.request.target); }) == "journal.target.size");
  CHECK(id_of([&] { survey(journal, shorter); }) == "journal.target.size");
}

TEST_CASE("Survey tells where a disk stands and writes nothing", "[journal]") {
  using Place = Survey::Place;
  const Place places[] = {Place::kOld, Place::kBetween, Place::kBetween, Place::kNew};
  for (size_t done = 0; done <= 3; ++done) {
    Interrupted f(done);
    const Journal journal = f.open();
    const Survey found = survey(journal, f.disk);
    CHECK(found.place == places[done]);
    CHECK(found.blocks == 4);
    CHECK(found.torn_blocks == 0);
    CHECK_FALSE(found.conflict);
  }
  Interrupted f(1);
  std::copy_n(f.after.begin() + Fixture::kEdit, 512, f.disk.bytes.begin() + Fixture::kEdit);
  CHECK(survey(f.open(), f.disk).torn_blocks == 1);
}

TEST_CASE("A disk that fails once is rolled back; one that fails for good is left open and says so",
          "[journal]") {
  for (const bool for_good : {false, true}) {
    for (uint64_t at = 0; at < 4; ++at) {
      CAPTURE(for_good, at);
      Fixture f;
      Journal journal = f.create();
      FailingDevice disk(f.disk);
      disk.fail_write = at;
      disk.for_good = for_good;
      const Result result = commit(journal, disk);
      CHECK(result.problem.find("as the test asked") != std::string::npos);
      if (!for_good) {
        CHECK(result.outcome == Outcome::kRolledBack);
        CHECK(result.journal_marked);
        CHECK(f.disk.bytes == f.before);
        CHECK(f.open().state() == State::kRolledBack);
        continue;
      }
      // Nothing was written: the old bytes need no writing back, but the disk cannot take even that.
      CHECK(result.outcome == Outcome::kLeftOpen);
      CHECK(f.open().state() == State::kRollingBack);
      CHECK(result.dirty_flag_left_set == (f.disk.bytes[Fixture::kFlag] != f.before[Fixture::kFlag]));
      CHECK(result.dirty_flag_left_set == (at > 0));
      // The disk works again: resume puts the old bytes back.
      Journal again = f.open();
      const Result resumed = resume(again, f.disk, f.request.target);
      CHECK(resumed.outcome == Outcome::kRolledBack);
      CHECK(f.disk.bytes == f.before);
    }
  }
}

TEST_CASE("W-4: a block that does not hold what was written is found by reading back", "[journal]") {
  Fixture f;
  Journal journal = f.create();
  StuckDevice disk(f.disk);
  disk.stuck_at = Fixture::kEdit;
  const Result result = commit(journal, disk);  // the old bytes there are easily put back
  CHECK(result.outcome == Outcome::kRolledBack);
  CHECK(result.problem.find("does not hold") != std::string::npos);
  CHECK(f.disk.bytes == f.before);
}

TEST_CASE("W-4: old bytes that do not hold leave the journal open and the dirty flag set", "[journal]") {
  Interrupted f(3);
  StuckDevice disk(f.disk);
  disk.stuck_at = Fixture::kEdit;
  Journal journal = f.open();
  const Result result = undo(journal, disk, f.request.target);
  CHECK(result.outcome == Outcome::kLeftOpen);
  CHECK(result.dirty_flag_left_set);
  CHECK(f.disk.bytes[Fixture::kFlag] != f.before[Fixture::kFlag]);
  CHECK(f.open().state() == State::kUndoing);
  Journal again = f.open();
  CHECK(resume(again, f.disk, f.request.target).outcome == Outcome::kUndone);
  CHECK(f.disk.bytes == f.before);
}

TEST_CASE("J-6: a stick that vanishes stops neither commit nor roll-back, but it stops the start of an undo",
          "[journal]") {
  class PullingDevice : public ForwardingDevice {
   public:
    PullingDevice(block::BlockDevice& below, test::CrashStore& stick)
        : ForwardingDevice(below), stick_(stick) {}
    bool fail_second = false;
    void write(uint64_t offset, Bytes data) override {
      stick_.pull();
      if (fail_second && writes_++ == 1) throw Error(ErrorCode::kIo, "test.disk.write", "failed");
      ForwardingDevice::write(offset, data);
    }

   private:
    test::CrashStore& stick_;
    uint64_t writes_ = 0;
  };
  {
    Fixture f;
    Journal journal = f.create();
    PullingDevice disk(f.disk, *f.stick);
    const Result result = commit(journal, disk);
    CHECK(result.outcome == Outcome::kCommitted);
    CHECK_FALSE(result.journal_marked);
    CHECK(result.problem.find("the stick is gone") != std::string::npos);
    CHECK(f.disk.bytes == f.after);
  }
  {
    Fixture f;
    Journal journal = f.create();
    PullingDevice disk(f.disk, *f.stick);
    disk.fail_second = true;
    const Result result = commit(journal, disk);
    CHECK(result.outcome == Outcome::kRolledBack);
    CHECK_FALSE(result.journal_marked);
    CHECK(f.disk.bytes == f.before);
  }
  {
    Interrupted f(3);
    Journal journal = f.open();
    f.stick->pull();
    CHECK(id_of([&] { undo(journal, f.disk, f.request.target); }) == "test.stick.pulled");
    CHECK(f.disk.bytes == f.left);
  }
}

TEST_CASE("Progress is told in steps, and what it throws stops nothing", "[journal]") {
  Fixture f;
  Journal journal = f.create();
  std::vector<Step> steps;
  const Result result = commit(journal, f.disk, [&](Step step, uint64_t done, uint64_t total) {
    CHECK(done > 0);
    CHECK(done <= total);
    if (steps.empty() || steps.back() != step) steps.push_back(step);
  });
  CHECK(result.outcome == Outcome::kCommitted);
  CHECK(steps == std::vector<Step>{Step::kCompare, Step::kWrite, Step::kReadBack});

  int calls = 0;
  const Result undone = undo(journal, f.disk, f.request.target, [&](Step, uint64_t, uint64_t) {
    ++calls;
    throw std::runtime_error("the screen is gone");
  });
  CHECK(undone.outcome == Outcome::kUndone);
  CHECK(calls == 1);
  CHECK(f.disk.bytes == f.before);
}

TEST_CASE("Every outcome has a word of its own", "[journal]") {
  std::vector<std::string> words;
  words.reserve(6);
  for (int i = 0; i < 6; ++i) words.emplace_back(to_string(static_cast<Outcome>(i)));
  CHECK(words == std::vector<std::string>{"committed", "rolled-back", "undone", "nothing-written",
                                          "already-done", "left-open"});
}

}  // namespace
}  // namespace mend::journal
