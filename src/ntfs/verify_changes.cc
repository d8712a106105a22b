// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs {
namespace {

[[noreturn]] void refuse(const char* id, const std::string& what) {
  throw Error(ErrorCode::kRefused, id, "the change journal " + what);
}

// The stream $J, its head, and what it lies in.
struct Journal {
  File file;
  const Attribute* head = nullptr;
  Stream stream;

  static Journal open(Volume& volume, MftReference reference) {
    File file = volume.open(reference);
    const Attribute* head = file.find(AttributeType::kData, kChangeStream);
    if (head == nullptr || head->resident)
      refuse("ntfs.verify.changes.stream", "has no stream $J of clusters");
    Stream stream = file.stream_of(*head);
    return {std::move(file), head, std::move(stream)};
  }
  uint64_t end() const { return stream.size_bytes(); }
  // +0x40 of a sparse attribute: bytes in clusters.
  uint64_t stated_bytes() const {
    return stream.sparse() ? read_le<uint64_t>(head->whole, 0x40) : stream.allocated_bytes();
  }
};

uint64_t end_of_cluster(const Volume& volume, const Journal& journal) {
  return align_up(journal.end(), volume.geometry().cluster_bytes);
}

void check_sizes(const Volume& volume, const Journal& then, const Journal& now) {
  const uint64_t cluster = volume.geometry().cluster_bytes;
  const RunList &old_runs = then.stream.runs(), &new_runs = now.stream.runs();
  if (now.end() <= then.end() || now.stream.initialised_bytes() != now.end())
    refuse("ntfs.verify.changes.size", "did not grow by initialised bytes");
  if (now.stream.allocated_bytes() != total_clusters(new_runs) * cluster ||
      now.stated_bytes() - then.stated_bytes() !=
          (allocated_clusters(new_runs) - allocated_clusters(old_runs)) * cluster)
    refuse("ntfs.verify.changes.size", "states other sizes than its clusters have");
  // No more clusters than the records need.
  const uint64_t wanted = std::max(then.stream.allocated_bytes(), end_of_cluster(volume, now));
  if (now.stream.allocated_bytes() != wanted)
    refuse("ntfs.verify.changes.clusters",
           fmt::format("has {} bytes allocated, and {} are enough", now.stream.allocated_bytes(), wanted));
}

// kRefused where a part of them is a hole.
ByteVector read_ranges(Volume& volume, const std::vector<Range>& ranges, uint64_t length) {
  ByteVector bytes(static_cast<size_t>(length));
  MutableBytes rest = bytes;
  for (const Range& range : ranges) {
    volume.read(range.offset, rest.first(static_cast<size_t>(range.length)));
    rest = rest.subspan(static_cast<size_t>(range.length));
  }
  if (!rest.empty()) refuse("ntfs.verify.changes.hole", "has a hole at its end");
  return bytes;
}

}  // namespace

std::vector<Range> appended_ranges(Volume& before, Volume& after, MftReference journal) {
  const Journal then = Journal::open(before, journal), now = Journal::open(after, journal);
  if (now.end() <= then.end()) refuse("ntfs.verify.changes.size", "did not grow");
  return now.stream.ranges(then.end(), end_of_cluster(after, now) - then.end());
}

std::map<MftReference, uint64_t> check_changes(Volume& before, Volume& after, MftReference journal,
                                               const std::vector<Change>& expected) {
  const Journal then = Journal::open(before, journal), now = Journal::open(after, journal);
  check_sizes(after, then, now);
  const uint64_t length = end_of_cluster(after, now) - then.end();
  const std::vector<Range> ranges = now.stream.ranges(then.end(), length);
  const ByteVector old = read_ranges(before, ranges, length), bytes = read_ranges(after, ranges, length);

  std::map<MftReference, uint64_t> last_usn;
  uint64_t usn = then.end();
  for (const Change& change : expected) {
    const uint64_t size = align_up(ChangeRecord::kHeaderBytes + 2 * change.name.size(), 8);
    const uint64_t room = kChangePageBytes - usn % kChangePageBytes;
    if (size > room) {
      if (!all_zero(slice(Bytes(bytes), usn - then.end(), room)))
        refuse("ntfs.verify.changes.page", "has something in a page that was full");
      usn += room;
    }
    const ChangeRecord record = ChangeRecord::parse(slice(Bytes(bytes), usn - then.end(), size));
    if (record.usn != usn || record.change != change)
      refuse("ntfs.verify.changes.record",
             fmt::format("says something else at USN {:#x} than that \"{}\" changed for the reason {:#x}",
                         usn, printable(to_utf8(change.name)), change.reason));
    last_usn[change.file] = usn;
    usn += size;
  }
  if (usn != now.end()) refuse("ntfs.verify.changes.end", "does not end with the last record of the edits");
  // Behind it the cluster holds what it held, or zeros.
  for (size_t at = static_cast<size_t>(usn - then.end()); at < bytes.size(); ++at)
    if (bytes[at] != 0 && bytes[at] != old[at])
      refuse("ntfs.verify.changes.slack", "has bytes behind its end");
  return last_usn;
}

}  // namespace mend::ntfs
