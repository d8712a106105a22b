// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/commit.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "journal/position.h"

namespace mend::journal {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 20;

// A walk over one disk, and what it knows of the disk's blocks. A walk by position only writes what the
// position asks for and the disk does not have.
class Walk {
 public:
  Walk(Journal& journal, block::BlockDevice& disk, const Progress& progress)
      : journal_(journal), disk_(disk), report_(progress) {
    at_.assign(journal.blocks().size(), kUnknown);
  }

  Placement locate_blocks() {
    Placement placement = locate(journal_, disk_, report_, Step::kCompare);
    at_ = placement.images;
    result.bytes_read += placement.bytes_read;
    result.out_of_order = placement.out_of_order();
    return placement;
  }

  size_t last() const { return journal_.stages().size(); }
  bool has_written() const { return result.blocks_written != 0; }

  // From a position to the last one. Throws what the disk throws.
  void forward(size_t position) {
    for (size_t next = position + 1; next <= last(); ++next) {
      reached_ = std::max(reached_, next);
      write_stage(next, Way::kForward);
      if (ends_session(next)) read_back(next);  // W-7
    }
  }
  // From a position to the first one.
  void backward(size_t position) {
    reached_ = std::max(reached_, position);
    for (size_t undone = position; undone >= 1; --undone) {
      if (ends_session(undone)) require_old_but_for_session();
      write_stage(undone, Way::kBack);
    }
  }

  // W-4. kIo when a block is not there.
  void read_back(size_t position) {
    const Placement placement = read_again();
    if (placement.conflict || !placement.is_at(journal_, position)) fail_to_hold(placement);
  }

  // After a failure forward: puts everything back, or leaves the volume as safe as the disk allows.
  void give_up(const std::string& why);
  // After a failure back: leaves the volume as safe as the disk allows.
  void leave_open(const std::string& why);
  void mark_last(State state);

  Result result;

 private:
  enum class Way { kForward, kBack };
  static constexpr size_t kUnknown = Placement::kTorn;
  struct Wanted {
    size_t block, image;
  };

  Placement read_again() {
    Placement placement = locate(journal_, disk_, report_, Step::kReadBack);
    result.bytes_read += placement.bytes_read;
    return placement;
  }
  [[noreturn]] void fail_to_hold(const Placement& placement) {
    at_.assign(at_.size(), kUnknown);
    unreliable_ = true;
    throw Error(ErrorCode::kIo, "journal.walk.readback",
                disk_.describe() + " does not hold what was written to it" +
                    (placement.conflict ? ": " + *placement.conflict : std::string()));
  }

  bool ends_session(size_t position) const {
    return journal_.stages()[position - 1] == block::Stage::kHibernation;
  }
  void require_old_but_for_session();
  void give_session_up(size_t position);
  std::vector<Wanted> images_of(block::Stage stage, size_t position) const;
  void write_stage(size_t position, Way way);
  void write_and_flush(const std::vector<Wanted>& wanted, Step step);
  size_t write_run(const std::vector<Wanted>& wanted, size_t first);
  void set_dirty_flag();
  void tell(const std::string& problem) {
    if (!result.problem.empty()) result.problem += "; ";
    result.problem += problem;
  }

  Journal& journal_;
  block::BlockDevice& disk_;
  Reporter report_;
  std::vector<size_t> at_;   // the image each block is known to have, durably; or kUnknown
  size_t reached_ = 0;       // the highest position of which something may be on the disk
  size_t current_ = 0;       // the disk is between this position and the one before
  bool unreliable_ = false;  // the disk did not hold what it said it had written
};

// W-7. The header may be there already, or in parts.
void Walk::require_old_but_for_session() {
  const Placement placement = read_again();
  if (placement.conflict || (placement.positions & 1U) == 0) fail_to_hold(placement);
}

// Writes the blocks of one stage: its images (kForward), or for each block the image before it (kBack).
void Walk::write_stage(size_t position, Way way) {
  current_ = position;
  const block::Stage stage = journal_.stages()[position - 1];
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < journal_.blocks().size(); ++i) {
    const std::vector<Image>& images = journal_.blocks()[i].images;
    const size_t own = image_at(journal_, journal_.blocks()[i], position);
    if (images[own].stage != stage) continue;
    const size_t target = way == Way::kForward ? own : own - 1;
    if (at_[i] == kUnknown || images[at_[i]].bytes != images[target].bytes) wanted.push_back({i, target});
  }
  write_and_flush(wanted, way == Way::kForward ? Step::kWrite : Step::kRollBack);
}

void Walk::write_and_flush(const std::vector<Wanted>& wanted, Step step) {
  if (wanted.empty()) return;
  for (const Wanted& one : wanted) at_[one.block] = kUnknown;
  for (size_t first = 0; first < wanted.size();) {
    first = write_run(wanted, first);
    report_(step, first, wanted.size());
  }
  disk_.flush();
  for (const Wanted& one : wanted) at_[one.block] = one.image;
}

// Neighbours in one write. Returns the index after the last one written.
size_t Walk::write_run(const std::vector<Wanted>& wanted, size_t first) {
  const auto block_of = [&](size_t index) -> const Block& { return journal_.blocks()[wanted[index].block]; };
  const auto bytes_of = [&](size_t index) -> const ByteVector& {
    return block_of(index).images[wanted[index].image].bytes;
  };
  ByteVector buffer = bytes_of(first);
  size_t end = first + 1;
  while (end < wanted.size() && block_of(end).offset == block_of(first).offset + buffer.size() &&
         buffer.size() < kWriteBytes) {
    buffer.insert(buffer.end(), bytes_of(end).begin(), bytes_of(end).end());
    ++end;
  }
  result.blocks_written += end - first;
  result.bytes_written += buffer.size();
  disk_.write(block_of(first).offset, buffer);
  return end;
}

void Walk::give_up(const std::string& why) {
  tell(why);
  try {
    journal_.mark(State::kRollingBack);
  } catch (const std::exception& error) {
    tell(std::string("the journal could not be marked: ") + error.what());
  }
  try {
    backward(reached_);
    read_back(0);
  } catch (const std::exception& error) {
    return leave_open(std::string("putting the old bytes back failed too: ") + error.what());
  }
  result.outcome = Outcome::kRolledBack;
  mark_last(State::kRolledBack);
}

void Walk::leave_open(const std::string& why) {
  tell(why);
  result.outcome = Outcome::kLeftOpen;
  try {
    set_dirty_flag();
  } catch (const std::exception& error) {
    tell(std::string("the volume's dirty flag could not be written again: ") + error.what());
  }
  try {
    result.dirty_flag_left_set = shows_dirty_flag(journal_, disk_);
  } catch (const std::exception& error) {
    tell(std::string("nor could it be read: ") + error.what());
  }
}

// Puts the dirty flag's images back, unless no edit can be on the disk. The images are those of the position
// below the stage that failed: there the flag is set, and the blocks fit the others. Of a disk that cannot be
// relied on, those of the last stage that sets it.
void Walk::set_dirty_flag() {
  size_t position = unreliable_ ? last() : std::max<size_t>(current_, 1) - 1;
  const auto sets_flag = [&] { return flag_at(journal_, position) == journal_.stages()[position - 1]; };
  while (unreliable_ && position != 0 && !sets_flag()) --position;
  if (unreliable_) give_session_up(position);
  if (const std::optional<block::Stage> flag = flag_at(journal_, position))
    write_and_flush(images_of(*flag, position), Step::kRollBack);
}

// W-7. The session would not look at the dirty flag.
void Walk::give_session_up(size_t position) {
  write_and_flush(images_of(block::Stage::kHibernation, std::max<size_t>(position, 1)), Step::kRollBack);
}

// What is not known to be on the disk of the blocks that the stage writes, as the position has them.
std::vector<Walk::Wanted> Walk::images_of(block::Stage stage, size_t position) const {
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < at_.size(); ++i) {
    const Block& block = journal_.blocks()[i];
    const auto is_of_stage = [&](const Image& image) { return image.stage == stage; };
    const size_t image = image_at(journal_, block, position);
    if (std::any_of(block.images.begin(), block.images.end(), is_of_stage) && at_[i] != image)
      wanted.push_back({i, image});
  }
  return wanted;
}

void Walk::mark_last(State state) {
  try {
    journal_.mark(state);
    result.journal_marked = true;
  } catch (const std::exception& error) {
    tell(std::string("the journal could not be closed: ") + error.what());
  }
}

void require_size(const Journal& journal, block::BlockReader& disk) {
  if (journal.target().disk_size_bytes == disk.size_bytes()) return;
  throw Error(ErrorCode::kRefused, "journal.target.size",
              "the journal " + journal.path() + " is for a disk of " +
                  std::to_string(journal.target().disk_size_bytes) + " bytes; " + disk.describe() + " has " +
                  std::to_string(disk.size_bytes()));
}

void require_target(const Journal& journal, block::BlockReader& disk, const Target& present) {
  std::string text;
  for (const std::string& difference : differences(journal.target(), present)) text += "; " + difference;
  if (!text.empty()) {
    throw Error(ErrorCode::kRefused, "journal.target",
                "the journal " + journal.path() + " is for " + describe(journal.target()) + ", not for " +
                    disk.describe() + text);
  }
  require_size(journal, disk);
}

// W-1. The flush makes durable what an interrupted run of ours may have left in a cache.
Placement locate_or_refuse(Walk& walk, Journal& journal, block::BlockDevice& disk) {
  disk.flush();
  Placement placement = walk.locate_blocks();
  if (placement.conflict) {
    throw Error(ErrorCode::kConflict, "journal.used",
                disk.describe() + " was used since the interrupted repair: " + *placement.conflict +
                    "; nothing was written (journal " + journal.path() + ")");
  }
  return placement;
}

Result roll_forward(Journal& journal, block::BlockDevice& disk, const Progress& progress) {
  Walk walk(journal, disk, progress);
  const Placement placement = locate_or_refuse(walk, journal, disk);
  // The highest that fits: what is on the disk is the same for all, so the shortest way is as safe as any.
  const size_t position =
      placement.positions == 0 ? 0 : static_cast<size_t>(std::bit_width(placement.positions)) - 1;
  try {
    walk.forward(position);
    if (walk.has_written()) walk.read_back(walk.last());
  } catch (const std::exception& error) {
    walk.give_up(error.what());
    return walk.result;
  }
  walk.result.outcome = Outcome::kCommitted;
  walk.mark_last(State::kClosed);
  return walk.result;
}

// `begin` and `end`: the state to mark before the first write, and after the last.
Result roll_back(Journal& journal, block::BlockDevice& disk, State begin, State end,
                 const Progress& progress) {
  Walk walk(journal, disk, progress);
  const Placement placement = locate_or_refuse(walk, journal, disk);
  if (journal.state() != begin) journal.mark(begin);
  // The lowest that fits lies between it and the next.
  const size_t position =
      placement.positions == 0
          ? walk.last()
          : std::min(static_cast<size_t>(std::countr_zero(placement.positions)) + 1, walk.last());
  try {
    walk.backward(position);
    if (walk.has_written()) walk.read_back(0);
  } catch (const std::exception& error) {
    walk.leave_open(error.what());
    return walk.result;
  }
  walk.result.outcome = end == State::kUndone ? Outcome::kUndone : Outcome::kRolledBack;
  walk.mark_last(end);
  return walk.result;
}

// J-3. When the stick fails at it, nothing was written, and the journal should say so if it still can.
void make_valid(Journal& journal) {
  try {
    journal.make_valid();
  } catch (const std::exception&) {
    if (journal.state() == State::kValid) {
      try {
        journal.mark(State::kRolledBack);
      } catch (const std::exception&) {  // NOLINT: the first error is told; resume will find all old images
      }
    }
    throw;
  }
}

Result finished(const Journal& journal) {
  Result result;
  result.outcome = journal.state() == State::kEmpty ? Outcome::kNothingWritten : Outcome::kAlreadyDone;
  result.journal_marked = true;
  return result;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCommitted:
      return "committed";
    case Outcome::kRolledBack:
      return "rolled-back";
    case Outcome::kUndone:
      return "undone";
    case Outcome::kNothingWritten:
      return "nothing-written";
    case Outcome::kAlreadyDone:
      return "already-done";
    case Outcome::kLeftOpen:
      return "left-open";
  }
  return "unknown";
}

Survey survey(const Journal& journal, block::BlockReader& disk) {
  require_size(journal, disk);
  Reporter silent{Progress{}};
  const Placement placement = locate(journal, disk, silent, Step::kCompare);
  Survey survey;
  survey.blocks = journal.blocks().size();
  survey.torn_blocks = placement.torn_blocks;
  survey.conflict = placement.conflict;
  survey.place = placement.is_at(journal, journal.stages().size()) ? Survey::Place::kNew
                 : placement.is_at(journal, 0)                     ? Survey::Place::kOld
                                                                   : Survey::Place::kBetween;
  return survey;
}

Result commit(Journal& journal, block::BlockDevice& disk, const Progress& progress) {
  if (journal.state() != State::kEmpty || !journal.is_fresh()) {
    throw Error(ErrorCode::kRefused, "journal.commit.state",
                "the journal " + journal.path() + " is " + std::string(to_string(journal.state())) +
                    ", and a commit needs a new one: resume or undo it");
  }
  require_size(journal, disk);
  Walk walk(journal, disk, progress);
  const Placement placement = walk.locate_blocks();
  if (placement.conflict || !placement.is_at(journal, 0)) {
    throw Error(ErrorCode::kConflict, "journal.commit.changed",
                disk.describe() + " changed since the repair was planned: " +
                    placement.conflict.value_or("a block has other bytes") + "; nothing was written");
  }
  make_valid(journal);
  try {
    walk.forward(0);
    walk.read_back(walk.last());
  } catch (const std::exception& error) {
    walk.give_up(error.what());
    return walk.result;
  }
  walk.result.outcome = Outcome::kCommitted;
  walk.mark_last(State::kClosed);
  return walk.result;
}

Result resume(Journal& journal, block::BlockDevice& disk, const Target& present, const Progress& progress) {
  if (!is_open(journal.state())) return finished(journal);
  require_target(journal, disk, present);
  if (journal.state() == State::kValid) return roll_forward(journal, disk, progress);
  if (journal.state() == State::kUndoing)
    return roll_back(journal, disk, State::kUndoing, State::kUndone, progress);
  return roll_back(journal, disk, State::kRollingBack, State::kRolledBack, progress);
}

Result undo(Journal& journal, block::BlockDevice& disk, const Target& present, const Progress& progress) {
  const State state = journal.state();
  if (state == State::kEmpty || state == State::kUndone || state == State::kRolledBack)
    return finished(journal);
  require_target(journal, disk, present);
  return roll_back(journal, disk, State::kUndoing, State::kUndone, progress);
}

}  // namespace mend::journal
