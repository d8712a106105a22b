// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/commit.h"

#include "ntfs/state.h"

namespace mend::repair {
namespace {

journal::Progress show(Operator& person, const std::string& name) {
  return [&person, name](journal::Step, uint64_t done, uint64_t total) {
    person.progress(Phase::kCommit, name,
                    total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total));
  };
}

// What changes as soon as Windows uses the volume, as it is on the disk now: below BitLocker, at the same
// offsets.
std::vector<journal::Witness> witnesses_of(Volume& volume) {
  std::vector<journal::Witness> witnesses;
  for (const ntfs::Range& range : ntfs::witness_ranges(*volume.ntfs)) {
    const uint64_t offset = volume.partition.offset + range.offset;
    witnesses.push_back({offset, volume.disk->device->read_bytes(offset, range.length)});
  }
  return witnesses;
}

std::string journal_path(const Recorder& recorder, const Volume& volume, const std::string& disk_name) {
  return recorder.directory() + "/" + recorder.stem() + "-" + disk_name + "p" +
         std::to_string(volume.partition.number) + ".undo";
}

std::string base_name(const std::string& path) {
  return audit::file_name_part(path.substr(path.rfind('/') + 1));
}

void set_outcome(VolumeReport& report, const journal::Result& result) {
  const bool done = result.outcome == journal::Outcome::kCommitted;
  for (ActionReport& action : report.actions) action.outcome = done ? "done" : "not-done";
  if (done) {
    report.verdict = Verdict::kFixed;
    report.reason = result.journal_marked ? "" : "the repair is whole, but " + result.problem;
    return;
  }
  report.verdict = Verdict::kFailed;
  report.device_error = true;
  report.reason =
      result.outcome == journal::Outcome::kRolledBack
          ? "the disk failed to write, and the volume was put back as it was: " + result.problem
          : "the disk failed to write, and putting the old bytes back failed too" +
                std::string(result.dirty_flag_left_set ? " (Windows will check the volume)" : "") +
                ": keep the stick, copy the disk, then run `mend resume`: " + result.problem;
}

}  // namespace

journal::Target target_of(const OpenDisk& disk, const disk::Partition& partition) {
  const disk::Identity& identity = disk.info.identity;
  journal::Target target;
  target.disk_serial = identity.serial;
  target.disk_model = identity.model;
  target.disk_size_bytes = disk.device->size_bytes();
  target.disk_guid = identity.disk_guid.value_or(Guid{});
  target.partition_guid = partition.partition_guid.value_or(Guid{});
  target.mbr_signature = identity.mbr_signature.value_or(0);
  target.partition_offset = partition.offset;
  target.partition_size = partition.size_bytes;
  return target;
}

const disk::Partition* find_target(const journal::Target& target, const OpenDisk& disk) {
  for (const disk::Partition& partition : disk.info.partitions) {
    if (journal::differences(target, target_of(disk, partition)).empty()) return &partition;
  }
  return nullptr;
}

void commit(Volume& volume, const Stack& after, Recorder& recorder, const Report& report, Operator& person) {
  journal::Request request;
  request.run_id = report.run_id;
  request.created = now();
  request.target = target_of(*volume.disk, volume.partition);
  request.block_bytes = after.overlay->block_bytes();
  request.witnesses = witnesses_of(volume);
  stop_if_asked(person);
  person.progress(Phase::kCommit, volume.name, 0);
  block::FileDevice& disk = *volume.disk->device;
  const std::string path = journal_path(recorder, volume, base_name(disk.describe()));
  disk.make_writable();
  journal::Journal journal = journal::Journal::create(path, request, after.overlay->stages(), disk);
  volume.report.journal = path;
  recorder.commit_started(volume.report, path);
  const journal::Result result = journal::commit(journal, disk, show(person, volume.name));
  volume.report.bytes_written += result.bytes_written;
  volume.report.bytes_read += result.bytes_read;
  set_outcome(volume.report, result);
}

namespace {

void resume_one(const journal::Listing& listing, OpenDisk& disk, const disk::Partition& partition,
                Recorder& recorder, Report& report, Operator& person) {
  journal::Journal journal = journal::Journal::open(listing.path);
  disk.device->make_writable();
  const std::string name = "partition " + std::to_string(partition.number) + " of " + disk.device->describe();
  recorder.journal_taken_up("resume-started", listing.path);
  const journal::Result result =
      journal::resume(journal, *disk.device, target_of(disk, partition), show(person, name));
  std::string text = "interrupted work of run " + listing.run_id + " on " + name + ": " +
                     std::string(journal::to_string(result.outcome));
  if (!result.problem.empty()) text += " (" + result.problem + ")";
  const bool good = result.outcome != journal::Outcome::kLeftOpen;
  if (result.outcome == journal::Outcome::kCommitted)
    report.finished_volumes.push_back({disk.device->describe(), partition.number});
  recorder.journal_left("resumed", text, journal::to_string(result.outcome), good);
  report.notes.push_back(text);
  report.stuck_journal |= !good;
}

}  // namespace

void resume_all(const std::string& directory, std::vector<OpenDisk>& disks, Recorder& recorder,
                Report& report, Operator& person) {
  for (const journal::Listing& listing : journal::find_open(directory)) {
    if (listing.problem) {
      report.notes.push_back("the journal " + listing.path +
                             " is damaged and was left alone: " + *listing.problem);
      recorder.note("journal-damaged", report.notes.back(), false);
      continue;
    }
    bool found = false;
    for (OpenDisk& disk : disks) {
      const disk::Partition* partition = find_target(listing.target, disk);
      if (partition == nullptr) continue;
      found = true;
      try {
        resume_one(listing, disk, *partition, recorder, report, person);
      } catch (const Error& error) {
        report.stuck_journal = true;
        report.notes.push_back("the interrupted work in " + listing.path +
                               " cannot be resumed, and nothing was written: " + error.what());
        recorder.note("resume-refused", report.notes.back(), false);
      }
      break;
    }
    if (found) continue;
    report.notes.push_back("the journal " + listing.path + " belongs to " +
                           journal::describe(listing.target) + ", which is not here: left alone");
    recorder.note("journal-elsewhere", report.notes.back(), true);
  }
}

}  // namespace mend::repair
