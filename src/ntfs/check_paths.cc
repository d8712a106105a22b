// SPDX-License-Identifier: GPL-3.0-or-later
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/checker.h"

namespace mend::ntfs {
namespace {

constexpr size_t kMaximumDepth = 1024;  // of folders; a path has at most 32,767 units

class PathFinder {
 public:
  explicit PathFinder(Volume& volume) : volume_(volume) {}

  // Empty when the record has no name that can be read. What cannot be followed begins with `?`.
  std::string path_of(uint64_t record) {
    std::string path;
    std::set<uint64_t> seen;
    for (size_t depth = 0; depth < kMaximumDepth; ++depth) {
      if (record == system_record::kRoot) return path.empty() ? "\\" : path;
      const Step& step = step_of(record);
      if (!step.known || !seen.insert(record).second) return path.empty() ? "" : "?" + path;
      path.insert(0, step.name).insert(0, "\\");
      record = step.parent;
    }
    return "?" + path;
  }

 private:
  struct Step {
    bool known = false;
    uint64_t parent = 0;
    std::string name;
  };

  const Step& step_of(uint64_t record) {
    const auto [at, fresh] = steps_.try_emplace(record);
    if (fresh) at->second = find(record);
    return at->second;
  }

  // The first name that is not a DOS name alone, from whatever of the file can be read.
  Step find(uint64_t number) {
    Step step;
    try {
      Record record = volume_.read_record(number);
      if (!record->is_base()) record = volume_.read_record(record->base().record);
      const auto use = [&](const Attribute& attribute) {
        if (attribute.type != AttributeType::kFileName) return;
        const FileNameView name = FileNameView::parse(attribute.value);
        if (step.known && name.name_space() == NameSpace::kDos) return;
        step = {true, name.parent().record, printable(to_utf8(name.name()))};
      };
      record->for_each_attribute(use);
      if (!step.known) {
        const File file = volume_.open_record(record->number());
        for (const Attribute& attribute : file.attributes()) use(attribute);
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
    }
    return step;
  }

  Volume& volume_;
  std::map<uint64_t, Step> steps_;
};

}  // namespace

void add_paths(Volume& volume, std::vector<Finding>& findings) {
  PathFinder finder(volume);
  for (Finding& finding : findings)
    if (finding.record != Finding::kNoRecord) finding.path = finder.path_of(finding.record);
}

}  // namespace mend::ntfs
