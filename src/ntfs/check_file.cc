// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/check.h"
#include "ntfs/index.h"

namespace mend::ntfs {
namespace {

void check_directory(Volume& volume, const File& file, std::vector<Finding>& findings) {
  const uint64_t record = file.reference().record;
  const Upcase& upcase = volume.upcase();
  std::u16string previous;
  Index index(volume, file, u"$I30");
  index.walk(nullptr, [&](const IndexEntry& entry) {
    const FileNameView key = FileNameView::parse(entry.key);
    std::u16string name = key.name();
    const int order = previous.empty() ? -1 : upcase.compare(previous, name);
    if (order > 0 || (order == 0 && previous == name))
      findings.push_back(
          {FindingKind::kBadIndex, record, 0, 0,
           fmt::format("folder {}: the entry \"{}\" is not in order", record, printable(to_utf8(name)))});
    if (key.parent() != file.reference())
      findings.push_back({FindingKind::kBadIndex, record, 0, 0,
                          fmt::format("folder {}: the entry \"{}\" says it is in folder {}", record,
                                      printable(to_utf8(name)), key.parent().record)});
    previous = std::move(name);
    return findings.size() < CheckReport::kMaximumFindings;
  });
}

}  // namespace

std::vector<Finding> check_file(Volume& volume, MftReference reference) {
  std::vector<Finding> findings;
  const uint64_t record = reference.record;
  try {
    const File file = volume.open(reference);
    unsigned names = 0;
    for (const Attribute& attribute : file.attributes()) {
      if (attribute.resident || attribute.lowest_vcn == 0) file.stream_of(attribute);
      if (attribute.type != AttributeType::kFileName) continue;
      ++names;
      FileNameView::parse(attribute.value);
    }
    if (names != file.base()->link_count())
      findings.push_back({FindingKind::kBadRecord, record, 0, 0,
                          fmt::format("file {} has {} names but counts {} links", record, names,
                                      file.base()->link_count())});
    if (file.is_directory()) check_directory(volume, file, findings);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    findings.push_back({FindingKind::kBadRecord, record, 0, 0, error.what()});
  }
  return findings;
}

}  // namespace mend::ntfs
