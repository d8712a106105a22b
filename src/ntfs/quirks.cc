// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/quirks.h"

#include <algorithm>

#include "ntfs/check_rules.h"
#include "ntfs/verify_plan.h"

namespace mend::ntfs {
namespace {

// Windows gives a file an owner's id while quotas are tracked, and none otherwise.
bool counts_against_quota(const File& file) {
  const Attribute* information = file.find(AttributeType::kStandardInformation);
  return information != nullptr && StandardInformation::parse(information->value).owner_id != 0;
}

}  // namespace

bool windows_must_check(Volume& before, std::span<const PlannedEdit> edits) {
  const Expectation expectation = expect(before, edits);
  return std::any_of(expectation.files.begin(), expectation.files.end(), [&](const auto& entry) {
    const ExpectedFile& file = entry.second;
    return file.deleted() && counts_against_quota(before.open(file.reference));
  });
}

}  // namespace mend::ntfs
