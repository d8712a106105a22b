// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/windows_volume.h"

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/crash.h"
#include "tools/brokenpc/log_image.h"
#include "tools/brokenpc/windows_tree.h"

namespace mend::brokenpc {
namespace {

constexpr uint64_t kLogRecord = 2;

FormatOptions format_options(const VolumeRequest& request, const std::string& label) {
  FormatOptions format;
  format.sector_bytes = request.options.sector_bytes;
  format.cluster_bytes = request.options.cluster_bytes;
  format.label = label;
  format.serial = Random(request.seed, "serial " + request.partition.role).next();
  return format;
}

// The files by which Windows keeps others off BitLocker's clusters. The names are the same on every PC.
void reserve_bitlocker_files(TreeBuilder& tree, const Machine& machine, FveLayout& layout) {
  NtfsWriter& writer = tree.writer();
  Look look{{machine.installed, machine.installed},
            Access::kSystem,
            attribute::kHidden | attribute::kSystem | attribute::kArchive};
  look.note = "bitlocker";
  uint64_t resume = 0;
  auto reserve = [&](const std::string& name, uint64_t size, uint64_t lcn) {
    uint64_t before = writer.allocate_from(lcn);
    if (resume == 0) resume = before;
    // Unlocked, the clusters read as zeros.
    Content content = bytes_content(ByteVector(static_cast<size_t>(size)));
    uint64_t record = tree.file("System Volume Information\\FVE2." + name, content, look);
    std::vector<Extent> extents = writer.extents(record);
    if (extents.size() != 1)
      throw Error(ErrorCode::kIo, "brokenpc.fve.extents",
                  "no room for a BitLocker metadata file in one piece");
    return extents[0].lcn * writer.cluster_bytes();
  };
  tree.directory("System Volume Information", Access::kSystem, attribute::kHidden | attribute::kSystem);
  uint64_t quarter = writer.cluster_count() / 4;
  const std::string metadata = "{e40ad34d-dae9-4bc7-95bd-b16218c10f72}.";
  for (size_t i = 0; i < 3; ++i)
    layout.metadata_offsets[i] = reserve(metadata + std::to_string(i + 1), kMetadataBytes, (i + 1) * quarter);
  layout.header_offset = reserve("{c9ca54a3-6983-46b7-8684-a7e5e23499e3}", kVolumeHeaderBytes, quarter);
  writer.allocate_from(resume);
}

void write_log(NtfsWriter& writer, const VolumeRequest& request, Log log) {
  uint64_t bytes = writer.stream_bytes(kLogRecord);
  for (const LogPage& page : make_log(bytes, request.options.cluster_bytes, log))
    writer.overwrite(kLogRecord, page.offset, page.bytes);
}

// Does the work in which the PC will stop.
std::unique_ptr<Crash> work(NtfsWriter& writer, const ImageFile& image, const VolumeRequest& request,
                            std::optional<Made::Stopped>& stopped) {
  const uint16_t major = request.options.log == Log::kUnclean11 ? 1 : 2;
  auto crash = std::make_unique<Crash>(writer, image, request.partition.offset, major);
  const uint64_t cut = *request.options.crash_at;
  if (cut > crash->writes())
    throw Error(
        ErrorCode::kUsage, "brokenpc.crash.at",
        "--crash-at " + std::to_string(cut) + ": there are " + std::to_string(crash->writes()) + " writes");
  stopped = {crash->writes(), crash->operations(), crash->committed(cut)};
  return crash;
}

void stamp(NtfsWriter& writer, const VolumeRequest& request) {
  writer.stamp_system_files({request.machine.installed, request.machine.installed});
}

}  // namespace

PlainVolume make_windows_volume(ImageFile& image, const VolumeRequest& request, FveLayout& layout,
                                std::vector<MadeFile>& files, std::optional<Made::Stopped>& stopped) {
  const Options& options = request.options;
  const Machine& machine = request.machine;
  const Partition& partition = request.partition;
  std::string scratch = request.scratch.file("volume");
  NtfsWriter writer(image, partition.offset, partition.size_bytes, format_options(request, "Windows"),
                    scratch);
  TreeBuilder tree(writer, files, {machine.installed, machine.updated});
  layout.volume_bytes = partition.size_bytes;
  layout.sector_bytes = options.sector_bytes;
  if (options.encrypt) reserve_bitlocker_files(tree, machine, layout);

  std::string hive = request.scratch.file("hive");
  TreeOptions context{options, machine, request.seed, partition.size_bytes};
  make_windows_tree(tree, context,
                    make_windows_hives(machine, options.hives, partition.id, request.seed, hive),
                    make_user_hive(machine, hive));
  make_incident(tree, context);
  make_many_files(tree, context);

  if (!options.crash_at) write_log(writer, request, options.log);
  stamp(writer, request);
  if (options.dirty) writer.set_dirty_flag();
  const ByteVector used_before = writer.used_clusters();
  const std::unique_ptr<Crash> crash = options.crash_at ? work(writer, image, request, stopped) : nullptr;
  PlainVolume volume{partition.offset, partition.size_bytes, writer.cluster_bytes(), writer.used_clusters(),
                     writer.cluster_count()};
  // What was freed on the way may be in use again, by where it stopped.
  for (size_t i = 0; i < used_before.size(); ++i) volume.used_clusters[i] |= used_before[i];
  writer.close();
  if (crash) crash->leave(image, *options.crash_at);
  // What was freed on the way goes back (P-2).
  for_each_run(volume, false,
               [&](uint64_t start, uint64_t end) { image.discard(volume.offset + start, end - start); });
  return volume;
}

void make_small_volume(ImageFile& image, const VolumeRequest& request, const std::string& label) {
  const Partition& partition = request.partition;
  std::string scratch = request.scratch.file("volume");
  NtfsWriter writer(image, partition.offset, partition.size_bytes, format_options(request, label), scratch);
  std::vector<MadeFile> files;
  TreeBuilder tree(writer, files, {request.machine.installed, request.machine.installed});
  TreeOptions context{request.options, request.machine, request.seed, partition.size_bytes};
  if (partition.role == "system") {
    make_system_tree(tree, context, make_boot_hive(request.machine, request.scratch.file("hive")));
  } else {
    make_recovery_tree(tree, context);
  }
  write_log(writer, request, Log::kClean);
  stamp(writer, request);
  writer.close();
}

}  // namespace mend::brokenpc
