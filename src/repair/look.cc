// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/look.h"

#include "base/text.h"
#include "bitlocker/unlocked_volume.h"
#include "block/window.h"
#include "repair/keyring.h"
#include "repair/unlock.h"

namespace mend::repair {
namespace {

WindowsReport describe(const windows::Installation& installation) {
  WindowsReport report;
  report.directory = printable(installation.windows_directory);
  report.host = printable(installation.host);
  report.product = printable(installation.product);
  if (installation.build != 0) {
    report.build = std::to_string(installation.build);
    if (installation.ubr != 0) report.build += "." + std::to_string(installation.ubr);
  }
  report.time_zone = printable(installation.time_zone);
  report.bias_minutes = installation.bias_minutes;
  for (const std::string& warning : installation.warnings) report.warnings.push_back(printable(warning));
  return report;
}

void open_file_system(Volume& volume) {
  volume.before = make_stack(volume);
  volume.ntfs = std::make_unique<ntfs::Volume>(*volume.before.plain);
  volume.report.filesystem = "ntfs";
  volume.state = ntfs::read_state(*volume.ntfs);
  volume.report.mode = "data";
  bool fast_startup_on = false;
  for (const windows::Installation& installation : windows::find_installations(*volume.ntfs)) {
    fast_startup_on = fast_startup_on || installation.hiberboot_enabled;
    volume.report.windows.push_back(describe(installation));
    volume.report.mode = "system";
  }
  // A Windows that does not shut down that way left another session than its header says.
  if (volume.state->hibernation == ntfs::Hibernation::kFastStartup && !fast_startup_on)
    volume.state->set_hibernation(ntfs::Hibernation::kHibernated);
  volume.session = volume.state->hibernation;
  volume.report.state = volume.state->text;
}

// What a volume says of itself without a key.
void look_at(Volume& volume, Operator& person) {
  person.progress(Phase::kLook, volume.name, -1);
  if (volume.disk->refused) throw Error(ErrorCode::kRefused, "repair.look.twin", *volume.disk->refused);
  if (volume.disk->info.unsupported_reason) {
    throw Error(ErrorCode::kUnsupported, "repair.look.disk", *volume.disk->info.unsupported_reason);
  }
  if (volume.partition.unsupported_reason) {
    throw Error(ErrorCode::kUnsupported, "repair.look.partition", *volume.partition.unsupported_reason);
  }
  volume.before = make_stack(volume);
  if (volume.partition.content == disk::Content::kBitlocker) {
    volume.report.filesystem = "bitlocker";
    read_metadata(volume);
  }
}

void look_into(Volume& volume, const bitlocker::Credentials& credentials, Operator& person) {
  if (volume.metadata) unlock(volume, credentials, person);
  open_file_system(volume);
}

// Worth a line in the report: what may hold Windows, and what we cannot look into.
bool is_candidate(const OpenDisk& disk, const disk::Partition& partition) {
  return disk.info.unsupported_reason || partition.unsupported_reason ||
         partition.content == disk::Content::kNtfs || partition.content == disk::Content::kBitlocker;
}

Volume describe(const OpenDisk& disk, const disk::Partition& partition) {
  Volume volume;
  volume.disk = &disk;
  volume.partition = partition;
  volume.name = partition.number == 0
                    ? disk.device->describe()
                    : "partition " + std::to_string(partition.number) + " of " + disk.device->describe();
  volume.report.disk = disk.device->describe();
  volume.report.partition = partition.number;
  volume.report.partition_guid = partition.partition_guid;
  volume.report.offset = partition.offset;
  volume.report.size_bytes = partition.size_bytes;
  volume.report.mode = "unknown";
  return volume;
}

// Runs one step of the look at a volume: its error is the volume's verdict.
template <typename Step>
void look_step(Volume& volume, Operator& person, Step step) {
  const uint64_t read_before = volume.disk->device->bytes_read();
  try {
    step();
  } catch (const Error& error) {
    if (std::string_view(error.id()) == "repair.stopped") throw;
    volume.ntfs.reset();
    record_error(volume.report, error);
  }
  volume.report.bytes_read += volume.disk->device->bytes_read() - read_before;
  person.volume(volume.report);
}

// A description reads "HOST X: date". A locked volume that calls itself another drive than C: is a data
// volume where this machine's Windows was found elsewhere.
void settle_roles(std::vector<Volume>& volumes) {
  bool windows_found = false;
  for (const Volume& volume : volumes) windows_found |= volume.is_windows();
  for (Volume& volume : volumes) {
    if (!windows_found || volume.report.mode != "unknown" || volume.report.verdict != Verdict::kLocked)
      continue;
    const std::string& text = volume.report.encryption->description;
    const size_t colon = text.find(": ");
    if (colon == std::string::npos || colon < 2 || text[colon - 2] != ' ') continue;
    const char drive = text[colon - 1];
    if (drive >= 'D' && drive <= 'Z') volume.report.mode = "data";
  }
}

}  // namespace

void record_error(VolumeReport& report, const Error& error) {
  report.verdict = verdict_of(error);
  report.reason = error.what();
  report.device_error |= error.code() == ErrorCode::kIo;
}

std::vector<OpenDisk> open_disks(const Request& request, std::vector<VolumeReport>& unreadable,
                                 Operator& person) {
  std::vector<OpenDisk> disks;
  std::vector<disk::Disk> infos;
  for (const std::string& path : request.disks) {
    stop_if_asked(person);
    person.progress(Phase::kLook, path, -1);
    try {
      OpenDisk disk;
      disk.device = block::FileDevice::open(path, block::Access::kRead);
      disk.info = disk::inspect(*disk.device);
      person.disk(report_of(disk));
      infos.push_back(disk.info);
      disks.push_back(std::move(disk));
    } catch (const Error& error) {
      if (!request.disks_found) throw;
      VolumeReport& report = unreadable.emplace_back();
      report.disk = path;
      report.mode = "unknown";
      record_error(report, error);
    }
  }
  const auto twins = disk::find_twins(infos);
  for (size_t i = 0; i < disks.size(); ++i) disks[i].refused = twins[i];
  return disks;
}

std::vector<Volume> look(const std::vector<OpenDisk>& disks, Request& request, Operator& person) {
  std::vector<Volume> volumes;
  look(disks, request, person, volumes);
  return volumes;
}

void look(const std::vector<OpenDisk>& disks, Request& request, Operator& person,
          std::vector<Volume>& volumes) {
  for (const OpenDisk& disk : disks) {
    for (const disk::Partition& partition : disk.info.partitions) {
      if (!is_candidate(disk, partition)) continue;
      stop_if_asked(person);
      Volume& volume = volumes.emplace_back(describe(disk, partition));
      person.volume(volume.report);
      look_step(volume, person, [&] { look_at(volume, person); });
    }
  }
  take_keys(volumes, request, person);  // RK-1: before anything looks into a file system
  for (Volume& volume : volumes) {
    if (volume.report.verdict) continue;
    stop_if_asked(person);
    look_step(volume, person, [&] { look_into(volume, request.credentials, person); });
  }
  settle_roles(volumes);
  // Only now, so that a person is not asked for the key of a drive that nothing here needs.
  for (Volume& volume : volumes) {
    if (volume.report.verdict != Verdict::kLocked || volume.report.mode != "unknown" || volume.skipped)
      continue;
    look_step(volume, person, [&] {
      if (!unlock_by_person(volume, person)) return;
      volume.report.verdict.reset();
      volume.report.reason.clear();
      open_file_system(volume);
    });
    settle_roles(volumes);
  }
}

Stack make_stack(const Volume& volume) {
  return make_stack(volume, std::make_shared<block::Overlay>(volume.disk->device));
}

Stack make_stack(const Volume& volume, std::shared_ptr<block::Overlay> overlay) {
  Stack stack;
  stack.overlay = std::move(overlay);
  stack.partition = std::make_shared<block::Window>(stack.overlay, volume.partition.offset,
                                                    volume.partition.size_bytes, volume.name);
  stack.plain = volume.keys ? std::make_shared<bitlocker::UnlockedVolume>(stack.partition, *volume.metadata,
                                                                          volume.keys)
                            : stack.partition;
  return stack;
}

DiskReport report_of(const OpenDisk& disk) {
  const disk::Identity& identity = disk.info.identity;
  DiskReport report;
  report.path = identity.path;
  report.vendor = identity.vendor;
  report.model = identity.model;
  report.serial = identity.serial;
  report.wwn = identity.wwn;
  report.guid = identity.disk_guid;
  report.size_bytes = identity.size_bytes;
  report.sector_bytes = identity.sector_bytes;
  report.table = disk::to_string(disk.info.table);
  report.unsupported = disk.info.unsupported_reason.value_or("");
  return report;
}

}  // namespace mend::repair
