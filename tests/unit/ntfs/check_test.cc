// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/check.h"

#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

std::string list(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings)
    text += std::string(to_string(finding.kind)) + " " + std::to_string(finding.record) + ": " +
            finding.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("NC-1: a volume that the builder made is found healthy, by us and by ntfsresize", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  for (int i = 0; i < 300; ++i)
    builder.make_file(folder,
                      u"some file with number " + std::u16string(1, static_cast<char16_t>(u'\u0100' + i)),
                      ByteVector(static_cast<size_t>(i) * 30, 7));
  const CheckReport report = check_full(builder.volume());
  CHECK(list(report) == "");
  CHECK(report.entries == 300 + 1 + 15);
  TempFolder temp;
  write_file(temp / "v.img", builder.device().bytes);
  if (need_program("ntfsresize")) CHECK(run_program("ntfsresize -i -f " + (temp / "v.img")));
}
