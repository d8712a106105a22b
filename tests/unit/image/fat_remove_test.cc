// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_remove.h"

#include <algorithm>

#include "block/file_device.h"
#include "image/content.h"
#include "image/fat_reader.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;
using test::pattern;
using test::read_text;
using test::run_judge;
using test::write_text_file;

constexpr const char* kLongName = "logs/20261123T080000Z-a name of many characters-0000000000000001.jsonl";

// A volume that another program made, without a partition table, with three files in two folders.
class Volume {
 public:
  Volume() {
    write_text_file(path(), "");
    fs::resize_file(path(), uint64_t{70} << 20);
    run({"mformat", "-i", path(), "-F", "-T", "143360", "-h", "16", "-s", "63", "-c", "1", "::"});
    run({"mmd", "-i", path(), "::logs", "::keys"});
    put(kLongName, pattern(100'000, 1));
    put("logs/B.TXT", pattern(10, 2));
    put("keys/keys.csv", pattern(5000, 3));
  }
  std::string path() const { return folder_ / "volume.img"; }
  void put(const std::string& name, const std::string& content) const {
    write_text_file(folder_ / "file", content);
    run({"mcopy", "-i", path(), folder_ / "file", "::" + name});
  }
  std::string content(const std::string& name) const {
    fs::remove(folder_ / "out");
    run({"mcopy", "-i", path(), "::" + name, folder_ / "out"});
    return read_text(folder_ / "out");
  }
  std::vector<std::string> files() const {
    const auto disk = block::FileDevice::open(path(), block::Access::kRead);
    std::vector<std::string> names;
    for (const FatEntry& entry : read_fat32(*disk, 0).entries) {
      if (!entry.is_folder) names.push_back(entry.path);
    }
    return names;
  }
  void judge() const { run({"fsck.fat", "-n", path()}); }
  static void run(const std::vector<std::string>& command) {
    const Outcome outcome = run_judge(command);
    INFO(command[0] << ": " << outcome.output);
    REQUIRE(outcome.status == 0);
  }

 private:
  mend::test::TempFolder folder_;
};

TEST_CASE("FX-3: a file is taken off a volume, and another program finds nothing wrong with what is left",
          "[image]") {
  const Volume volume;
  {
    const auto disk = block::FileDevice::open(volume.path(), block::Access::kReadWrite);
    remove_files(*disk, 0, {kLongName});
  }
  CHECK(volume.files() == std::vector<std::string>{"logs/B.TXT", "keys/keys.csv"});
  CHECK(volume.content("logs/B.TXT") == pattern(10, 2));
  CHECK(volume.content("keys/keys.csv") == pattern(5000, 3));
  volume.judge();
  volume.put("logs/new.jsonl", pattern(200'000, 4));  // into the clusters that are free now
  volume.judge();
  CHECK(volume.content("keys/keys.csv") == pattern(5000, 3));
}

TEST_CASE("FX-1: a damaged volume, and what is no file of it, is left as it is", "[image]") {
  const Volume volume;
  const auto digest = [&] { return crypto::sha256(as_bytes(read_text(volume.path()))); };
  const auto disk = block::FileDevice::open(volume.path(), block::Access::kReadWrite);
  const auto before = digest();
  CHECK(test::fault_of([&] {
          remove_files(*disk, 0, {"logs/B.TXT", "logs/absent"});
        }).find("image.remove.missing") == 0);
  CHECK(test::fault_of([&] { remove_files(*disk, 0, {"keys"}); }).find("image.remove.missing") == 0);
  CHECK(digest() == before);
  const FatContent content = read_fat32(*disk, 0);
  disk->write(content.table_offset + 100 * 4, ByteVector{1, 0, 0, 0});
  const auto damaged = digest();
  CHECK(test::fault_of([&] { remove_files(*disk, 0, {"logs/B.TXT"}); }).find("image.remove.faults") == 0);
  CHECK(digest() == damaged);
}

// Fails from the n-th write on: a stick that is pulled out.
class PulledOut : public block::BlockDevice {
 public:
  PulledOut(block::BlockDevice& below, size_t writes) : below_(below), left_(writes) {}
  uint64_t size_bytes() const override { return below_.size_bytes(); }
  uint32_t sector_bytes() const override { return below_.sector_bytes(); }
  uint32_t physical_block_bytes() const override { return below_.physical_block_bytes(); }
  std::string describe() const override { return below_.describe(); }
  void read(uint64_t offset, MutableBytes out) override { below_.read(offset, out); }
  void write(uint64_t offset, Bytes data) override {
    if (left_ == 0) throw Error(ErrorCode::kIo, "test.pulled", "pulled out");
    --left_;
    below_.write(offset, data);
  }
  void flush() override { below_.flush(); }

 private:
  block::BlockDevice& below_;
  size_t left_;
};

TEST_CASE("FX-2: cut at any write, no file has another one's clusters, and what stays is whole", "[image]") {
  bool done = false;
  for (size_t writes = 0; !done; ++writes) {
    const Volume volume;
    {
      const auto disk = block::FileDevice::open(volume.path(), block::Access::kReadWrite);
      PulledOut cut(*disk, writes);
      try {
        remove_files(cut, 0, {kLongName, "logs/B.TXT"});
        done = true;
      } catch (const Error& error) {
        REQUIRE(std::string(error.id()) == "test.pulled");
      }
    }
    INFO("cut after " << writes << " writes");
    const auto disk = block::FileDevice::open(volume.path(), block::Access::kRead);
    for (const std::string& fault : read_fat32(*disk, 0).faults) {
      INFO(fault);
      // Clusters of nobody, or tables that are not equal yet: fsck.fat mends both without a loss.
      CHECK((fault.find("belong to no file") != std::string::npos ||
             fault.find("tables differ") != std::string::npos));
    }
    CHECK(volume.content("keys/keys.csv") == pattern(5000, 3));
    REQUIRE(writes < 100);
  }
}

}  // namespace
}  // namespace mend::image
