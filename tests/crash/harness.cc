// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/crash/harness.h"

#include <cstdlib>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"

namespace mend::test {
namespace {

constexpr char kName[] = "volume.undo";
constexpr uint64_t kShuffles = 3, kLongShuffles = 12;

[[noreturn]] void fail(const std::string& story, const std::string& what) {
  FAIL(story << ": " << what);
  std::abort();  // FAIL throws
}

std::string to_text(Fate fate) {
  switch (fate) {
    case Fate::kKeep:
      return "keep";
    case Fate::kDrop:
      return "drop";
    case Fate::kTear:
      return "tear";
    case Fate::kShuffle:
      return "shuffle";
  }
  return "?";
}

// How often a fate is worth trying: keep and drop have no chance in them but that of the stick's new entry.
uint64_t tries(Fate fate) {
  if (fate == Fate::kKeep) return 1;
  if (fate == Fate::kDrop) return 2;
  return is_long_run() ? kLongShuffles : kShuffles;
}

uint64_t seed_of(uint64_t event, uint64_t attempt, uint64_t salt = 0) {
  return (salt * 1000003 + event) * 1000003 + attempt + 1;
}

// Each sector is that of the one or that of the other.
bool is_between(const SparseBytes& found, const SparseBytes& here, const SparseBytes& next) {
  bool holds = true;
  const auto check = [&](uint64_t page) {
    const Bytes bytes = found.bytes_of(page), one = here.bytes_of(page), other = next.bytes_of(page);
    for (size_t at = 0; at < bytes.size() && holds; at += CrashMedium::kSectorBytes) {
      const size_t length = std::min(CrashMedium::kSectorBytes, bytes.size() - at);
      const Bytes sector = bytes.subspan(at, length);
      holds = equal(sector, one.subspan(at, length)) || equal(sector, other.subspan(at, length));
    }
  };
  for (const SparseBytes* bytes : {&found, &here, &next}) bytes->for_each_page(check);
  return holds;
}

}  // namespace

bool is_long_run() {
  const char* value = std::getenv("MEND_LONG");
  return value != nullptr && std::string(value) == "1";
}

// The disk as commit() sees it: breaks, or pulls the stick, at one of its writes and flushes.
class CrashMatrix::FaultyDisk : public block::BlockDevice {
 public:
  FaultyDisk(Power& power, SparseBytes bytes, uint32_t physical_block_bytes, CrashStore& stick, Fault fault)
      : power_(power),
        medium_(std::make_shared<CrashMedium>(std::move(bytes))),
        device_(power, medium_, 512, physical_block_bytes),
        stick_(stick),
        fault_(fault) {}

  uint64_t size_bytes() const override { return device_.size_bytes(); }
  uint32_t sector_bytes() const override { return device_.sector_bytes(); }
  uint32_t physical_block_bytes() const override { return device_.physical_block_bytes(); }
  std::string describe() const override { return device_.describe(); }
  void read(uint64_t offset, MutableBytes out) override { device_.read(offset, out); }
  void write(uint64_t offset, Bytes data) override {
    if (breaks()) {
      medium_->queue_part(offset, data, power_);
      power_.count_event();
      throw Error(ErrorCode::kIo, "test.disk.write", "the disk failed to write");
    }
    device_.write(offset, data);
  }
  void flush() override {
    if (breaks()) {
      power_.count_event();
      medium_->lose(power_);
      throw Error(ErrorCode::kIo, "test.disk.flush", "the disk failed to flush");
    }
    device_.flush();
  }

  uint64_t events() const { return events_; }
  const SparseBytes& durable() { return device_.durable(); }

 private:
  bool breaks() {
    const uint64_t event = events_++;
    if (event == fault_.at && fault_.kind == Fault::Kind::kPullStick) stick_.pull();
    if (fault_.kind == Fault::Kind::kFailOnce) return event == fault_.at;
    return fault_.kind == Fault::Kind::kFailForGood && event >= fault_.at;
  }

  Power& power_;
  std::shared_ptr<CrashMedium> medium_;
  CrashDevice device_;
  CrashStore& stick_;
  Fault fault_;
  uint64_t events_ = 0;
};

CrashMatrix::CrashMatrix(Scenario scenario) : scenario_(std::move(scenario)) {
  if (scenario_.partition_size == 0)
    scenario_.partition_size = scenario_.before.size() - scenario_.partition_offset;
  Power power;
  positions_.emplace_back(scenario_.before);
  auto disk = std::make_shared<CrashDevice>(power, disk_before(), 512, scenario_.physical_block_bytes);
  block::Overlay overlay(disk);
  const auto places = scenario_.prepare(overlay);
  stages_ = overlay.stages();
  block_bytes_ = overlay.block_bytes();
  for (const auto& [offset, length] : places)
    witnesses_.push_back({offset, overlay.original().read_bytes(offset, length)});
  for (const block::StageImages& stage : stages_) {
    positions_.push_back(positions_.back());
    for (const auto& [offset, bytes] : stage.blocks) positions_.back().write(offset, bytes);
  }
  const Run run = commit_run(1, Power::kNever, Fate::kKeep, {});
  if (!run.result || run.result->outcome != journal::Outcome::kCommitted || run.wreck.disk != disk_after())
    fail(run.wreck.story, "an undisturbed commit did not lead to the state after it");
  events_ = run.events;
  disk_events_ = run.disk_events;
  Power again;
  const auto stick = std::make_shared<CrashStore>(again);
  CrashDevice untouched(again, disk_before(), 512, scenario_.physical_block_bytes);
  journal::Journal::create(stick, kName, request(), stages_, untouched);
  creation_events_ = again.events();
}

journal::Request CrashMatrix::request() const {
  journal::Request request;
  request.run_id = "crash-run";
  request.created = now();
  request.target.disk_serial = "SERIAL-1";
  request.target.disk_size_bytes = scenario_.before.size();
  request.target.partition_offset = scenario_.partition_offset;
  request.target.partition_size = scenario_.partition_size;
  request.block_bytes = block_bytes_;
  request.witnesses = witnesses_;
  return request;
}

CrashMatrix::Run CrashMatrix::commit_run(uint64_t seed, uint64_t cut, Fate fate, Fault fault) const {
  Power power(seed);
  power.cut_at(cut, fate);
  const auto stick = std::make_shared<CrashStore>(power);
  FaultyDisk disk(power, disk_before(), scenario_.physical_block_bytes, *stick, fault);
  Run run(disk_before());
  run.wreck.story = scenario_.name + ", seed " + std::to_string(seed);
  if (cut != Power::kNever)
    run.wreck.story += ", cut at event " + std::to_string(cut) + " (" + to_text(fate) + ")";
  if (fault.kind != Fault::Kind::kNone)
    run.wreck.story += ", fault at disk event " + std::to_string(fault.at);
  try {
    journal::Journal journal = journal::Journal::create(stick, kName, request(), stages_, disk);
    run.result = journal::commit(journal, disk);
  } catch (const PowerCut&) {
  } catch (const Error& error) {
    fail(run.wreck.story, std::string("the commit threw: ") + error.what());
  }
  run.events = power.events();
  run.disk_events = disk.events();
  run.wreck.disk = disk.durable();
  run.wreck.files = stick->durable_files();
  return run;
}

CrashMatrix::Run CrashMatrix::finish_run(const Wreck& wreck, Way way, uint64_t seed, uint64_t cut,
                                         Fate fate) const {
  Power power(seed);
  power.cut_at(cut, fate);
  const auto stick = std::make_shared<CrashStore>(power, wreck.files);
  CrashDevice disk(power, wreck.disk, 512, scenario_.physical_block_bytes);
  Run run(disk_before());
  run.wreck.story = wreck.story + (way == Way::kResume ? "; resume" : "; undo");
  if (cut != Power::kNever)
    run.wreck.story += " cut at event " + std::to_string(cut) + " (" + to_text(fate) + ")";
  try {
    journal::Journal journal = journal::Journal::open(stick, kName);
    run.result = way == Way::kResume ? journal::resume(journal, disk, request().target)
                                     : journal::undo(journal, disk, request().target);
  } catch (const PowerCut&) {
  } catch (const Error& error) {
    // A creation that was cut may leave a file that cannot be told from a damaged journal; or none.
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound)
      fail(run.wreck.story, std::string("it threw: ") + error.what());
  }
  run.events = power.events();
  run.wreck.disk = disk.durable();
  run.wreck.files = stick->durable_files();
  return run;
}

// Independent of how src/journal tells positions: whole disks are compared.
void CrashMatrix::check_between_positions(const Wreck& wreck) const {
  if (scenario_.judge) scenario_.judge(wreck.disk, wreck.story);
  for (size_t position = 0; position < positions_.size(); ++position) {
    const size_t next = std::min(position + 1, positions_.size() - 1);
    if (is_between(wreck.disk, positions_[position], positions_[next])) return;
  }
  fail(wreck.story,
       "the disk is between no two neighbouring stages: Windows could see half an edit as clean");
}

void CrashMatrix::check_finish(const Wreck& wreck, Way way) const {
  using journal::Outcome;
  const Run run = finish_run(wreck, way, 1, Power::kNever, Fate::kKeep);
  const std::string& story = run.wreck.story;
  if (!run.result) {
    if (wreck.disk != disk_before()) fail(story, "the journal cannot be used, and something was written");
    if (run.wreck.disk != disk_before()) fail(story, "something was written without a usable journal");
    return;
  }
  const journal::Result& result = *run.result;
  if (!result.journal_marked) fail(story, "the journal was not closed: " + result.problem);
  if (result.out_of_order) fail(story, "the order of the stages was not recognised");
  const bool must_be_after = result.outcome == Outcome::kCommitted;
  const bool must_be_before = result.outcome == Outcome::kUndone || result.outcome == Outcome::kRolledBack ||
                              result.outcome == Outcome::kNothingWritten;
  if (result.outcome == Outcome::kLeftOpen) fail(story, "left open: " + result.problem);
  if (way == Way::kUndo && must_be_after) fail(story, "undo went forward");
  if (must_be_after && run.wreck.disk != disk_after()) fail(story, "the disk is not as after");
  if (must_be_before && run.wreck.disk != disk_before()) fail(story, "the disk is not as before");
  if (run.wreck.disk != disk_before() && run.wreck.disk != disk_after())
    fail(story, "the disk is neither before nor after");
  if (result.outcome == Outcome::kAlreadyDone && result.blocks_written != 0)
    fail(story, "it wrote nevertheless");

  const Run again = finish_run(run.wreck, way, 1, Power::kNever, Fate::kKeep);
  if (!again.result || again.result->blocks_written != 0 || again.wreck.disk != run.wreck.disk)
    fail(again.wreck.story, "a second time did something");
}

void CrashMatrix::check_finish_cut(const Wreck& wreck, Way way, uint64_t seed) {
  const Run whole = finish_run(wreck, way, seed, Power::kNever, Fate::kKeep);
  for (uint64_t cut = 0; cut < whole.events; ++cut) {
    for (const Fate fate : kFates) {
      for (uint64_t attempt = 0; attempt < std::min<uint64_t>(tries(fate), 3); ++attempt) {
        const Run run = finish_run(wreck, way, seed_of(cut, attempt, seed), cut, fate);
        ++counts_.nested_cuts;
        check_between_positions(run.wreck);
        check_finish(run.wreck, Way::kResume);
        check_finish(run.wreck, Way::kUndo);
      }
    }
  }
}

void CrashMatrix::cut_everywhere() {
  for (uint64_t cut = 0; cut < events_; ++cut) {
    for (const Fate fate : kFates) {
      for (uint64_t attempt = 0; attempt < tries(fate); ++attempt) {
        const uint64_t seed = seed_of(cut, attempt);
        const Run run = commit_run(seed, cut, fate, {});
        ++counts_.cuts;
        if (run.result) fail(run.wreck.story, "the power was not cut");
        check_between_positions(run.wreck);
        check_finish(run.wreck, Way::kResume);
        check_finish(run.wreck, Way::kUndo);
        if (counts_.cuts % (is_long_run() ? scenario_.long_nested_sample : scenario_.nested_sample) != 0)
          continue;
        check_finish_cut(run.wreck, Way::kResume, seed);
        check_finish_cut(run.wreck, Way::kUndo, seed);
      }
    }
  }
  // A finished repair that is undone.
  const Run done = commit_run(1, Power::kNever, Fate::kKeep, {});
  check_finish(done.wreck, Way::kResume);
  check_finish(done.wreck, Way::kUndo);
  check_finish_cut(done.wreck, Way::kUndo, 1);
}

void CrashMatrix::check_refuses(Wreck wreck, uint64_t offset, uint8_t value) {
  wreck.disk.write(offset, Bytes(&value, 1));
  wreck.story += "; byte " + std::to_string(offset) + " changed by another";
  ++counts_.uses;
  for (const Way way : {Way::kResume, Way::kUndo}) {
    Power power;
    const auto stick = std::make_shared<CrashStore>(power, wreck.files);
    CrashDevice disk(power, wreck.disk, 512, scenario_.physical_block_bytes);
    try {
      journal::Journal journal = journal::Journal::open(stick, kName);
      if (!journal::is_open(journal.state()) &&
          (way == Way::kResume || journal.state() != journal::State::kClosed))
        return;
      const journal::Result result = way == Way::kResume ? journal::resume(journal, disk, request().target)
                                                         : journal::undo(journal, disk, request().target);
      fail(wreck.story, "it went on: " + std::string(journal::to_string(result.outcome)));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kNotFound)
        return;  // cut creation
      if (error.code() != ErrorCode::kConflict)
        fail(wreck.story, std::string("a wrong error: ") + error.what());
    }
    if (disk.durable() != wreck.disk) fail(wreck.story, "something was written to a volume that was used");
  }
}

void CrashMatrix::check_used(const Wreck& wreck, uint64_t seed) {
  std::mt19937_64 random(seed);
  // A value that no position has at this place.
  const auto foreign = [&](uint64_t offset) {
    for (;;) {
      const uint8_t value = static_cast<uint8_t>(random());
      if (std::none_of(positions_.begin(), positions_.end(),
                       [&](const SparseBytes& disk) { return disk[offset] == value; }))
        return value;
    }
  };
  for (const journal::Witness& witness : witnesses_) {
    const uint64_t offset = witness.disk_offset + random() % witness.bytes.size();
    check_refuses(wreck, offset, foreign(offset));
  }
  for (const block::StageImages& stage : stages_) {
    for (const auto& [block, bytes] : stage.blocks) {
      const uint64_t offset = block + random() % bytes.size();
      check_refuses(wreck, offset, foreign(offset));
    }
  }
}

void CrashMatrix::use_after_every_cut() {
  for (uint64_t cut = 0; cut <= events_; ++cut) {  // the last is the finished commit
    for (const Fate fate : {Fate::kKeep, Fate::kShuffle}) {
      for (uint64_t attempt = 0; attempt < (is_long_run() ? tries(fate) : 1); ++attempt)
        check_used(commit_run(seed_of(cut, attempt), cut, fate, {}).wreck, seed_of(cut, attempt, 7));
    }
  }
}

void CrashMatrix::fail_disk_everywhere() {
  using journal::Outcome;
  for (uint64_t at = 0; at < disk_events_; ++at) {
    const Fault once{Fault::Kind::kFailOnce, at};
    const uint64_t seed = seed_of(at, 0, 3);
    const Run run = commit_run(seed, Power::kNever, Fate::kKeep, once);
    ++counts_.disk_failures;
    if (run.result->outcome != Outcome::kRolledBack || run.wreck.disk != disk_before() ||
        run.result->problem.empty())
      fail(run.wreck.story, "a disk that failed once was not rolled back: " + run.result->problem);
    check_finish(run.wreck, Way::kResume);
    // The same, with a cut at any event: before the failure, during the roll-back, at the journal's marks.
    for (uint64_t cut = creation_events(); cut < run.events; ++cut) {
      for (const Fate fate : kFates) {
        if (!is_long_run() && (cut + at + static_cast<uint64_t>(fate)) % 5 != 0) continue;
        const Run both = commit_run(seed, cut, fate, once);
        ++counts_.nested_cuts;
        check_between_positions(both.wreck);
        check_finish(both.wreck, Way::kResume);
        check_finish(both.wreck, Way::kUndo);
      }
    }
    const Run dead = commit_run(seed, Power::kNever, Fate::kKeep, {Fault::Kind::kFailForGood, at});
    ++counts_.disk_failures;
    if (dead.result->outcome != Outcome::kLeftOpen || dead.result->journal_marked ||
        dead.result->problem.empty())
      fail(dead.wreck.story, "a disk that failed for good was not told as left open");
    check_between_positions(dead.wreck);
    check_finish(dead.wreck, Way::kResume);
    check_finish(dead.wreck, Way::kUndo);
  }
}

void CrashMatrix::pull_stick_everywhere() {
  for (uint64_t at = 0; at < disk_events_; ++at) {
    const Run run = commit_run(seed_of(at, 0, 5), Power::kNever, Fate::kKeep, {Fault::Kind::kPullStick, at});
    ++counts_.pulled_sticks;
    if (run.result->outcome != journal::Outcome::kCommitted || run.wreck.disk != disk_after())
      fail(run.wreck.story, "a stick that vanished stopped the commit");
    if (run.result->journal_marked || run.result->problem.empty())
      fail(run.wreck.story, "a journal that could not be closed was not told");
    const Run resumed = finish_run(run.wreck, Way::kResume, 1, Power::kNever, Fate::kKeep);
    if (!resumed.result || resumed.result->outcome != journal::Outcome::kCommitted ||
        resumed.result->blocks_written != 0)
      fail(resumed.wreck.story, "resume did not see that all was done");
    check_finish(run.wreck, Way::kUndo);
  }
}

}  // namespace mend::test
