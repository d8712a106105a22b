// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/names.h"

namespace mend::ntfs {
namespace {

class Planner {
 public:
  explicit Planner(Volume& before) : before_(before) {}

  void add(const PlannedEdit& edit) {
    using namespace change_reason;
    switch (edit.kind) {
      case PlannedEdit::Kind::kRemove:
        remove_for_good(edit);
        break;
      case PlannedEdit::Kind::kRename:
        change(edit.file, edit.parent, remove(edit), kRenameOldName);
        give(file(edit.file), {edit.new_parent, edit.new_name, NameSpace::kPosix});
        change_and_close(edit.file, edit.new_parent, edit.new_name, kRenameNewName);
        break;
      case PlannedEdit::Kind::kMakeDirectory:
        create(edit);
        break;
      case PlannedEdit::Kind::kVolumeFlags:
        result_.volume_flags = edit.volume_flags;
        break;
      case PlannedEdit::Kind::kHibernationHeader:
        result_.hibernation_header = true;
        break;
      case PlannedEdit::Kind::kChangeJournal:
        result_.change_journal = edit.file;
        break;
    }
  }
  Expectation finish() && { return std::move(result_); }

 private:
  [[noreturn]] static void refuse(const PlannedEdit& edit, const char* why) {
    throw Error(ErrorCode::kRefused, "ntfs.verify.plan",
                fmt::format("the plan does not fit the volume: {} in directory {}: {}",
                            printable(to_utf8(edit.name.empty() ? edit.new_name : edit.name)),
                            edit.name.empty() ? edit.new_parent.record : edit.parent.record, why));
  }

  ExpectedFile& file(MftReference reference) {
    auto [at, fresh] = result_.files.try_emplace(reference.record);
    ExpectedFile& expected = at->second;
    if (fresh) {
      const FileInfo info = before_.stat(reference);
      expected = {reference, false, info.is_directory, info.links, info.links};
    }
    if (expected.reference != reference)
      throw Error(ErrorCode::kRefused, "ntfs.verify.plan.reference",
                  fmt::format("the plan names two files in MFT record {}", reference.record));
    return expected;
  }

  void change(MftReference reference, MftReference parent, std::u16string_view name, uint32_t reason) {
    const ExpectedFile& expected = file(reference);
    const uint32_t attributes = expected.created ? 0 : before_.stat(reference).attributes;
    result_.changes.push_back({reference, parent, std::u16string(name), reason,
                               change_attributes(attributes, expected.is_directory)});
  }
  void change_and_close(MftReference reference, MftReference parent, std::u16string_view name,
                        uint32_t reason) {
    change(reference, parent, name, reason);
    change(reference, parent, name, reason | change_reason::kClose);
  }

  // A file that goes is closed by its deletion.
  void remove_for_good(const PlannedEdit& edit) {
    using namespace change_reason;
    const std::u16string name = remove(edit);
    if (file(edit.file).after.empty())
      change(edit.file, edit.parent, name, kFileDelete | kClose);
    else
      change_and_close(edit.file, edit.parent, name, kHardLinkChange);
  }

  // Returns the name that went; of a pair, the long one.
  std::u16string remove(const PlannedEdit& edit) {
    ExpectedFile& expected = file(edit.file);
    size_t which = 0;
    const auto is_it = [&](const Link& link) { return link.parent == edit.parent && link.name == edit.name; };
    while (which < expected.after.size() && !is_it(expected.after[which])) ++which;
    if (which == expected.after.size()) refuse(edit, "the file has no such name");
    std::vector<size_t> going = with_paired_name(expected.after, which);
    std::sort(going.rbegin(), going.rend());
    std::u16string name = edit.name;
    for (const size_t index : going) {
      const Link link = expected.after[index];
      if (link.name_space != NameSpace::kDos) name = link.name;
      ExpectedDirectory& directory = directory_of(link.parent);
      // An entry that the plan itself had put there leaves no trace.
      if (directory.added.erase({link.name, edit.file}) == 0)
        directory.removed.insert({link.name, edit.file});
      expected.after.erase(expected.after.begin() + static_cast<ptrdiff_t>(index));
    }
    return name;
  }

  void give(ExpectedFile& expected, Link link) {
    directory_of(link.parent).added.insert({link.name, expected.reference});
    expected.after.push_back(std::move(link));
  }

  void create(const PlannedEdit& edit) {
    auto [at, fresh] = result_.files.try_emplace(edit.file.record);
    if (!fresh) refuse(edit, "its MFT record is that of another file of the plan");
    at->second = {edit.file, true, true, {}, {}};
    give(at->second, {edit.new_parent, edit.new_name, NameSpace::kPosix});
    change_and_close(edit.file, edit.new_parent, edit.new_name, change_reason::kFileCreate);
  }

  ExpectedDirectory& directory_of(MftReference reference) {
    ExpectedDirectory& directory = result_.directories[reference.record];
    directory.reference = reference;
    return directory;
  }

  Volume& before_;
  Expectation result_;
};

}  // namespace

Expectation expect(Volume& before, std::span<const PlannedEdit> edits) {
  Planner planner(before);
  for (const PlannedEdit& edit : edits) planner.add(edit);
  return std::move(planner).finish();
}

}  // namespace mend::ntfs
