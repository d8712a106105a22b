// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/change_journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"

namespace mend::ntfs {
namespace {

constexpr std::u16string_view kFileName = u"$UsnJrnl", kLimitsStream = u"$Max";
constexpr uint16_t kDeleteUnderWay = 0x0010;  // of $VOLUME_INFORMATION
constexpr uint64_t kLargestUsn = uint64_t{1} << 62;

[[noreturn]] void leave_alone(const char* id, const std::string& why) {
  throw Error(ErrorCode::kUnsupported, id, "the volume's change journal ($UsnJrnl) is left as it is: " + why);
}

[[noreturn]] void refuse_record(const std::string& why) {
  throw Error(ErrorCode::kCorrupt, "ntfs.changes.record", "a record of the change journal " + why);
}

// $Max: +0x00 largest size, +0x08 allocation delta, +0x10 the journal's id, +0x18 lowest valid USN.
void check_limits(const File& file, uint64_t next_usn) {
  std::optional<Stream> limits = file.stream(AttributeType::kData, kLimitsStream);
  if (!limits || limits->size_bytes() < 0x20 || limits->size_bytes() > kChangePageBytes)
    leave_alone("ntfs.changes.limits", "its stream $Max has another size than is known");
  const ByteVector value = limits->read_bytes(0, 0x20);
  if (read_le<uint64_t>(value, 0x00) == 0 || read_le<uint64_t>(value, 0x10) == 0 ||
      read_le<uint64_t>(value, 0x18) > next_usn)
    leave_alone("ntfs.changes.limits", "its limits in the stream $Max contradict each other");
}

// +0x00 length (4), +0x04 major version (2); the USN is at +0x18 in version 2 and, behind longer references,
// at +0x28 in version 4 (of ranges, without a name).
uint64_t usn_of(Bytes record, uint16_t major) {
  return read_le<uint64_t>(record, major == 2 ? 0x18 : 0x28);
}

// Every record of the last page, up to the end of $J. Of a page that was filled up the rest is zeros.
void check_last_page(Stream& changes, uint64_t next_usn) {
  if (next_usn == 0) return;
  const uint64_t start = align_down(next_usn - 1, kChangePageBytes);
  const ByteVector page = changes.read_bytes(start, next_usn - start);
  size_t at = 0;
  while (at < page.size()) {
    const Bytes rest = Bytes(page).subspan(at);
    if (rest.size() < 8) leave_alone("ntfs.changes.page", "its last page ends within a record");
    const uint32_t length = read_le<uint32_t>(rest, 0);
    const uint16_t major = read_le<uint16_t>(rest, 4);
    if (length == 0 && at != 0 && page.size() == kChangePageBytes && all_zero(rest)) return;
    if (major != 2 && major != 4)
      leave_alone("ntfs.changes.version", fmt::format("it has records of version {}", major));
    if (length % 8 != 0 || length < ChangeRecord::kHeaderBytes || length > rest.size() ||
        usn_of(rest, major) != start + at)
      leave_alone("ntfs.changes.page", fmt::format("its last page is damaged at USN {:#x}", start + at));
    at += length;
  }
}

}  // namespace

ChangeRecord ChangeRecord::parse(Bytes bytes) {
  const Struct<kHeaderBytes> header(bytes, 0);
  ChangeRecord record;
  record.length = header.get<uint32_t, 0x00>();
  const uint16_t name_bytes = header.get<uint16_t, 0x38>();
  if (header.get<uint16_t, 0x04>() != 2 || header.get<uint16_t, 0x06>() != 0)
    refuse_record("is of another version");
  if (header.get<uint32_t, 0x2c>() != 0 || header.get<uint32_t, 0x30>() != 0)
    refuse_record("names a source or a security id");
  if (header.get<uint16_t, 0x3a>() != kHeaderBytes || name_bytes == 0 || name_bytes % 2 != 0 ||
      record.length != align_up(kHeaderBytes + name_bytes, 8) || record.length > bytes.size())
    refuse_record("has another length than its name");
  const Bytes name = slice(bytes, kHeaderBytes, name_bytes);
  if (!all_zero(bytes.subspan(kHeaderBytes + name_bytes, record.length - kHeaderBytes - name_bytes)))
    refuse_record("has bytes behind its name");
  record.change.file = MftReference::unpack(header.get<uint64_t, 0x08>());
  record.change.parent = MftReference::unpack(header.get<uint64_t, 0x10>());
  record.usn = header.get<uint64_t, 0x18>();
  record.time = header.get<uint64_t, 0x20>();
  record.change.reason = header.get<uint32_t, 0x28>();
  record.change.attributes = header.get<uint32_t, 0x34>();
  record.change.name = Attribute::utf16(name);
  return record;
}

uint32_t change_attributes(uint32_t attributes, bool is_directory) {
  constexpr uint32_t kOfRecords = 0x0fffffff;  // what is beyond it are marks of indexes
  constexpr uint32_t kDirectory = 0x10, kNormal = 0x80;
  attributes &= kOfRecords;
  if (is_directory) attributes |= kDirectory;
  return attributes == 0 ? kNormal : attributes;
}

std::optional<ChangeJournal> find_change_journal(Volume& volume, uint16_t volume_flags) {
  const MftReference extend = volume.read_record(system_record::kExtend)->reference();
  const std::optional<DirectoryEntry> entry = volume.find(extend, kFileName);
  if (!entry) return std::nullopt;
  if ((volume_flags & kDeleteUnderWay) != 0) leave_alone("ntfs.changes.deleting", "Windows is deleting it");
  const File file = volume.open(entry->reference);
  std::optional<Stream> changes = file.stream(AttributeType::kData, kChangeStream);
  if (!changes || changes->is_resident() || changes->compressed() || changes->encrypted())
    leave_alone("ntfs.changes.stream", "its stream $J is of a kind that is not known");
  const uint64_t next_usn = changes->size_bytes();
  if (changes->initialised_bytes() != next_usn || next_usn % 8 != 0 || next_usn > kLargestUsn)
    leave_alone("ntfs.changes.size", "its stream $J does not end with its last record");
  // What is appended to is on the disk, and so is what is allocated behind it.
  const uint64_t page = next_usn == 0 ? 0 : align_down(next_usn - 1, kChangePageBytes);
  uint64_t present = 0;
  for (const Range& range : changes->ranges(page, changes->allocated_bytes() - page)) present += range.length;
  if (present != changes->allocated_bytes() - page)
    leave_alone("ntfs.changes.hole", "its stream $J ends in a hole");
  check_limits(file, next_usn);
  check_last_page(*changes, next_usn);
  return ChangeJournal{entry->reference, next_usn};
}

}  // namespace mend::ntfs
