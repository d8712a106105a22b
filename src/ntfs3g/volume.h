// SPDX-License-Identifier: GPL-3.0-or-later
// The fence around libntfs-3g: a mounted volume and the few edits a repair makes, each by MFT reference and
// UTF-16 name. Used by repair/ to apply a plan, over an overlay; it plans nothing and decides no policy: the
// state of the volume (log, hibernation, dirty flag) was looked at by ntfs::read_state before.
//
// Invariants
//   N3-1  Mounting writes nothing: no log is reset, no flag changed (mode FORENSIC of the library).
//   N3-2  The first error of the device below is kept and thrown by the call in which it happened; from then
//   on every
//         call throws it again, and nothing more reaches the device.
//   N3-3  An edit that is refused (kUsage, kNotFound, kConflict, kRefused, kUnsupported) has changed nothing.
//         One that fails half-way (any other error) has spoilt the volume object: every later call throws,
//         and the caller drops what the device below has taken.
//   N3-4  All that was done is in the device below after close() or sync(), and is not promised before.
//         Destruction without close() discards what is still held back.
//   N3-5  An edit touches the file it is about, its directories, and what belongs to the file. Other files'
//   records and
//         directory entries stay as they are, also where the file has more hard links.
// Borrows the device (REQUIRES: it outlives the volume). Not thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "block/block_device.h"
#include "ntfs/change_journal.h"

namespace mend::ntfs3g {

class Mount;

// Who may open a directory that is made.
enum class Access {
  // SYSTEM and Administrators, all rights, inherited by what is created inside later. What is moved in keeps
  // its own descriptor: NTFS computes inheritance when a file is created, not when it is moved.
  kSystemAndAdministrators,
};

class Volume {
 public:
  // Mounts. kCorrupt, kUnsupported with the library's own words; kIo.
  explicit Volume(block::BlockDevice& device);
  ~Volume();
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  // Removes one name of a file or of an empty directory, and the DOS name that is paired with it. The file
  // itself goes with its last name: clusters, extension records, $Reparse and $ObjId entries; its record
  // keeps its content and names, as Windows leaves them. Read-only and system files too.
  // kNotFound "ntfs3g.name.absent": no entry spelt exactly so. kRefused: a system file, a directory that is
  // not empty. kUnsupported "ntfs.names.ambiguous": several Win32 names in this directory and one DOS name,
  // so it cannot be told whose it is. kCorrupt: record, link count and index contradict each other.
  void remove(ntfs::MftReference parent, std::u16string_view name);

  // Gives the name a new parent, a new spelling or both. Content, times, attributes and descriptor stay; only
  // the time of the last change of the record moves, as it does in Windows. The paired DOS name is dropped;
  // the new name has none. kConflict "ntfs3g.rename.exists": the target holds another name that is equal but
  // for case. kUsage: a name that Windows could not open (unless it is the old one), a directory moved into
  // itself. Otherwise as remove().
  void rename(ntfs::MftReference parent, std::u16string_view name, ntfs::MftReference new_parent,
              std::u16string_view new_name);

  // Makes an empty directory and returns it. kConflict when the name is taken.
  ntfs::MftReference make_directory(ntfs::MftReference parent, std::u16string_view name, Access access);

  // Appends records of all edits since the last call to the change journal, as Windows would have written
  // them: creation, old and new name, deletion, change of hard links, each with its close; and sets the USN
  // of the files that are left. `journal`: as ntfs::find_change_journal() found it. kRefused
  // "ntfs3g.changes.write" where no cluster is free for them; kCorrupt "ntfs3g.changes.stream": $J is not as
  // it was found. N3-3.
  void append_changes(const ntfs::ChangeJournal& journal, Time time);

  // Sets the flags of $VOLUME_INFORMATION, all 16 bits as given, in $MFT and in $MFTMirr.
  void set_volume_flags(uint16_t flags);
  uint16_t volume_flags();

  // Writes everything into the device and flushes it; the volume stays mounted.
  void sync();
  // The same, and unmounts. Nothing may be called after it but the destructor.
  void close();

 private:
  std::unique_ptr<Mount> mount_;
};

}  // namespace mend::ntfs3g
