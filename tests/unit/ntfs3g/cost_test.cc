// SPDX-License-Identifier: GPL-3.0-or-later
// How much an edit reads and writes: a repair as a whole has 150 reads and 1 MB, most of them for the plan
// and the verification.
#include "block/file_device.h"
#include "block/overlay.h"
#include "ntfs/touched.h"
#include "ntfs3g/volume.h"
#include "tests/unit/ntfs3g/image.h"

using namespace mend;
using namespace mend::test;

namespace {

struct Cost {
  uint64_t reads = 0, bytes_read = 0, writes = 0, bytes_written = 0;
};

Cost cost_of(const std::vector<RecordingDevice::Event>& events) {
  Cost cost;
  for (const RecordingDevice::Event& event : events) {
    if (event.kind == RecordingDevice::Kind::kRead) ++cost.reads, cost.bytes_read += event.length;
    if (event.kind == RecordingDevice::Kind::kWrite) ++cost.writes, cost.bytes_written += event.length;
  }
  return cost;
}

constexpr uint64_t kUpcaseBytes = 131072;

MftReference fill(block::BlockDevice& device, size_t files) {
  Filler filler(device);
  MftReference folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
  ByteVector content = pattern(1500, 1);
  for (size_t i = 0; i < files; ++i) {
    std::u16string name = to_utf16("C-" + std::to_string(1000000 + i) + "-channel file.sys");
    MftReference file = filler.make(folder, name, content);
    if (i == files / 2) filler.pair(file, folder, name, u"C-1000~1.SYS");
  }
  filler.close();
  return folder;
}

Cost remove_middle(block::BlockDevice& device, MftReference folder, size_t files) {
  RecordingDevice recorder(device);
  ntfs3g::Volume volume(recorder);
  Cost mount = cost_of(recorder.events);
  CHECK(mount.writes == 0);
  volume.remove(folder, to_utf16("C-" + std::to_string(1000000 + files / 2) + "-channel file.sys"));
  volume.close();
  Cost all = cost_of(recorder.events);
  UNSCOPED_INFO(files << " files: mount " << mount.reads << " reads, " << mount.bytes_read
                      << " bytes; with the edit " << all.reads << " reads, " << all.bytes_read << " bytes, "
                      << all.writes << " writes, " << all.bytes_written << " bytes");
  return all;
}

}  // namespace

TEST_CASE("removing one file costs the same few reads from a hundred to 20,000 files", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  std::vector<Cost> costs;
  for (size_t files : {100u, 1000u, 20000u}) {
    MemoryDevice device(format_volume({.size_bytes = uint64_t{200} << 20}));
    costs.push_back(remove_middle(device, fill(device, files), files));
    CHECK(costs.back().reads < 60);
    CHECK(costs.back().bytes_read < 160000 + kUpcaseBytes);
    CHECK(costs.back().writes < 20);
    CHECK(costs.back().bytes_written < 40000);
  }
  CHECK(costs[2].reads <= costs[1].reads + 4);
}

TEST_CASE("removing one file from a volume of 1 TiB costs what it costs on a small one", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  TemporaryFile file;
  std::filesystem::resize_file(file.path(), uint64_t{1} << 40);
  Output made = run_program("mkntfs -F -Q -q -s 512 -c 4096 -p 0 -H 255 -S 63 " + file.path());
  INFO(made.text);
  REQUIRE(made.status == 0);
  auto device = block::FileDevice::open(file.path(), block::Access::kReadWrite);
  Cost cost = remove_middle(*device, fill(*device, 1000), 1000);
  CHECK(cost.reads < 60);
  CHECK(cost.bytes_read < 160000 + kUpcaseBytes);
}

TEST_CASE("NW-4: applying, verifying and checking one removal stays within the budget of a repair",
          "[ntfs3g][ntfs]") {
  if (!need_program("mkntfs")) return;
  for (size_t files : {1000u, 20000u}) {
    MemoryDevice device(format_volume({.size_bytes = uint64_t{200} << 20}));
    MftReference folder = fill(device, files);
    auto disk = std::make_shared<RecordingDevice>(device);
    auto untouched = std::make_shared<block::Overlay>(disk), edited = std::make_shared<block::Overlay>(disk);
    ntfs::Volume before(*untouched);
    const std::u16string name = to_utf16("C-" + std::to_string(1000000 + files / 2) + "-channel file.sys");
    std::vector<ntfs::PlannedEdit> edits{
        {.file = before.find(folder, name)->reference, .parent = folder, .name = name}};
    const uint64_t find_reads = cost_of(disk->events).reads;
    {
      ntfs3g::Volume writer(*edited);
      writer.set_volume_flags(1);
      writer.sync();
      writer.remove(folder, name);
      writer.sync();
      writer.set_volume_flags(0);
      writer.close();
    }
    edits.push_back({.kind = ntfs::PlannedEdit::Kind::kVolumeFlags});
    const uint64_t apply_reads = cost_of(disk->events).reads - find_reads;
    ntfs::Volume after(*edited, before.shared_upcase());
    std::vector<ntfs::Range> changed;
    for (uint64_t at : edited->changed_blocks()) changed.push_back({at, edited->block_bytes()});
    ntfs::verify_changes(before, after, changed, edits);
    const uint64_t verify_reads = cost_of(disk->events).reads - find_reads - apply_reads;
    ntfs::TouchedSet touched = ntfs::touched_by(before, edits);
    CHECK(ntfs::new_findings(ntfs::check_touched(before, touched), ntfs::check_touched(after, touched))
              .empty());
    const Cost all = cost_of(disk->events);
    UNSCOPED_INFO(files << " files: find " << find_reads << " reads, apply " << apply_reads << ", verify "
                        << verify_reads << ", check " << all.reads - find_reads - apply_reads - verify_reads
                        << "; in all " << all.reads << " reads, " << all.bytes_read << " bytes");
    CHECK(all.writes == 0);
    CHECK(all.reads < 120);
    CHECK(all.bytes_read < (900 << 10) + 2 * kUpcaseBytes);
  }
}
