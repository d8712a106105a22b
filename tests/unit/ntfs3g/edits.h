// SPDX-License-Identifier: GPL-3.0-or-later
// A plan carried out on a volume in memory, with what verification is told about it.
#pragma once

#include "ntfs/touched.h"
#include "ntfs/verify.h"
#include "ntfs3g/volume.h"
#include "tests/unit/ntfs3g/kinds.h"

namespace mend::test {

// The 4096-byte blocks that differ.
inline std::vector<ntfs::Range> changed_blocks(const ByteVector& before, const ByteVector& after) {
  std::vector<ntfs::Range> ranges;
  for (uint64_t at = 0; at < before.size(); at += 4096) {
    uint64_t length = std::min<uint64_t>(4096, before.size() - at);
    if (!equal(slice(Bytes(before), at, length), slice(Bytes(after), at, length)))
      ranges.push_back({at, length});
  }
  return ranges;
}

// Reads bytes that somebody else holds.
class ReaderOver : public block::BlockReader {
 public:
  explicit ReaderOver(const ByteVector& bytes) : bytes_(bytes) {}
  uint64_t size_bytes() const override { return bytes_.size(); }
  uint32_t sector_bytes() const override { return 512; }
  uint32_t physical_block_bytes() const override { return 512; }
  std::string describe() const override { return "memory"; }
  void read(uint64_t offset, MutableBytes out) override {
    check_range(offset, out.size(), "read");
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
  }

 private:
  const ByteVector& bytes_;
};

// Edits as repair/ makes them: the dirty flag goes up first and back down last.
class Editing {
 public:
  explicit Editing(ByteVector bytes) : before(std::move(bytes)), after_device(before), writer_(after_device) {
    flags_ = writer_.volume_flags();
    writer_.set_volume_flags(static_cast<uint16_t>(flags_ | 1));
    writer_.sync();
  }
  void remove(MftReference file, MftReference parent, std::u16string_view name) {
    writer_.remove(parent, name);
    edits.push_back({.kind = Kind::kRemove, .file = file, .parent = parent, .name = std::u16string(name)});
  }
  void rename(MftReference file, MftReference parent, std::u16string_view name, MftReference new_parent,
              std::u16string_view new_name) {
    writer_.rename(parent, name, new_parent, new_name);
    edits.push_back({.kind = Kind::kRename,
                     .file = file,
                     .parent = parent,
                     .name = std::u16string(name),
                     .new_parent = new_parent,
                     .new_name = std::u16string(new_name)});
  }
  MftReference make_directory(MftReference parent, std::u16string_view name) {
    MftReference made = writer_.make_directory(parent, name, ntfs3g::Access::kSystemAndAdministrators);
    edits.push_back(
        {.kind = Kind::kMakeDirectory, .file = made, .new_parent = parent, .new_name = std::u16string(name)});
    return made;
  }
  void finish() {
    append_changes();
    writer_.sync();
    writer_.set_volume_flags(flags_);
    writer_.close();
    edits.push_back({.kind = Kind::kVolumeFlags, .volume_flags = flags_});
  }

  ntfs::VerifyReport verify() { return verify(after_device.bytes); }
  ntfs::VerifyReport verify(const ByteVector& after) {
    ReaderOver then_device(before), now_device(after);
    ntfs::Volume then(then_device), now(now_device);
    return ntfs::verify_changes(then, now, changed_blocks(before, after), edits);
  }
  std::vector<ntfs::Finding> new_findings() {
    MemoryDevice then_device(before);
    ntfs::Volume then(then_device), now(after_device);
    ntfs::TouchedSet touched = ntfs::touched_by(then, edits);
    return ntfs::new_findings(ntfs::check_touched(then, touched), ntfs::check_touched(now, touched));
  }
  const ByteVector& after() const { return after_device.bytes; }

  // Where the volume has a change journal.
  void append_changes() {
    ReaderOver reader(before);
    ntfs::Volume volume(reader);
    const auto journal = ntfs::find_change_journal(volume, flags_);
    if (!journal) return;
    writer_.append_changes(*journal, from_filetime(133'500'000'000'000'000));
    edits.push_back({.kind = Kind::kChangeJournal, .file = journal->file});
  }

  ByteVector before;
  MemoryDevice after_device;
  std::vector<ntfs::PlannedEdit> edits;

 private:
  using Kind = ntfs::PlannedEdit::Kind;
  ntfs3g::Volume writer_;
  uint16_t flags_ = 0;
};

enum class Act { kRemove, kRename, kQuarantine };

inline void carry_out(Editing& editing, const Prepared& prepared, const KindOfFile& kind, Act act) {
  switch (act) {
    case Act::kRemove:
      editing.remove(prepared.file, prepared.folder, kind.name);
      break;
    case Act::kRename:
      editing.rename(prepared.file, prepared.folder, kind.name, prepared.folder,
                     u"renamed, and longer.sys.bak");
      break;
    case Act::kQuarantine: {
      MftReference top = editing.make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine");
      MftReference run = editing.make_directory(top, u"20240719T100000Z-0011223344556677");
      editing.rename(prepared.file, prepared.folder, kind.name, run, kind.name);
    }
  }
  editing.finish();
}

}  // namespace mend::test
