// SPDX-License-Identifier: GPL-3.0-or-later
// The records of the edits, appended to the change journal.
#include <algorithm>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "ntfs3g/edit.h"

namespace mend::ntfs3g {

namespace {

using ntfs::Change;

// USN_RECORD_V2: +0x00 length (4), +0x04 version 2.0 (2 and 2), +0x08 file, +0x10 parent, +0x18 USN, +0x20
// time (8 each), +0x28 reason, +0x2C source, +0x30 security id, +0x34 attributes (4 each), +0x38 length of
// the name in bytes, +0x3A its offset (2 each), +0x3C the name. Windows leaves source and security id at
// zero.
ByteVector encode(const Change& change, uint64_t usn, uint64_t filetime) {
  constexpr size_t kHeaderBytes = 0x3c;
  const ByteVector name = utf16_to_le(change.name);
  ByteVector record(kHeaderBytes);
  record.insert(record.end(), name.begin(), name.end());
  record.resize(align_up(record.size(), 8));
  write_le<uint32_t>(record, 0x00, static_cast<uint32_t>(record.size()));
  write_le<uint16_t>(record, 0x04, 2);
  write_le<uint64_t>(record, 0x08, change.file.pack());
  write_le<uint64_t>(record, 0x10, change.parent.pack());
  write_le<uint64_t>(record, 0x18, usn);
  write_le<uint64_t>(record, 0x20, filetime);
  write_le<uint32_t>(record, 0x28, change.reason);
  write_le<uint32_t>(record, 0x34, change.attributes);
  write_le<uint16_t>(record, 0x38, static_cast<uint16_t>(name.size()));
  write_le<uint16_t>(record, 0x3a, kHeaderBytes);
  return record;
}

struct Appendix {
  ByteVector bytes;
  std::map<ntfs::MftReference, uint64_t> last_usn;
};

// A record that does not fit in its page begins the next one, behind zeros.
Appendix make_appendix(const std::vector<Change>& changes, uint64_t next_usn, uint64_t filetime) {
  Appendix appendix;
  for (const Change& change : changes) {
    uint64_t usn = next_usn + appendix.bytes.size();
    const uint64_t room = ntfs::kChangePageBytes - usn % ntfs::kChangePageBytes;
    if (encode(change, usn, filetime).size() > room) {
      appendix.bytes.resize(appendix.bytes.size() + static_cast<size_t>(room));
      usn += room;
    }
    const ByteVector record = encode(change, usn, filetime);
    appendix.bytes.insert(appendix.bytes.end(), record.begin(), record.end());
    appendix.last_usn[change.file] = usn;
  }
  return appendix;
}

using Attribute = std::unique_ptr<ntfs_attr, decltype(&ntfs_attr_close)>;

Attribute open_stream(Mount& mount, Inode& file, const ntfs::ChangeJournal& journal) {
  static constexpr ntfschar kName[] = {const_cpu_to_le16('$'), const_cpu_to_le16('J')};
  Attribute stream(ntfs_attr_open(file.get(), AT_DATA, const_cast<ntfschar*>(kName), 2), &ntfs_attr_close);
  if (!stream) mount.fail("ntfs3g.changes.open", "cannot open the change journal of " + mount.name());
  const auto end = static_cast<s64>(journal.next_usn);
  const bool known = has_state(stream->state, NA_NonResident) && stream->data_size == end &&
                     stream->initialized_size == end &&
                     (stream->data_flags & (ATTR_COMPRESSION_MASK | ATTR_IS_ENCRYPTED)) == 0;
  if (!known)
    throw Error(ErrorCode::kCorrupt, "ntfs3g.changes.stream",
                "the change journal of " + mount.name() + " is not as it was found; nothing was changed");
  return stream;
}

void write_all(Mount& mount, ntfs_attr& stream, uint64_t offset, Bytes bytes) {
  while (!bytes.empty()) {
    const s64 done =
        ntfs_attr_pwrite(&stream, static_cast<s64>(offset), static_cast<s64>(bytes.size()), bytes.data());
    if (done <= 0)
      mount.fail("ntfs3g.changes.write", "cannot append to the change journal of " + mount.name());
    offset += static_cast<uint64_t>(done);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
}

// Only the longer form of $STANDARD_INFORMATION has a USN.
void set_usn(Mount& mount, ntfs::MftReference reference, uint64_t usn) {
  Inode file(mount, reference);
  if (!has_state(file.get()->state, NI_v3_Extensions)) return;
  file.get()->usn = cpu_to_le64(usn);
  file.mark_dirty();
  file.close();
}

}  // namespace

void append_changes(Mount& mount, const ntfs::ChangeJournal& journal, uint64_t filetime) {
  if (mount.changes().empty()) return;
  Appendix appendix = make_appendix(mount.changes(), journal.next_usn, filetime);
  // Those that are gone have no record to be marked.
  for (const Change& change : mount.changes())
    if ((change.reason & ntfs::change_reason::kFileDelete) != 0) appendix.last_usn.erase(change.file);
  Inode file(mount, journal.file);
  {
    const Attribute stream = open_stream(mount, file, journal);
    mount.begin_change();
    const ATTR_FLAGS flags = stream->data_flags;
    write_all(mount, *stream, journal.next_usn, appendix.bytes);
    // The library (2022.10.3) makes a sparse attribute an ordinary one when it allocates and finds no hole in
    // it.
    if (stream->data_flags != flags)
      throw Error(ErrorCode::kUnsupported, "ntfs3g.changes.sparse",
                  "the change journal of " + mount.name() + " has no hole yet and no room behind its end");
  }
  file.mark_dirty();
  file.close();
  for (const auto& [reference, usn] : appendix.last_usn) set_usn(mount, reference, usn);
  mount.changes().clear();
}

}  // namespace mend::ntfs3g
