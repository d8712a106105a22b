// SPDX-License-Identifier: GPL-3.0-or-later
// The crash matrix over the repair of a PC that was hibernated: a session is saved in hiberfil.sys, the log
// is open, and files are to go. The repair is the whole run of the product, and what its journal holds is
// what is cut. A session that is taken up believes the volume as it left it: where any other byte has changed
// by then, Windows destroys the volume.
#include <set>

#include "base/text.h"
#include "journal/journal.h"
#include "ntfs/path.h"
#include "ntfs/replay.h"
#include "repair/run.h"
#include "tests/crash/volume/volume.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tools/brokenpc/brokenpc.h"

namespace mend::test {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr char kManifest[] = R"(
[manifest]
id = "session"
version = 1
title = "Files of every action"
source = "this test"
[[rule]]
id = "away"
action = "quarantine"
path = 'Windows\System32\drivers\CrowdStrike\C-00000291*.sys'
[[rule]]
id = "gone"
action = "delete"
path = 'Windows\System32\drivers\CrowdStrike\C-00000290*.sys'
[[rule]]
id = "named"
action = "rename"
path = 'Windows\System32\drivers\CrowdStrike\C-00000285-00000000-00000040.sys'
new_name = "renamed.sys"
)";

std::string path_of_channel(const char* name) {
  return std::string("Windows\\System32\\drivers\\CrowdStrike\\") + name;
}

// A hibernated PC, and what a run that gives its session up journals of it.
struct Repaired {
  ByteVector before;
  std::vector<block::StageImages> stages;
  std::vector<std::pair<uint64_t, uint64_t>> witnesses;
};

Repaired repair_hibernated(brokenpc::Hibernation hibernation, uint64_t crash_at) {
  const TempFolder folder;
  brokenpc::Options pc;
  pc.output = folder / "pc.img";
  pc.size_bytes = 8 << 20;
  pc.table = brokenpc::Table::kBare;
  pc.seed = 7;
  pc.encrypt = false;
  pc.hibernation = hibernation;
  pc.crash_at = crash_at;
  brokenpc::make(pc);
  Repaired repaired;
  repaired.before = read_file(pc.output);

  std::ofstream(folder / "manifest.toml") << kManifest;
  repair::Request request;
  request.disks = {pc.output};
  request.manifests = {folder / "manifest.toml"};
  request.audit_directory = folder / "stick";
  request.discard = hibernation == brokenpc::Hibernation::kFastStartup ? repair::Discard::kFastStartup
                                                                       : repair::Discard::kAll;
  Nobody nobody;
  const repair::Report report = repair::repair(request, nobody);
  REQUIRE(report.volumes.size() == 1);
  INFO(report.volumes[0].reason);
  REQUIRE(report.verdict == repair::Verdict::kFixed);
  REQUIRE(report.volumes[0].actions.size() == 4);
  REQUIRE(report.volumes[0].replay);
  REQUIRE(report.volumes[0].replay->redone > 0);

  const journal::Journal journal = journal::Journal::open(report.volumes[0].journal);
  for (const block::Stage stage : journal.stages()) repaired.stages.push_back({stage, {}});
  for (const journal::Block& block : journal.blocks()) {
    for (const journal::Image& image : block.images) {
      for (block::StageImages& stage : repaired.stages)
        if (image.stage == stage.stage) stage.blocks[block.offset] = image.bytes;
    }
  }
  for (const journal::WitnessBlock& witness : journal.witnesses())
    repaired.witnesses.emplace_back(witness.offset, witness.length);
  return repaired;
}

// What a PC makes of the disk that a cut left, whoever comes first: nobody, or Windows.
class Judge {
 public:
  Judge(const ByteVector& before, const ByteVector& after) : before_(before), after_(content_of(after)) {
    static constexpr uint8_t kSignature[] = {'H', 'I', 'B', 'R'};
    static constexpr uint8_t kLowerSignature[] = {'h', 'i', 'b', 'r'};
    size_t found = 0;
    for (uint64_t at = 0; at + kPageBytes <= before.size(); at += kPageBytes) {
      const Bytes start = Bytes(before).subspan(static_cast<size_t>(at), 4);
      if (!equal(start, kSignature) && !equal(start, kLowerSignature)) continue;
      header_ = at;
      ++found;
    }
    REQUIRE(found == 1);
    ByteVector cold = without_session(before);
    old_ = content_of(cold);
    MemoryDevice device(std::move(cold));
    ntfs::replay_log(device);
    replayed_ = content_of(device.bytes);
    REQUIRE(replayed_ != old_);
    REQUIRE(replayed_ != after_);
  }

  uint64_t header() const { return header_; }

  void operator()(const SparseBytes& disk, const std::string& story) {
    INFO(story);
    const Bytes header = disk.bytes_of(header_), old_header = slice(Bytes(before_), header_, kPageBytes);
    bool changed = false;
    std::string what;
    disk.for_each_page([&](uint64_t page) {
      const Bytes bytes = disk.bytes_of(page);
      changed |= page != header_ && !equal(bytes, slice(Bytes(before_), page, bytes.size()));
      what += std::to_string(page) + std::string(as_text(bytes));
    });
    if (changed && equal(header.first(4), old_header.first(4)))
      FAIL("a session that can be taken up lies on a volume that has changed");
    if (changed && !all_zero(header))
      FAIL("a part of the session's header is left on a volume that has changed");
    if (!seen_.insert(std::hash<std::string>()(what)).second) return;
    if (equal(header.first(4), old_header.first(4)))
      ++asleep;
    else if (!changed || is_long_run() || seen_.size() % kSample == 0)
      meet_cold_start(without_session(disk.to_vector()));
  }

  size_t asleep = 0;  // the session is there and the volume as it left it
  size_t old = 0, to_replay = 0, replayed = 0, to_check = 0, torn = 0, whole = 0;  // it is given up

 private:
  // Of the disks that differ, a sampled run asks Windows' next start about one in so many.
  static constexpr size_t kSample = 9;

  ByteVector without_session(ByteVector bytes) const {
    std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(header_), kPageBytes, uint8_t{0});
    return bytes;
  }

  // Windows replays the log and, where the flag is set, checks.
  void meet_cold_start(const ByteVector& bytes) {
    MemoryDevice device{ByteVector(bytes)};
    try {
      ntfs::Volume volume(device);
      const ntfs::VolumeState state = ntfs::read_state(volume);
      const ByteVector content = content_of(bytes);
      if (state.log == ntfs::LogState::kUnclean) {
        if (!state.dirty && content != old_) FAIL("the volume is half replayed and no check is asked for");
        ntfs::replay_log(device);
        if (content_of(device.bytes) != replayed_) FAIL("Windows' replay would lead elsewhere");
        ++(content == old_ ? old : to_replay);
      } else if (state.dirty) {
        ++to_check;
      } else if (content == replayed_) {
        ++replayed;
      } else {
        if (content != after_) FAIL("the volume looks clean and is between two states");
        ++whole;
      }
    } catch (const Error& error) {
      // A structure of two sectors, of which one was written.
      if (error.code() != ErrorCode::kCorrupt) throw;
      if (looks_clean(bytes)) FAIL("no check is asked for, and the volume has torn places: " << error.what());
      ++torn;
    }
  }

  // By the record of $Volume; one that is torn calls for a check by itself.
  static bool looks_clean(const ByteVector& bytes) {
    MemoryDevice device{ByteVector(bytes)};
    const ntfs::Geometry geometry = ntfs::read_geometry(device);
    bool clean = false;
    try {
      const auto record =
          ntfs::Record::parse(device.read_bytes(geometry.mft_lcn * geometry.cluster_bytes +
                                                    ntfs::system_record::kVolume * geometry.record_bytes,
                                                geometry.record_bytes),
                              ntfs::system_record::kVolume);
      record->for_each_attribute([&](const ntfs::Attribute& attribute) {
        if (attribute.type == ntfs::AttributeType::kVolumeInformation)
          clean = (read_le<uint16_t>(attribute.value, 0x0a) & 1) == 0;
      });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;
    }
    return clean;
  }

  ByteVector before_, after_, old_, replayed_;
  uint64_t header_ = 0;
  std::set<size_t> seen_;
};

void run_matrix(const std::string& name, brokenpc::Hibernation hibernation, uint64_t crash_at) {
  if (!need_program("mkntfs")) return;
  const Repaired repaired = repair_hibernated(hibernation, crash_at);
  std::vector<block::Stage> stages;
  ByteVector after = repaired.before;
  for (const block::StageImages& stage : repaired.stages) {
    stages.push_back(stage.stage);
    for (const auto& [offset, bytes] : stage.blocks)
      std::copy(bytes.begin(), bytes.end(), after.begin() + static_cast<ptrdiff_t>(offset));
  }
  auto judge = std::make_shared<Judge>(repaired.before, after);

  // The header is given up before anything else, and nothing else with it.
  REQUIRE(stages.size() >= 6);
  REQUIRE(stages.front() == block::Stage::kHibernation);
  REQUIRE(repaired.stages.front().blocks.size() == 1);
  REQUIRE(repaired.stages.front().blocks.contains(judge->header()));
  CHECK(all_zero(slice(Bytes(after), judge->header(), kPageBytes)));
  {
    MemoryDevice device{ByteVector(after)};
    ntfs::Volume volume(device);
    for (const char* gone : {"C-00000291-00000000-00000032.sys", "C-00000290-00000000-00000007.sys",
                             "C-00000285-00000000-00000040.sys"})
      CHECK_FALSE(ntfs::resolve(volume, path_of_channel(gone)).found());
    CHECK(ntfs::resolve(volume, path_of_channel("renamed.sys")).found());
  }

  Scenario scenario;
  scenario.name = name;
  scenario.before = repaired.before;
  scenario.nested_sample = 211;
  scenario.long_nested_sample = 29;  // each takes the judge some time
  scenario.prepare = [&](block::Overlay& overlay) {
    for (const block::StageImages& stage : repaired.stages) {
      for (const auto& [offset, bytes] : stage.blocks) overlay.write(offset, bytes);
      overlay.end_stage(stage.stage);
    }
    return repaired.witnesses;
  };
  scenario.judge = [judge](const SparseBytes& disk, const std::string& story) { (*judge)(disk, story); };
  CrashMatrix matrix(std::move(scenario));
  cut_everywhere(matrix, name);
  std::cout << name << ": " << judge->asleep << " asleep, " << judge->old << " old, " << judge->to_replay
            << " to replay and check, " << judge->replayed << " replayed, " << judge->to_check
            << " to check, " << judge->torn << " torn, " << judge->whole << " whole" << std::endl;
  for (const size_t count : {judge->asleep, judge->old, judge->to_replay, judge->to_check}) CHECK(count > 0);
  if (is_long_run()) {
    CHECK(judge->replayed > 0);
    CHECK(judge->whole > 0);
  }
}

TEST_CASE("RS-3: a cut never leaves a session on a volume that has changed", "[crash]") {
  run_matrix("fast startup", brokenpc::Hibernation::kFastStartup, 30);
  if (is_long_run()) run_matrix("hibernated", brokenpc::Hibernation::kLower, 61);
}

}  // namespace
}  // namespace mend::test
