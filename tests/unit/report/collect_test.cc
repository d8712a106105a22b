// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/collect.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/error.h"
#include "block/file_device.h"
#include "image/content.h"
#include "image/fat_reader.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"
#include "tests/unit/report/chained_log.h"

namespace mend::report {
namespace {

namespace fs = std::filesystem;
using image::test::fault_of;
using image::test::read_text;
using image::test::run_judge;
using mend::test::TempFolder;
using test::ChainedLog;

// A stick's image with a whole log, one that was cut short, and a file of the preparer's.
class StickImage {
 public:
  explicit StickImage(const TempFolder& folder) : path_(folder / "stick.img") {
    need("mformat");
    std::ofstream(path_).flush();
    fs::resize_file(path_, uint64_t{80} << 20);
    run({"mformat", "-i", volume(), "-F", "-T", "161000", "-h", "16", "-s", "63", "-c", "1", "::"});
    run({"mmd", "-i", volume(), "::logs", "::mendstick"});
    const ChainedLog log = test::stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed");
    put(folder, "logs/20261123T080000Z-PC1-01.jsonl", log.text());
    put(folder, "logs/20261123T090000Z-PC2-02.jsonl", log.text().substr(0, 900));
    put(folder, "logs/notes of the technician.txt", "call back\n");
    put(folder, "profile.toml", "the preparer's own\n");
  }

  const std::string& path() const { return path_; }
  std::string volume() const { return path_ + "@@1M"; }
  void put(const TempFolder& folder, const std::string& name, const std::string& text) const {
    const std::string file = folder / "file";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    run({"mcopy", "-i", volume(), file, "::" + name});
  }
  std::vector<std::string> names() const {
    const auto disk = block::FileDevice::open(path_, block::Access::kRead);
    const image::FatContent content = image::read_fat32(*disk, image::kMiB);
    CHECK(content.faults.empty());
    std::vector<std::string> names;
    for (const image::FatEntry& entry : content.entries) {
      if (!entry.is_folder) names.push_back(entry.path);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  static void need(const char* program) {
    if (!run_judge({"which", program}).output.empty()) return;
    FAIL("the program " << program << " is missing; see tools/packages");
  }
  static void run(const std::vector<std::string>& command) {
    const image::Outcome outcome = run_judge(command);
    INFO(outcome.output);
    REQUIRE(outcome.status == 0);
  }
  std::string path_;
};

const CollectedFile& find(const Collected& collected, const std::string& part) {
  for (const CollectedFile& file : collected.files) {
    if (file.name.find(part) != std::string::npos) return file;
  }
  FAIL(part << " was not collected");
  throw std::logic_error("not reached");
}

TEST_CASE("CL-2: logs are copied off an image, verified, and what is cut short is said", "[report]") {
  TempFolder folder;
  const StickImage stick(folder);
  const Collected collected = collect({stick.path(), {folder / "out"}, false});
  REQUIRE(collected.files.size() == 2);
  const CollectedFile& whole = find(collected, "PC1");
  CHECK(whole.is_new);
  CHECK(whole.problem.empty());
  CHECK(read_text(whole.copy) == test::stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed").text());
  CHECK(find(collected, "PC2").problem.find("cut short") == 0);
  REQUIRE(collected.notes.size() == 1);
  CHECK(collected.notes[0].find("notes of the technician.txt") == 0);
  CHECK(stick.names().size() == 4);
}

TEST_CASE("CL-1, CL-4: what is there is neither copied again nor written over", "[report]") {
  TempFolder folder;
  const StickImage stick(folder);
  const std::string out = folder / "out", name = "/20261123T080000Z-PC1-01.jsonl";
  fs::create_directory(out);
  std::ofstream(out + name) << "another one\n";
  const Collected first = collect({stick.path(), {out}, false});
  CHECK(read_text(out + name) == "another one\n");
  CHECK(find(first, "PC1").copy == out + "/20261123T080000Z-PC1-01.2.jsonl");
  const Collected second = collect({stick.path(), {out}, false});
  for (const CollectedFile& file : second.files) CHECK_FALSE(file.is_new);
  CHECK(std::distance(fs::directory_iterator(out), {}) == 3);
}

TEST_CASE("CL-3: a stick is emptied of what is in two places, and of nothing else", "[report]") {
  TempFolder folder;
  const StickImage stick(folder);
  std::string text = test::stick_run("03", "2026-11-23T10:00:00Z", "S3", "PC3", "fixed").text();
  text.replace(text.find("PC3"), 3, "PC4");
  stick.put(folder, "logs/20261123T100000Z-PC3-03.jsonl", text);
  const Collected collected = collect({stick.path(), {folder / "a", folder / "b"}, true});
  CHECK(find(collected, "PC1").removed);
  CHECK(find(collected, "PC2").removed);
  CHECK_FALSE(find(collected, "PC3").removed);  // evidence
  CHECK(stick.names() == std::vector<std::string>{"logs/20261123T100000Z-PC3-03.jsonl",
                                                  "logs/notes of the technician.txt", "profile.toml"});
  for (const char* place : {"a/", "b/"}) {
    CHECK(fs::exists(folder / (std::string(place) + "20261123T080000Z-PC1-01.jsonl")));
    CHECK(fs::exists(folder / (std::string(place) + "20261123T090000Z-PC2-02.jsonl")));
  }
}

TEST_CASE("CL-3: a journal that cannot be read stays, and so does its log", "[report]") {
  TempFolder folder;
  const StickImage stick(folder);
  stick.put(folder, "logs/20261123T080000Z-PC1-01-sdap3.undo", std::string(20000, 'x'));
  const Collected collected = collect({stick.path(), {folder / "a", folder / "b"}, true});
  CHECK_FALSE(find(collected, ".undo").removed);
  CHECK_FALSE(find(collected, "PC1-01.jsonl").removed);
  CHECK(find(collected, "PC2").removed);
}

TEST_CASE("CL-3: two names of one folder are not two places", "[report]") {
  TempFolder folder;
  const StickImage stick(folder);
  fs::create_directory(folder / "a");
  fs::create_directory_symlink(folder / "a", folder / "b");
  CHECK(fault_of([&] {
          collect({stick.path(), {folder / "a", folder / "b"}, true});
        }).find("report.collect.places") == 0);
  CHECK(stick.names().size() == 4);
}

TEST_CASE("CL-3: a mounted stick is not emptied by copies on itself; elsewhere it is", "[report]") {
  TempFolder folder;
  fs::create_directories(folder / "stick/logs");
  const std::string log = folder / "stick/logs/20261123T080000Z-PC1-01.jsonl";
  test::stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed").write(log);
  CHECK(fault_of([&] {
          collect({folder / "stick", {folder / "a", folder / "b"}, true});
        }).find("report.collect.itself") == 0);
  CHECK(fs::exists(log));
  struct stat here {};
  struct stat there {};
  if (::stat("/dev/shm", &there) != 0 || ::stat(log.c_str(), &here) != 0 || here.st_dev == there.st_dev) {
    SUCCEED("there is no second file system here");
    return;
  }
  const std::string elsewhere = "/dev/shm/" + folder.path().filename().string();
  const Collected collected = collect({folder / "stick", {elsewhere + "/a", elsewhere + "/b"}, true});
  CHECK(find(collected, "PC1").removed);
  CHECK_FALSE(fs::exists(log));
  CHECK(fs::exists(elsewhere + "/b/20261123T080000Z-PC1-01.jsonl"));
  fs::remove_all(elsewhere);
}

TEST_CASE("SO-2: what is no stick is no source", "[report]") {
  TempFolder folder;
  CHECK(fault_of([&] {
          collect({folder / "absent", {folder / "out"}, false});
        }).find("report.source.missing") == 0);
  std::ofstream(folder / "text.img") << std::string(3 << 20, 'x');
  CHECK(fault_of([&] {
          collect({folder / "text.img", {folder / "out"}, false});
        }).find("image.reader.volume") == 0);
}

}  // namespace
}  // namespace mend::report
