// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/checker.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
constexpr size_t kNameBuckets = 65536, kOtherBuckets = 4096;
// So many uneven buckets are looked into; in each are as many suspects as there are names to a bucket.
constexpr size_t kBucketsToName = 512;
constexpr uint64_t kMirroredRecords = 4;

// Calls `use(index, word)` for each 64 bits of the first `bits` of a bitmap, those beyond its end being zero.
template <typename Use>
void for_each_word(Stream& bitmap, uint64_t bits, CheckReport& report, Use&& use) {
  const uint64_t size = std::min((bits + 7) / 8, bitmap.size_bytes());
  ByteVector buffer;
  for (uint64_t offset = 0; offset < size; offset += kPieceBytes) {
    const uint64_t piece = std::min(kPieceBytes, size - offset);
    buffer.assign(static_cast<size_t>(align_up(piece, 8)), 0);
    bitmap.read(offset, MutableBytes(buffer).first(static_cast<size_t>(piece)));
    ++report.reads;
    report.bytes_read += piece;
    for (size_t at = 0; at < buffer.size(); at += 8)
      use(static_cast<size_t>((offset + at) / 8), Struct<8>(buffer, at).get<uint64_t, 0>());
  }
}

// Bits of `word` that lie before `bits`, counted from word `index` on.
uint64_t mask_end(size_t index, uint64_t bits, uint64_t word) {
  const uint64_t left = bits - uint64_t{index} * 64;
  return left >= 64 ? word : word & ((uint64_t{1} << left) - 1);
}

void add_bits(ClusterSet& set, size_t index, uint64_t word) {
  while (word != 0) {
    const auto from = static_cast<uint64_t>(std::countr_zero(word));
    const auto length = static_cast<uint64_t>(std::countr_one(word >> from));
    set.add(uint64_t{index} * 64 + from, length);
    if (from + length >= 64) return;
    word &= ~uint64_t{0} << (from + length);
  }
}

std::string clusters_text(const ClusterRange& range) {
  return range.count == 1 ? fmt::format("cluster {}", range.first)
                          : fmt::format("clusters {} to {}", range.first, range.first + range.count - 1);
}

}  // namespace

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::kBadRecord:
      return "bad-record";
    case FindingKind::kRecordBitmap:
      return "record-bitmap";
    case FindingKind::kMirror:
      return "mirror";
    case FindingKind::kOverlap:
      return "overlap";
    case FindingKind::kClusterNotMarked:
      return "cluster-not-marked";
    case FindingKind::kClusterLost:
      return "cluster-lost";
    case FindingKind::kBadIndex:
      return "bad-index";
    case FindingKind::kEntryWithoutName:
      return "entry-without-name";
    case FindingKind::kNameWithoutEntry:
      return "name-without-entry";
    case FindingKind::kOrphanExtension:
      return "orphan-extension";
    case FindingKind::kBadSecurity:
      return "bad-security";
    case FindingKind::kObjectId:
      return "object-id";
    case FindingKind::kReparsePoint:
      return "reparse-point";
    case FindingKind::kQuota:
      return "quota";
    case FindingKind::kSystemFile:
      return "system-file";
    case FindingKind::kUnreachable:
      return "unreachable";
  }
  return "unknown";
}

bool Finding::operator==(const Finding& other) const {
  return std::tie(kind, record, first_cluster, cluster_count, what) ==
         std::tie(other.kind, other.record, other.first_cluster, other.cluster_count, other.what);
}

bool Finding::operator<(const Finding& other) const {
  return std::tie(kind, record, first_cluster, cluster_count, what) <
         std::tie(other.kind, other.record, other.first_cluster, other.cluster_count, other.what);
}

Checker::Checker(Volume& volume, const std::function<void(double)>& progress, const CheckLimits& limits)
    : volume_(volume),
      progress_(progress),
      limits_(limits),
      upcase_(volume.upcase()),
      clusters_(volume.geometry().cluster_count),
      records_in_use_(static_cast<size_t>((volume.record_count() + 63) / 64), 0),
      names_(kNameBuckets),
      blocks_(kOtherBuckets),
      extensions_(kOtherBuckets),
      object_ids_(kOtherBuckets),
      reparse_points_(kOtherBuckets) {}

CheckReport Checker::run() {
  read_system_files();
  read_records();
  check_deferred();
  read_blocks();
  walk_large_indexes();
  check_record_bitmap();
  check_cluster_bitmap();
  check_mirror();
  check_system_records();
  check_folders();
  report_.clusters_in_use = clusters_.count();
  overlaps_.settle();
  unmarked_.settle();
  report_.more_findings += overlaps_.dropped() + unmarked_.dropped();
  const bool even =
      std::all_of(balances_.begin(), balances_.end(), [](const Balance* balance) { return balance->even(); });
  if (!even || !overlaps_.empty() || !unmarked_.empty()) name_offenders();
  std::sort(report_.findings.begin(), report_.findings.end());
  add_paths(volume_, report_.findings);
  tell(1.0);
  return std::move(report_);
}

void Checker::check_record_bitmap() {
  const uint64_t records = volume_.record_count();
  for_each_word(volume_.mft_bitmap(), records, report_, [&](size_t index, uint64_t word) {
    uint64_t differing = mask_end(index, records, word) ^ records_in_use_[index];
    for (; differing != 0; differing &= differing - 1) {
      const auto bit = static_cast<uint64_t>(std::countr_zero(differing));
      const uint64_t number = uint64_t{index} * 64 + bit;
      find(FindingKind::kRecordBitmap, number,
           ((word >> bit) & 1) != 0
               ? fmt::format("MFT record {} is free or unreadable, but taken in the bitmap of $MFT", number)
               : fmt::format("MFT record {} is in use, but free in the bitmap of $MFT", number));
    }
  });
}

void Checker::check_cluster_bitmap() {
  const uint64_t clusters = volume_.geometry().cluster_count;
  Stream& bitmap = volume_.cluster_bitmap();
  if (bitmap.size_bytes() < (clusters + 7) / 8)
    find(FindingKind::kBadRecord, system_record::kBitmap,
         fmt::format("$Bitmap has {} bytes for {} clusters", bitmap.size_bytes(), clusters));
  ClusterSet lost;
  for_each_word(bitmap, clusters, report_, [&](size_t index, uint64_t word) {
    const uint64_t marked = mask_end(index, clusters, word), taken = clusters_.word(index);
    if (marked == taken) return;
    add_bits(lost, index, marked & ~taken);
    add_bits(unmarked_, index, taken & ~marked);
  });
  for (const ClusterRange& range : lost.ranges())
    report({FindingKind::kClusterLost, Finding::kNoRecord, range.first, range.count,
            fmt::format("{}: taken in $Bitmap, but no file has {}", clusters_text(range),
                        range.count == 1 ? "it" : "them")});
  report_.more_findings += lost.dropped();
}

void Checker::check_mirror() {
  const uint32_t record_bytes = volume_.geometry().record_bytes;
  Stream mft = volume_.mft();
  ByteVector copies;
  try {
    std::optional<Stream> mirror =
        volume_.open_record(system_record::kMftMirror).stream(AttributeType::kData);
    if (!mirror) throw Error(ErrorCode::kCorrupt, "ntfs.check.mirror.none", "$MFTMirr has no content");
    copies = mirror->read_bytes(0, kMirroredRecords * record_bytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    find(FindingKind::kMirror, system_record::kMftMirror, error.what());
    return;
  }
  for (uint64_t number = 0; number < kMirroredRecords && number < volume_.record_count(); ++number) {
    ByteVector original = mft.read_bytes(number * record_bytes, record_bytes);
    const MutableBytes copy =
        MutableBytes(copies).subspan(static_cast<size_t>(number) * record_bytes, record_bytes);
    // The check value may differ: what it protects may not.
    const bool intact =
        remove_fixups(original) == Protection::kIntact && remove_fixups(copy) == Protection::kIntact;
    const size_t array = read_le<uint16_t>(original, 4);
    const size_t array_bytes = size_t{2} * read_le<uint16_t>(original, 6);
    if (intact && read_le<uint16_t>(copy, 4) == array) {
      std::fill_n(original.begin() + static_cast<ptrdiff_t>(array), array_bytes, uint8_t{0});
      std::fill_n(copy.begin() + static_cast<ptrdiff_t>(array), array_bytes, uint8_t{0});
    }
    if (!intact || !equal(original, copy))
      find(FindingKind::kMirror, number,
           fmt::format("the copy of MFT record {} in $MFTMirr differs", number));
  }
}

// The naming round.
void Checker::name_offenders() {
  for (Balance* balance : balances_) {
    const size_t uneven = balance->uneven_buckets();
    if (uneven > kBucketsToName) report_.more_findings += uneven - kBucketsToName;
    balance->keep_uneven(kBucketsToName);
  }
  round_ = Round::kNaming;
  read_records();
  check_deferred();
  read_blocks();
  report_suspects();
}

std::string Checker::sentence(const Suspect& suspect) {
  const std::string name = printable(to_utf8(suspect.name));
  const uint64_t record = suspect.record, other = suspect.other;
  switch (suspect.kind) {
    case FindingKind::kNameWithoutEntry:
      return fmt::format("file {} says it is \"{}\" in folder {}, which does not list it so", record, name,
                         other);
    case FindingKind::kEntryWithoutName:
      return fmt::format("folder {} lists \"{}\" as file {}, which does not say so", other, name, record);
    case FindingKind::kOrphanExtension:
      return fmt::format("MFT record {} continues file {}, which does not name it", record, other);
    case FindingKind::kObjectId:
      return suspect.added
                 ? fmt::format("file {} has an object ID that $ObjId does not list so", record)
                 : fmt::format("$ObjId lists an object ID for file {}, which does not have it", record);
    case FindingKind::kReparsePoint:
      return suspect.added ? fmt::format("file {} is a reparse point that $Reparse does not list so", record)
                           : fmt::format("$Reparse lists file {}, which is no such reparse point", record);
    case FindingKind::kBadIndex:
      return suspect.added
                 ? fmt::format("file {}: no entry leads to the index block at VCN {}", record, other)
                 : fmt::format("file {}: an entry leads to VCN {}, where no index block is in use", record,
                               other);
    default:
      return fmt::format("file {} names MFT record {}, which is not its own", record, other);
  }
}

void Checker::report_suspects() {
  std::sort(suspects_.begin(), suspects_.end(), [](const Suspect& a, const Suspect& b) {
    return std::tie(a.hash, a.added) < std::tie(b.hash, b.added);
  });
  for (size_t first = 0, next; first < suspects_.size(); first = next) {
    size_t removed = 0;
    for (next = first; next < suspects_.size() && suspects_[next].hash == suspects_[first].hash; ++next)
      removed += suspects_[next].added ? 0U : 1U;
    const size_t added = next - first - removed;
    const size_t paired = std::min(added, removed);
    for (size_t i = first; i < next; ++i) {
      const size_t rank = suspects_[i].added ? i - first - removed : i - first;
      if (rank < paired) continue;
      const Suspect& suspect = suspects_[i];
      report({suspect.kind, suspect.record, 0, 0, sentence(suspect)});
    }
  }
}

void Checker::note_run(uint64_t owner, const Run& run) {
  const uint64_t record = MftReference::unpack(owner).record;
  const auto note = [&](const ClusterSet& set, FindingKind kind, std::string_view what) {
    if (set.empty()) return;
    for (uint64_t first = run.lcn; first < run.lcn + run.length;) {
      const ClusterRange part = set.intersect(first, run.lcn + run.length - first);
      if (part.count == 0) return;
      report({kind, record, part.first, part.count,
              fmt::format("{} of file {}: {}", clusters_text(part), record, what)});
      first = part.first + part.count;
    }
  };
  note(overlaps_, FindingKind::kOverlap, "also claimed by another file, or twice by this one");
  note(unmarked_, FindingKind::kClusterNotMarked, "free in $Bitmap");
}

void Checker::find(FindingKind kind, uint64_t record, std::string what) {
  if (round_ == Round::kCounting) report({kind, record, 0, 0, std::move(what)});
}

void Checker::report(Finding finding) {
  if (report_.findings.size() < CheckReport::kMaximumFindings)
    report_.findings.push_back(std::move(finding));
  else
    ++report_.more_findings;
}

void Checker::weigh(Balance& balance, bool add, uint64_t hash, FindingKind kind, uint64_t record,
                    uint64_t other, Bytes name_le) {
  if (round_ == Round::kCounting) {
    if (add)
      balance.add(hash);
    else
      balance.remove(hash);
  } else if (balance.uneven_at(hash)) {
    suspects_.push_back({hash, add, kind, record, other, Attribute::utf16(name_le)});
  }
}

void Checker::tell(double fraction) {
  if (progress_) progress_(round_ == Round::kCounting ? fraction : 0.99);
}

CheckReport check_full(Volume& volume, const std::function<void(double)>& progress,
                       const CheckLimits& limits) {
  return Checker(volume, progress, limits).run();
}

}  // namespace mend::ntfs
