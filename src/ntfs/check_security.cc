// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "ntfs/checker.h"
#include "ntfs/field.h"

namespace mend::ntfs {
namespace {

// $SDS comes in stretches of this size, each followed by its copy.
constexpr uint64_t kStretchBytes = 256 << 10;
constexpr size_t kHeaderBytes = 0x14;
// More descriptors than any volume has are not looked into.
constexpr size_t kMostDescriptors = 1 << 20;

using Descriptors = std::vector<SecurityDescriptorAt>;

// The data of each entry of $SII or $SDH; nullopt: there is no such index.
std::optional<Descriptors> read_index(Volume& volume, const File& secure, std::u16string_view name) {
  if (secure.find(AttributeType::kIndexRoot, name) == nullptr) return std::nullopt;
  Descriptors all;
  Index(volume, secure, name).walk(nullptr, [&](const IndexEntry& entry) {
    const Struct<kHeaderBytes> data(entry.data, 0);
    all.push_back({data.get<uint32_t, 4>(), data.get<uint32_t, 0>(), data.get<uint64_t, 8>(),
                   data.get<uint32_t, 16>()});
    return all.size() < kMostDescriptors;
  });
  std::sort(all.begin(), all.end());
  return all;
}

// Each four bytes are added to the sum so far, turned left by three bits.
uint32_t descriptor_hash(Bytes descriptor) {
  uint32_t hash = 0;
  for (size_t at = 0; at + 4 <= descriptor.size(); at += 4)
    hash = read_le<uint32_t>(descriptor, at) + std::rotl(hash, 3);
  return hash;
}

// What is wrong with it in its stretch of $SDS; empty: nothing. `copy` is empty where $SDS ends before it.
std::string fault_of(const SecurityDescriptorAt& wanted, Bytes stretch, Bytes copy) {
  const uint64_t at = wanted.offset % (2 * kStretchBytes);
  if (wanted.length < kHeaderBytes || !fits(at, wanted.length, stretch.size()))
    return fmt::format("has {} bytes at {} of $SDS, which holds no such thing", wanted.length, wanted.offset);
  const Bytes whole = slice(stretch, at, wanted.length);
  const Struct<kHeaderBytes> header(whole, 0);
  if (header.get<uint32_t, 0>() != wanted.hash || header.get<uint32_t, 4>() != wanted.id ||
      header.get<uint64_t, 8>() != wanted.offset || header.get<uint32_t, 16>() != wanted.length)
    return fmt::format("is not at {} of $SDS", wanted.offset);
  if (descriptor_hash(whole.subspan(kHeaderBytes)) != wanted.hash)
    return "has a descriptor whose hash is another";
  if (!copy.empty() &&
      (!fits(at, wanted.length, copy.size()) || !equal(slice(copy, at, wanted.length), whole)))
    return "has a copy in $SDS that differs";
  return {};
}

}  // namespace

void Checker::read_security() {
  guarded(FindingKind::kBadSecurity, system_record::kSecure, [&] {
    const File secure = volume_.open_record(system_record::kSecure);
    const std::optional<Descriptors> by_id = read_index(volume_, secure, u"$SII");
    const std::optional<Descriptors> by_hash = read_index(volume_, secure, u"$SDH");
    if (!by_id && !by_hash) return;  // NTFS 1.2: each file has its own descriptor
    if (!by_id || !by_hash)
      throw Error(ErrorCode::kCorrupt, "ntfs.check.security.index",
                  "$Secure has only one of its two indexes");
    if (std::max(by_id->size(), by_hash->size()) >= kMostDescriptors) return;
    Descriptors apart;
    std::set_symmetric_difference(by_id->begin(), by_id->end(), by_hash->begin(), by_hash->end(),
                                  std::back_inserter(apart));
    for (const SecurityDescriptorAt& one : apart)
      find(FindingKind::kBadSecurity, system_record::kSecure,
           fmt::format("$Secure: $SII and $SDH disagree on the security id 0x{:x}", one.id));
    check_descriptors(secure, *by_id);
    security_ids_.emplace();
    for (const SecurityDescriptorAt& one : *by_id) security_ids_->push_back(one.id);
  });
}

void Checker::check_descriptors(const File& secure, const Descriptors& descriptors) {
  std::optional<Stream> stream = secure.stream(AttributeType::kData, u"$SDS");
  if (!stream)
    throw Error(ErrorCode::kCorrupt, "ntfs.check.security.none", "$Secure has no descriptors ($SDS)");
  Descriptors by_place = descriptors;
  std::sort(by_place.begin(), by_place.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  uint64_t loaded = UINT64_MAX;
  ByteVector stretch, copy;
  const auto load = [&](uint64_t start, ByteVector& into) {
    const uint64_t size = stream->size_bytes();
    into.resize(static_cast<size_t>(start >= size ? 0 : std::min(kStretchBytes, size - start)));
    if (!into.empty()) stream->read(start, into);
    ++report_.reads;
    report_.bytes_read += into.size();
  };
  for (const SecurityDescriptorAt& one : by_place) {
    const uint64_t start = one.offset / (2 * kStretchBytes) * (2 * kStretchBytes);
    if (start != loaded) {
      load(start, stretch);
      load(start + kStretchBytes, copy);
      loaded = start;
    }
    if (const std::string fault = fault_of(one, stretch, copy); !fault.empty())
      find(FindingKind::kBadSecurity, system_record::kSecure,
           fmt::format("$Secure: the security id 0x{:x} {}", one.id, fault));
  }
}

void Checker::check_information(const RecordView& record, const Attribute& attribute) {
  if (round_ == Round::kNaming || attribute.value.size() < 0x24) return;
  const StandardInformation information = StandardInformation::parse(attribute.value);
  const auto known = [](const std::vector<uint32_t>& ids, uint32_t id) {
    return std::binary_search(ids.begin(), ids.end(), id);
  };
  const uint32_t security_id = information.security_id;
  if (security_ids_ && security_id != 0 && security_id != last_security_id_) {
    if (known(*security_ids_, security_id))
      last_security_id_ = security_id;
    else
      find(FindingKind::kBadSecurity, record.number(),
           fmt::format("file {} has the security id 0x{:x}, which $Secure does not know", record.number(),
                       security_id));
  }
  if (owner_ids_ && information.owner_id != 0 && !known(*owner_ids_, information.owner_id))
    find(FindingKind::kQuota, record.number(),
         fmt::format("file {} belongs to the owner 0x{:x}, whom $Quota does not know", record.number(),
                     information.owner_id));
}

}  // namespace mend::ntfs
