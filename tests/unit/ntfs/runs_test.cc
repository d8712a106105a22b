// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/runs.h"

#include <random>

#include "tests/support/catch.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

TEST_CASE("Mapping pairs: lengths, forward and backward steps, holes", "[ntfs]") {
  // 0x30 clusters at 0x60; 0x10 clusters at 0x60 + 0x100; a hole of 5; 0x20 clusters 0x80 before.
  const ByteVector pairs = {0x11, 0x30, 0x60, 0x21, 0x10, 0x00, 0x01, 0x01, 0x05, 0x11, 0x20, 0x80, 0x00};
  const RunList runs = decode_runs(pairs, 0, 0x64, 0x10000);
  CHECK(runs == RunList{{0, 0x30, 0x60}, {0x30, 0x10, 0x160}, {0x40, 5, Run::kHole}, {0x45, 0x20, 0xe0}});
  CHECK(total_clusters(runs) == 0x65);
  CHECK(allocated_clusters(runs) == 0x60);
  CHECK(find_run(runs, 0) == &runs[0]);
  CHECK(find_run(runs, 0x2f) == &runs[0]);
  CHECK(find_run(runs, 0x30) == &runs[1]);
  CHECK(find_run(runs, 0x64) == &runs[3]);
  CHECK(find_run(runs, 0x65) == nullptr);
  CHECK(decode_runs(ByteVector{0}, 0, UINT64_MAX, 100).empty());
}

TEST_CASE("NR-1: runs outside the volume, beyond their attribute or over each other are refused", "[ntfs]") {
  const auto id = [](ByteVector pairs, uint64_t highest, uint64_t clusters = 0x1000) {
    return id_of_error([&] { decode_runs(pairs, 0, highest, clusters); });
  };
  CHECK(id({0x11, 0x30, 0x60, 0}, 0x2f).empty());
  CHECK(id({0x11, 0x30, 0x60, 0}, 0x2f, 0x90).empty());
  CHECK(id({0x11, 0x30, 0x60, 0}, 0x2f, 0x8f) == "ntfs.runs.outside");
  CHECK(id({0x11, 0x30, 0x80, 0}, 0x2f) == "ntfs.runs.outside");  // a step back from cluster 0
  CHECK(id({0x11, 0x30, 0x60, 0}, 0x30) == "ntfs.runs.count");
  CHECK(id({0x11, 0x30, 0x60, 0}, 0x2e) == "ntfs.runs.length");
  CHECK(id({0x11, 0x00, 0x60, 0}, 0x2e) == "ntfs.runs.length");
  CHECK(id({0x11, 0x80, 0x60, 0}, 0x7f) == "ntfs.runs.length");  // negative
  CHECK(id({0x10, 0x60, 0}, 0x2e) == "ntfs.runs.pair");
  CHECK(id({0x91, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, 0) == "ntfs.runs.pair");
  CHECK(id({0x11, 0x10, 0x10, 0x11, 0x10, 0x08, 0}, 0x1f) == "ntfs.runs.overlap");
  CHECK(id({0x18, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x10, 0}, 0x1f) == "ntfs.runs.length");
  CHECK(id({0x81, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}, 0) == "ntfs.runs.outside");
}

TEST_CASE("Run lists of any shape come back as they were written", "[ntfs]") {
  std::mt19937_64 random(20240719);
  constexpr uint64_t kClusters = uint64_t{1} << 40;
  for (int round = 0; round < 2000; ++round) {
    RunList runs;
    uint64_t vcn = random() % 2 == 0 ? 0 : random() % 1000000;
    const uint64_t lowest = vcn;
    uint64_t place = random() % 1000;
    for (size_t count = random() % 40 + 1; count != 0; --count) {
      const uint64_t length = 1 + random() % (uint64_t{1} << (random() % 30));
      const bool hole = random() % 4 == 0 && (runs.empty() || !runs.back().is_hole());
      runs.push_back({vcn, length, hole ? Run::kHole : place});
      if (!hole) place += length + random() % (uint64_t{1} << (random() % 30));
      vcn += length;
    }
    if (round % 3 == 0) {  // backwards as well
      uint64_t lcn = place;
      for (Run& run : runs)
        if (!run.is_hole()) lcn -= std::min(lcn, run.length), run.lcn = lcn;
    }
    const RunList read = decode_runs(encode_runs(runs), lowest, vcn - 1, kClusters);
    if (read != runs) FAIL("round " << round << " came back different");
  }
}

TEST_CASE("NR-1, NR-2: a damaged run list is read within bounds or refused", "[ntfs]") {
  const ByteVector pairs =
      encode_runs({{0, 300, 5000}, {300, 7, Run::kHole}, {307, 90000, 10000}, {90307, 1, 4000000}});
  const auto read = [](const ByteVector& bytes) {
    for (const Run& run : decode_runs(bytes, 0, 90307, 5000000))
      if (!run.is_hole() && !fits(run.lcn, run.length, 5000000)) FAIL("a run outside the volume");
  };
  read(pairs);
  CHECK(flip_every_bit(pairs, read) > 0);
  CHECK(cut_every_length(pairs, read) == pairs.size() - 1);  // without the end mark it still says everything
}

TEST_CASE("Extents join by VCN or not at all", "[ntfs]") {
  RunList runs{{0, 10, 100}};
  append_extent(runs, {{10, 5, 200}});
  CHECK(runs.size() == 2);
  CHECK(id_of_error([&] { append_extent(runs, {{16, 5, 300}}); }) == "ntfs.runs.gap");
  CHECK(id_of_error([&] { append_extent(runs, {{10, 5, 300}}); }) == "ntfs.runs.gap");
  append_extent(runs, {{15, 5, 198}});
  CHECK(id_of_error([&] { check_no_overlap(runs); }) == "ntfs.runs.overlap");
}
