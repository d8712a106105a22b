// SPDX-License-Identifier: GPL-3.0-or-later
// How much an edit reads and writes: a repair as a whole has 150 reads and 1 MB, most of them for the plan
// and the verification.
#include "block/file_device.h"
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
