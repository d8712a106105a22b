// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/apply.h"

#include <algorithm>

#include "base/text.h"
#include "ntfs/check.h"
#include "ntfs/quirks.h"
#include "ntfs3g/volume.h"
#include "repair/replay.h"
#include "repair/session.h"

namespace mend::repair {
namespace {

using Kind = ntfs::PlannedEdit::Kind;

class Editor {
 public:
  Editor(Volume& volume, ntfs3g::Volume& writer, std::vector<ntfs::PlannedEdit>& edits)
      : volume_(volume), writer_(writer), edits_(edits) {}

  void carry_out(const Plan& plan) {
    ntfs::MftReference quarantine{};
    if (!plan.quarantine_folder.empty()) quarantine = quarantine_folder(plan);
    for (const PlannedAction& action : plan.actions) {
      switch (action.action) {
        case manifest::Action::kDelete:
          remove(action);
          break;
        case manifest::Action::kRename:
          move(action, action.new_parent);
          break;
        case manifest::Action::kQuarantine:
          move(action, quarantine);
          break;
      }
    }
  }

 private:
  ntfs::MftReference quarantine_folder(const Plan& plan) {
    const auto existing = volume_.ntfs->find(ntfs::kRootDirectory, kQuarantineRoot);
    if (existing && !existing->is_directory()) {
      throw Error(
          ErrorCode::kRefused, "repair.apply.quarantine",
          "cannot quarantine: there is a file named " + to_utf8(kQuarantineRoot) + " in the volume's root");
    }
    const ntfs::MftReference root =
        existing ? existing->reference
                 : make_directory(ntfs::kRootDirectory, std::u16string(kQuarantineRoot));
    return make_directory(root, plan.quarantine_folder);
  }

  void remove(const PlannedAction& action) {
    writer_.remove(action.entry.parent, action.entry.name);
    edits_.push_back(edit_of(Kind::kRemove, action));
  }

  void move(const PlannedAction& action, ntfs::MftReference new_parent) {
    writer_.rename(action.entry.parent, action.entry.name, new_parent, action.new_name);
    ntfs::PlannedEdit edit = edit_of(Kind::kRename, action);
    edit.new_parent = new_parent;
    edit.new_name = action.new_name;
    edits_.push_back(edit);
  }

  static ntfs::PlannedEdit edit_of(Kind kind, const PlannedAction& action) {
    ntfs::PlannedEdit edit;
    edit.kind = kind;
    edit.file = action.entry.reference;
    edit.parent = action.entry.parent;
    edit.name = action.entry.name;
    return edit;
  }

  ntfs::MftReference make_directory(ntfs::MftReference parent, const std::u16string& name) {
    ntfs::PlannedEdit edit;
    edit.kind = Kind::kMakeDirectory;
    edit.file = writer_.make_directory(parent, name, ntfs3g::Access::kSystemAndAdministrators);
    edit.new_parent = parent;
    edit.new_name = name;
    edits_.push_back(edit);
    return edit.file;
  }

  Volume& volume_;
  ntfs3g::Volume& writer_;
  std::vector<ntfs::PlannedEdit>& edits_;
};

ntfs::PlannedEdit hibernation_edit(const Volume& volume) {
  ntfs::PlannedEdit edit;
  edit.kind = Kind::kHibernationHeader;
  edit.file = *volume.state->hiberfil;
  return edit;
}

ntfs::PlannedEdit journal_edit(const ntfs::ChangeJournal& journal) {
  ntfs::PlannedEdit edit;
  edit.kind = Kind::kChangeJournal;
  edit.file = journal.file;
  return edit;
}

ntfs::PlannedEdit flags_edit(uint16_t flags) {
  ntfs::PlannedEdit edit;
  edit.kind = Kind::kVolumeFlags;
  edit.volume_flags = flags;
  return edit;
}

// Volume ranges of the blocks that the edits changed. A block may reach over the partition's edge, where it
// must be as it was.
std::vector<ntfs::Range> changed_ranges(const Volume& volume, block::Overlay& overlay) {
  const uint64_t start = volume.partition.offset, end = start + volume.partition.size_bytes;
  std::vector<ntfs::Range> ranges;
  for (const uint64_t offset : overlay.changed_blocks()) {
    const uint64_t length = overlay.original_block(offset).size();
    const ByteVector before = volume.before.overlay->read_bytes(offset, length);
    const ByteVector after = overlay.read_bytes(offset, length);
    if (equal(before, after)) continue;  // changed by the replay, not by the edits
    const uint64_t from = std::clamp(offset, start, end), to = std::clamp(offset + before.size(), start, end);
    const size_t head = static_cast<size_t>(from - offset), inside = static_cast<size_t>(to - from);
    const bool same_outside =
        equal(slice(Bytes(before), 0, head), slice(Bytes(after), 0, head)) &&
        equal(Bytes(before).subspan(head + inside), Bytes(after).subspan(head + inside));
    if (!same_outside || inside == 0) {
      throw Error(ErrorCode::kRefused, "repair.verify.outside",
                  "the repair would change bytes outside the volume, at offset " + std::to_string(offset) +
                      " of the disk");
    }
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == from - start) {
      ranges.back().length += inside;
    } else {
      ranges.push_back({from - start, inside});
    }
  }
  return ranges;
}

// Every sector of ciphertext that changed must show in the plaintext: otherwise what changed is not the file
// system's, but BitLocker's metadata or a stretch that reads as zeros.
void verify_ciphertext(const Stack& before, const Stack& after, const std::vector<ntfs::Range>& ranges) {
  if (before.plain == before.partition) return;
  const uint32_t sector = before.partition->sector_bytes();
  for (const ntfs::Range& range : ranges) {
    const ByteVector cipher_before = before.partition->read_bytes(range.offset, range.length);
    const ByteVector cipher_after = after.partition->read_bytes(range.offset, range.length);
    const uint64_t readable = std::min(
        range.length, before.plain->size_bytes() - std::min(range.offset, before.plain->size_bytes()));
    const ByteVector plain_before = before.plain->read_bytes(range.offset, readable);
    const ByteVector plain_after = after.plain->read_bytes(range.offset, readable);
    for (uint64_t at = 0; at < range.length; at += sector) {
      const uint64_t length = std::min<uint64_t>(sector, range.length - at);
      const bool cipher_same =
          equal(slice(Bytes(cipher_before), at, length), slice(Bytes(cipher_after), at, length));
      const bool plain_same = fits(at, length, readable) && equal(slice(Bytes(plain_before), at, length),
                                                                  slice(Bytes(plain_after), at, length));
      if (cipher_same || (fits(at, length, readable) && !plain_same)) continue;
      throw Error(ErrorCode::kRefused, "repair.verify.ciphertext",
                  "the repair would change bytes of BitLocker's own, at offset " +
                      std::to_string(range.offset + at) + " of the volume");
    }
  }
}

std::vector<ntfs::Finding> findings_of(ntfs::Volume& volume, const ntfs::TouchedSet& touched,
                                       CheckDepth depth, const std::string& name, Operator& person) {
  std::vector<ntfs::Finding> findings = ntfs::check_touched(volume, touched);
  if (depth != CheckDepth::kFull) return findings;
  const auto progress = [&](double fraction) {
    stop_if_asked(person);
    person.progress(Phase::kVerify, name, fraction);
  };
  const ntfs::CheckReport report = ntfs::check_full(volume, progress);
  findings.insert(findings.end(), report.findings.begin(), report.findings.end());
  std::sort(findings.begin(), findings.end());
  return findings;
}

}  // namespace

std::vector<ntfs::PlannedEdit> apply(Volume& volume, const Plan& plan, const Stack& after,
                                     const Request& request,
                                     const std::optional<ntfs::ChangeJournal>& journal, Operator& person) {
  stop_if_asked(person);
  person.progress(Phase::kApply, volume.name, -1);
  std::vector<ntfs::PlannedEdit> edits;
  if (may_discard(request, volume.state->hibernation)) {
    discard_hibernation(volume, after);
    edits.push_back(hibernation_edit(volume));
  }
  constexpr uint16_t kDirty = 1;
  ntfs3g::Volume writer(*after.plain);
  const uint16_t flags = writer.volume_flags();
  writer.set_volume_flags(flags | kDirty);
  writer.sync();
  after.overlay->end_stage(block::Stage::kDirtySet);

  Editor(volume, writer, edits).carry_out(plan);
  if (journal) {
    writer.append_changes(*journal, now());
    edits.push_back(journal_edit(*journal));
  }
  writer.sync();
  after.overlay->end_stage(block::Stage::kEdits);

  // What we cannot bring up to date Windows shall.
  const bool must_check = ntfs::windows_must_check(*volume.ntfs, edits);
  const auto left = static_cast<uint16_t>(must_check ? flags | kDirty : flags);
  writer.set_volume_flags(left);
  writer.close();
  after.overlay->end_stage(block::Stage::kDirtyRestore);
  edits.push_back(flags_edit(left));
  return edits;
}

void verify(Volume& volume, const Stack& after, const std::vector<ntfs::PlannedEdit>& edits, CheckDepth depth,
            Operator& person) {
  stop_if_asked(person);
  person.progress(Phase::kVerify, volume.name, -1);
  ntfs::Volume changed(*after.plain, volume.ntfs->shared_upcase());
  const std::vector<ntfs::Range> ranges = changed_ranges(volume, *after.overlay);
  verify_ciphertext(volume.before, after, ranges);
  ntfs::verify_changes(*volume.ntfs, changed, ranges, edits);

  const ntfs::TouchedSet touched = ntfs::touched_by(*volume.ntfs, edits);
  const auto before = findings_of(*volume.ntfs, touched, depth, volume.name, person);
  const auto now = findings_of(changed, touched, depth, volume.name, person);
  for (const ntfs::Finding& finding : before) volume.report.blemishes.push_back(printable(finding.what));
  const auto fresh = ntfs::new_findings(before, now);
  if (!fresh.empty()) {
    throw Error(ErrorCode::kRefused, "repair.verify.blemish",
                "after the repair the volume would not be sound: " + printable(fresh.front().what) +
                    "; nothing was changed");
  }
}

}  // namespace mend::repair
