// SPDX-License-Identifier: GPL-3.0-or-later
// A session of Windows that is given up, on a disk that does not hold what is written to it: taken up on a
// volume that has changed, the session would destroy it.
#include "tests/unit/journal/fixture.h"

namespace mend::journal {
namespace {

constexpr uint64_t kHeader = 6 * 4096;

struct Hibernated : Fixture {
  Hibernated() {
    block::Overlay overlay(std::make_shared<test::MemoryDevice>(before));
    overlay.write(kHeader, ByteVector(4096));
    overlay.end_stage(block::Stage::kHibernation);
    for (const block::StageImages& stage : stages) {
      for (const auto& [offset, bytes] : stage.blocks) overlay.write(offset, bytes);
      overlay.end_stage(stage.stage);
    }
    stages = overlay.stages();
    after = overlay.read_bytes(0, kBytes);
  }
  Journal committed() {
    Journal journal = create();
    REQUIRE(commit(journal, disk).outcome == Outcome::kCommitted);
    REQUIRE(disk.bytes == after);
    return journal;
  }
  Bytes header() const { return slice(Bytes(disk.bytes), kHeader, 4096); }
  bool header_is_back() const { return equal(header(), slice(Bytes(before), kHeader, 4096)); }
};

TEST_CASE("W-7: where the header does not become zeros, nothing else is written", "[journal]") {
  Hibernated f;
  Journal journal = f.create();
  StuckDevice stuck(f.disk);
  stuck.stuck_at = kHeader;
  test::RecordingDevice disk(stuck);
  const Result result = commit(journal, disk);
  CHECK(result.outcome == Outcome::kRolledBack);
  CHECK(f.disk.bytes == f.before);
  for (const test::RecordingDevice::Event& event : disk.events)
    if (event.kind == test::RecordingDevice::Kind::kWrite) CHECK(event.offset == kHeader);
}

TEST_CASE("W-7: the header is put back only where all else was read back as it was", "[journal]") {
  for (const uint64_t place : {Fixture::kEdit, uint64_t{12 * 4096}}) {
    CAPTURE(place);
    Hibernated f;
    Journal journal = f.committed();
    StuckDevice disk(f.disk);
    disk.stuck_at = place;
    const Result result = undo(journal, disk, f.request.target);
    CHECK(result.outcome == Outcome::kLeftOpen);
    CHECK(result.dirty_flag_left_set);
    CHECK(all_zero(f.header()));
    // On a disk that is sound again, it is finished.
    Journal again = f.open();
    CHECK(resume(again, f.disk, f.request.target).outcome == Outcome::kUndone);
    CHECK(f.disk.bytes == f.before);
  }
}

TEST_CASE("W-7: a header that came back in parts is given up again", "[journal]") {
  Hibernated f;
  Journal journal = f.committed();
  // The first write of the header reaches the disk without its second half.
  class HalfDevice : public test::ForwardingDevice {
   public:
    using test::ForwardingDevice::ForwardingDevice;
    void write(uint64_t offset, Bytes data) override {
      const bool half = offset == kHeader && !done_;
      done_ |= half;
      ForwardingDevice::write(offset, half ? data.first(2048) : data);
    }

   private:
    bool done_ = false;
  } disk(f.disk);
  const Result result = undo(journal, disk, f.request.target);
  CHECK(result.outcome == Outcome::kLeftOpen);
  CHECK(result.dirty_flag_left_set);
  CHECK(all_zero(f.header()));
  Journal again = f.open();
  CHECK(resume(again, f.disk, f.request.target).outcome == Outcome::kUndone);
  CHECK(f.header_is_back());
  CHECK(f.disk.bytes == f.before);
}

}  // namespace
}  // namespace mend::journal
