// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "ntfs/checker.h"
#include "ntfs/field.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kLargestTableBytes = 1 << 20;
constexpr size_t kMostOwners = 1 << 20;

struct Owner {
  uint32_t id = 0;
  ByteVector sid;
  auto operator<=>(const Owner&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

// $Quota:$Q, key: the owner's id; the SID stands at +0x30 of the data, where there is one.
// $Quota:$O, key: the SID; data: the owner's id.
std::vector<Owner> owners_in(Volume& volume, const File& quota, std::u16string_view name) {
  constexpr size_t kSid = 0x30;
  std::vector<Owner> owners;
  Index(volume, quota, name).walk(nullptr, [&](const IndexEntry& entry) {
    const bool by_id = name == u"$Q";
    const Bytes sid = by_id ? entry.data.subspan(std::min(entry.data.size(), kSid)) : entry.key;
    owners.push_back({read_le<uint32_t>(by_id ? entry.key : entry.data, 0), {sid.begin(), sid.end()}});
    return owners.size() < kMostOwners;
  });
  std::sort(owners.begin(), owners.end());
  return owners;
}

// CRC-64 as NVM Express has it, least bit first: what Windows writes into $UpCase:$Info.
uint64_t crc64(Bytes bytes) {
  constexpr uint64_t kPolynomial = 0x9a6c9329ac4bc9b5;
  uint64_t crc = UINT64_MAX;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

}  // namespace

// Before the pass over $MFT: what the records are held against.
void Checker::read_system_files() {
  read_attribute_table();
  read_security();
  guarded(FindingKind::kSystemFile, system_record::kExtend, [&] {
    if (!volume_.read_record(system_record::kExtend)->is_directory()) return;  // NTFS 1.2 has $Quota there
    const MftReference extend = volume_.read_record(system_record::kExtend)->reference();
    if (const auto entry = volume_.find(extend, u"$ObjId")) object_id_file_ = entry->reference.record;
    if (const auto entry = volume_.find(extend, u"$Reparse")) reparse_file_ = entry->reference.record;
    if (const auto entry = volume_.find(extend, u"$Quota"))
      guarded(FindingKind::kQuota, entry->reference.record,
              [&] { read_quota(volume_.open(entry->reference)); });
  });
}

void Checker::read_attribute_table() {
  guarded(FindingKind::kSystemFile, system_record::kAttrDef, [&] {
    std::optional<Stream> table = volume_.open_record(system_record::kAttrDef).stream(AttributeType::kData);
    if (!table || table->size_bytes() > kLargestTableBytes)
      throw Error(ErrorCode::kCorrupt, "ntfs.check.attrdef", "$AttrDef holds no table of attributes");
    attribute_table_ =
        AttributeTable(table->read_bytes(0, table->size_bytes()), [&](const std::string& what) {
          find(FindingKind::kSystemFile, system_record::kAttrDef, "$AttrDef " + what);
        });
  });
}

void Checker::read_quota(const File& quota) {
  const std::vector<Owner> by_id = owners_in(volume_, quota, u"$Q");
  std::vector<Owner> by_sid = owners_in(volume_, quota, u"$O");
  if (std::max(by_id.size(), by_sid.size()) >= kMostOwners) return;
  owner_ids_.emplace();
  std::vector<Owner> with_sid, apart;
  for (const Owner& owner : by_id) {
    owner_ids_->push_back(owner.id);
    if (!owner.sid.empty()) with_sid.push_back(owner);
  }
  // The SID may be followed by what fills the entry up to eight bytes.
  for (std::vector<Owner>* owners : {&with_sid, &by_sid})
    for (Owner& owner : *owners)
      if (owner.sid.size() > 8) owner.sid.resize(std::min(owner.sid.size(), size_t{8} + 4 * owner.sid[1]));
  std::set_symmetric_difference(with_sid.begin(), with_sid.end(), by_sid.begin(), by_sid.end(),
                                std::back_inserter(apart));
  for (const Owner& owner : apart)
    find(FindingKind::kQuota, quota.reference().record,
         fmt::format("$Quota: its two indexes disagree on the owner 0x{:x}", owner.id));
}

// The files that every volume has, where the boot sector and NTFS look for them.
void Checker::check_system_records() {
  for (uint64_t number = 0; number <= system_record::kUpCase; ++number)
    guarded(FindingKind::kSystemFile, number, [&] {
      const File file = volume_.open_record(number);
      if (file.is_directory() != (number == system_record::kRoot))
        find(
            FindingKind::kSystemFile, number,
            fmt::format("file {} of NTFS itself {} a folder", number, file.is_directory() ? "is" : "is not"));
    });
  const auto check_place = [&](uint64_t record, uint64_t lcn) {
    guarded(FindingKind::kSystemFile, record, [&] {
      const std::optional<Stream> data = volume_.open_record(record).stream(AttributeType::kData);
      if (!data || data->runs().empty() || data->runs().front().lcn != lcn)
        find(FindingKind::kSystemFile, record,
             fmt::format("file {} of NTFS itself does not begin at cluster {}, where the boot sector has it",
                         record, lcn));
    });
  };
  check_place(system_record::kMft, volume_.geometry().mft_lcn);
  check_place(system_record::kMftMirror, volume_.geometry().mirror_lcn);
  check_place(system_record::kBoot, 0);
  check_upcase();
}

void Checker::check_upcase() {
  guarded(FindingKind::kSystemFile, system_record::kUpCase, [&] {
    const File file = volume_.open_record(system_record::kUpCase);
    std::optional<Stream> table = file.stream(AttributeType::kData);
    if (!table || table->size_bytes() != 2 * Upcase::kEntries) {
      find(
          FindingKind::kSystemFile, system_record::kUpCase,
          fmt::format("$UpCase has {} bytes, not {}", table ? table->size_bytes() : 0, 2 * Upcase::kEntries));
      return;
    }
    // $Info, from Windows 8 on: +0x00 its length, +0x08 CRC-64 of the table.
    std::optional<Stream> info = file.stream(AttributeType::kData, u"$Info");
    if (!info || info->size_bytes() < 0x10) return;
    const uint64_t stated = read_le<uint64_t>(info->read_bytes(0, 0x10), 8);
    const uint64_t found = crc64(table->read_bytes(0, table->size_bytes()));
    if (stated != found)
      find(FindingKind::kSystemFile, system_record::kUpCase,
           fmt::format("$UpCase has the CRC-64 {:016x} and should have {:016x}", found, stated));
  });
}

// Each folder's way up ends at the root. A folder that is not listed where it says it is, is a finding of the
// names; what is left are folders that lead to each other in a circle.
void Checker::check_folders() {
  std::sort(folders_.begin(), folders_.end(),
            [](const FolderIn& a, const FolderIn& b) { return a.folder < b.folder; });
  const auto find_folder = [&](uint64_t record) {
    const auto at = std::lower_bound(folders_.begin(), folders_.end(), record,
                                     [](const FolderIn& a, uint64_t wanted) { return a.folder < wanted; });
    return at == folders_.end() || at->folder != record ? folders_.size()
                                                        : static_cast<size_t>(at - folders_.begin());
  };
  enum class Seen : uint8_t { kNo, kOnTheWay, kDone };
  std::vector<Seen> seen(folders_.size(), Seen::kNo);
  std::vector<size_t> way;
  for (size_t start = 0; start < folders_.size(); ++start) {
    way.clear();
    size_t at = start;
    while (at != folders_.size() && seen[at] == Seen::kNo) {
      seen[at] = Seen::kOnTheWay;
      way.push_back(at);
      const bool root = folders_[at].folder == system_record::kRoot;
      at = root ? folders_.size() : find_folder(folders_[at].parent);
    }
    if (at != folders_.size() && seen[at] == Seen::kOnTheWay)
      find(FindingKind::kUnreachable, folders_[at].folder,
           fmt::format("folder {} is inside itself: no way leads from it to the root", folders_[at].folder));
    for (const size_t passed : way) seen[passed] = Seen::kDone;
  }
}

}  // namespace mend::ntfs
