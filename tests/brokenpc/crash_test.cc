// SPDX-License-Identifier: GPL-3.0-or-later
// brokenpc writes the log, src/ntfs replays it; neither shares code with the other, so each judges the other.
#include "tools/brokenpc/crash.h"

#include <cstdlib>
#include <iostream>

#include "block/file_device.h"
#include "ntfs/check.h"
#include "ntfs/replay.h"
#include "ntfs/state.h"
#include "tests/real/ntfs_content.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tools/brokenpc/ntfs_device.h"

using namespace mend;
using namespace mend::test;

namespace {

constexpr uint64_t kVolumeBytes = 24 << 20;

ByteVector bytes_of(const std::string& path) {
  return block::FileDevice::open(path, block::Access::kRead)->read_bytes(0, kVolumeBytes);
}

// Content of user data apart: clusters that one operation freed another may have filled since.
Lines meaning_of(ByteVector bytes) {
  MemoryDevice device(std::move(bytes));
  Lines lines = content_of(device);
  std::erase_if(lines, [](const std::string& line) {
    return line.find(" attribute 80 ") != std::string::npos && line.find(": content ") != std::string::npos;
  });
  return lines;
}

}  // namespace

TEST_CASE("C-1, C-2: a PC that stops before any write has all that had ended, and nothing else", "[judge]") {
  if (!need_program("mkntfs")) return;
  const bool all = std::getenv("MEND_LONG") != nullptr;
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
    const TempFolder folder;
    const std::string path = folder / "volume.img";
    brokenpc::ImageFile image = brokenpc::ImageFile::create(path, kVolumeBytes);
    auto writer = std::make_unique<brokenpc::NtfsWriter>(image, 0, kVolumeBytes, brokenpc::FormatOptions{},
                                                         folder / "scratch");
    std::vector<Lines> wanted;
    const brokenpc::Crash crash(*writer, image, 0, major,
                                [&](size_t) { wanted.push_back(meaning_of(bytes_of(path))); });
    writer->close();
    REQUIRE(wanted.size() == crash.operations() + 1);
    REQUIRE(crash.operations() > 50);
    size_t undone = 0, redone = 0;
    const uint64_t step = all ? 1 : crash.writes() / 20;
    for (uint64_t cut = 0; cut <= crash.writes(); cut += step) {
      INFO("version " << major << ", cut " << cut << " of " << crash.writes() << ", " << crash.committed(cut)
                      << " operations");
      crash.leave(image, cut);
      MemoryDevice device(bytes_of(path));
      const ntfs::LogSummary summary = ntfs::inspect_log(device);
      INFO(summary.why);
      REQUIRE(summary.condition == ntfs::LogCondition::kToReplay);
      CHECK(summary.version == (major == 1 ? "1.1" : "2.0"));
      const ntfs::ReplayResult result = ntfs::replay_log(device);
      redone += result.redone, undone += result.undone;
      const Lines found = meaning_of(device.bytes);
      const Lines& right = wanted.at(crash.committed(cut));
      for (const std::string& line : missing_from(right, found)) UNSCOPED_INFO("gone: " << line);
      for (const std::string& line : missing_from(found, right)) UNSCOPED_INFO("new: " << line);
      CHECK((found == right));
      ntfs::Volume volume(device);
      const ntfs::CheckReport report = ntfs::check_full(volume);
      for (const ntfs::Finding& finding : report.findings) UNSCOPED_INFO(finding.what);
      CHECK(report.clean());
    }
    CHECK(redone > 100);
    CHECK(undone > 10);
    std::cout << "version " << major << ": " << crash.operations() << " operations, " << crash.writes()
              << " writes, every " << step << ": " << redone << " records redone, " << undone << " undone"
              << std::endl;
  }
}
