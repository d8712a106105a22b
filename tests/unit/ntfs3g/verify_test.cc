// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify.h"

#include "base/error.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

const std::map<Act, std::string> kActs = {
    {Act::kRemove, "remove"}, {Act::kRename, "rename"}, {Act::kQuarantine, "quarantine"}};

}  // namespace

TEST_CASE("NW-1, NW-2, NW-3: every edit on every kind of file is explained to the last byte", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (uint32_t cluster_bytes : {512u, 4096u, 65536u}) {
    ByteVector empty = format_volume(
        {.size_bytes = cluster_bytes > 4096 ? 24 << 20 : 8 << 20, .cluster_bytes = cluster_bytes});
    for (const KindOfFile& kind : kinds_of_file()) {
      if (cluster_bytes > 4096 && kind.what == "compressed") continue;  // NTFS has none there
      const Prepared prepared = prepare(kind, empty);
      for (const auto& [act, name] : kActs) {
        if (cluster_bytes > 4096 && act == Act::kRename) continue;  // as on smaller clusters, and slow
        INFO(name << ": " << kind.what << ", clusters of " << cluster_bytes);
        Editing editing(prepared.bytes);
        carry_out(editing, prepared, kind, act);
        ntfs::VerifyReport report;
        CHECK_NOTHROW(report = editing.verify());
        CHECK(report.changed_bytes > 0);
        CHECK(std::find(report.records.begin(), report.records.end(), prepared.file.record) !=
              report.records.end());
        for (const ntfs::Finding& finding : editing.new_findings()) FAIL_CHECK(finding.what);
      }
    }
  }
}
