// SPDX-License-Identifier: GPL-3.0-or-later
// The first phase: which disks and volumes are there, what is on them, and which keys open them. Reads only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bitlocker/metadata.h"
#include "bitlocker/unlock.h"
#include "block/file_device.h"
#include "block/overlay.h"
#include "disk/disk.h"
#include "ntfs/state.h"
#include "ntfs/volume.h"
#include "repair/operator.h"
#include "repair/report.h"
#include "repair/request.h"
#include "windows/installation.h"

namespace mend::repair {

struct OpenDisk {
  std::shared_ptr<block::FileDevice> device;
  disk::Disk info;
  std::optional<std::string> refused;  // a twin of it is there
};

// A view of one volume, from the disk up. What is written to `plain` stays in `overlay`.
struct Stack {
  std::shared_ptr<block::Overlay> overlay;
  std::shared_ptr<block::BlockDevice> partition;
  std::shared_ptr<block::BlockDevice> plain;  // the file system's bytes: `partition`, or its unlocked form
};

struct Volume {
  const OpenDisk* disk = nullptr;
  disk::Partition partition;
  std::string name;  // for messages: "partition 3 of /dev/sda"
  VolumeReport report;
  std::shared_ptr<const bitlocker::Metadata>
      metadata;  // once unlocked: the copy that the sealed hash vouches for
  std::shared_ptr<const bitlocker::VolumeKeys> keys;
  bool skipped = false;                // the person has no key for it
  Stack before;                        // as the plan sees it: the disk, after the replay of its log
  std::unique_ptr<ntfs::Volume> ntfs;  // over `before`; null when locked or not NTFS
  std::optional<ntfs::VolumeState> state;
  ntfs::Hibernation session = ntfs::Hibernation::kNoFile;  // as the disk has it

  bool is_windows() const { return !report.windows.empty(); }
};

// A volume's error becomes its verdict and reason; the next volume goes on.
void record_error(VolumeReport& report, const Error& error);

// Opens and inspects each of the request's disks. One that cannot be read is an error of the run when it was
// named (kUsage, kIo, kCorrupt…), and else an entry in `unreadable` with its verdict and reason.
std::vector<OpenDisk> open_disks(const Request& request, std::vector<VolumeReport>& unreadable,
                                 Operator& person);
// All volumes of all disks, opened as far as keyring, credentials and the person allow; what was wrong with
// each is in its report. The person is asked last, and not for data volumes of a machine whose Windows is
// open.
std::vector<Volume> look(const std::vector<OpenDisk>& disks, Request& request, Operator& person);
// The same into `volumes`, where those that were found stay when the person stops it.
void look(const std::vector<OpenDisk>& disks, Request& request, Operator& person,
          std::vector<Volume>& volumes);
// A view over the disk with the keys that opened the volume; `overlay` keeps what is written to it.
Stack make_stack(const Volume& volume, std::shared_ptr<block::Overlay> overlay);
// The same over a fresh overlay.
Stack make_stack(const Volume& volume);
DiskReport report_of(const OpenDisk& disk);

}  // namespace mend::repair
