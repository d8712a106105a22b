// SPDX-License-Identifier: GPL-3.0-or-later
// Faults of what NTFS keeps for itself: security, object IDs, reparse points, quota, tables, mirror.
#include <algorithm>

#include "tests/unit/ntfs/check_faults.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

using Kind = FindingKind;
using Type = AttributeType;
using Patient = FaultyVolume;
using Entries = std::vector<VolumeBuilder::ViewEntry>;

constexpr uint64_t kSecure = system_record::kSecure;
uint64_t file(Patient& p) {
  return p.file.record;
}
uint64_t secure(Patient&) {
  return kSecure;
}
template <uint64_t Record>
uint64_t system_file(Patient&) {
  return Record;
}

// The record with the longer $STANDARD_INFORMATION, which has these two fields.
void set_information(Patient& p, size_t at, uint32_t value) {
  NewAttribute information{.type = Type::kStandardInformation, .value = ByteVector(0x48, 0)};
  write_le<uint32_t>(information.value, at, value);
  p.builder.replace_attribute(p.file.record, information);
}

void edit_table(Patient& p, uint64_t record, uint64_t offset, uint8_t mask) {
  p.edit_stream(
      record, u"", offset, [&](MutableBytes bytes) { bytes[0] ^= mask; }, 1);
}

void move_data(Patient& p, uint64_t record, uint64_t clusters) {
  const RunList runs = p.builder.volume().open_record(record).stream(Type::kData)->runs();
  NewAttribute data{.non_resident = true};
  data.runs = {{0, clusters, p.builder.allocate(clusters)}};
  data.size_bytes = data.initialised_bytes = clusters * p.builder.cluster_bytes();
  p.builder.replace_attribute(record, data);
  for (const Run& run : runs) p.builder.mark(run.lcn, run.length, false);
}

}  // namespace

TEST_CASE("NC-3: each fault of $Secure, and each id that it does not know, is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  expect_faults({
      {"a security id that nobody knows", Kind::kBadSecurity, file, "0x9999, which $Secure does not know",
       [](Patient& p) { set_information(p, 0x34, 0x9999); }},
      {"a descriptor that changed", Kind::kBadSecurity, secure, "whose hash is another",
       [](Patient& p) {
         p.edit_stream(
             kSecure, u"$SDS", 0x40, [](MutableBytes b) { b[0] ^= 1; }, 1);
       }},
      {"a copy that changed", Kind::kBadSecurity, secure, "has a copy in $SDS that differs",
       [](Patient& p) {
         p.edit_stream(
             kSecure, u"$SDS", 0x40040, [](MutableBytes b) { b[0] ^= 1; }, 1);
       }},
      {"a head in $SDS of another id", Kind::kBadSecurity, secure, "is not at 0 of $SDS",
       [](Patient& p) {
         p.edit_stream(
             kSecure, u"$SDS", 4, [](MutableBytes b) { b[0] ^= 0x40; }, 1);
       }},
      {"an id that $SDH does not have", Kind::kBadSecurity, secure, "$SII and $SDH disagree",
       [](Patient& p) {
         p.builder.edit_view(kSecure, u"$SDH", [](Entries& entries) { entries.pop_back(); });
       }},
      {"an id that $SII does not have", Kind::kBadSecurity, secure, "$SII and $SDH disagree",
       [](Patient& p) {
         p.builder.edit_view(kSecure, u"$SII", [](Entries& entries) { entries.pop_back(); });
       }},
      {"ids out of order", Kind::kBadIndex, secure, "is not in order",
       [](Patient& p) {
         p.builder.edit_view(kSecure, u"$SII", [](Entries& entries) { std::swap(entries[0], entries[1]); });
       }},
      {"a place beyond $SDS", Kind::kBadSecurity, secure, "holds no such thing",
       [](Patient& p) {
         for (const auto* index : {u"$SII", u"$SDH"})
           p.builder.edit_view(kSecure, index, [](Entries& entries) {
             for (auto& entry : entries)
               if (read_le<uint32_t>(entry.data, 4) == 0x100) write_le<uint64_t>(entry.data, 8, 1 << 28);
           });
       }},
  });
}

TEST_CASE("NC-3: each disagreement of $ObjId, $Reparse and $Quota with the files is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto edit = [](const char16_t* name, const char16_t* index,
                       const std::function<void(Entries&)>& change) {
    return [=](Patient& p) { p.builder.edit_view(p.builder.extend_record(name), index, change); };
  };
  const auto identified = [](Patient& p) { return p.identified.record; };
  const auto point = [](Patient& p) { return p.point.record; };
  const auto quota = [](Patient& p) { return p.builder.extend_record(u"$Quota"); };
  const auto drop = [](Entries& entries) { entries.clear(); };
  expect_faults({
      {"an object ID that is not listed", Kind::kObjectId, identified, "$ObjId does not list",
       edit(u"$ObjId", u"$O", drop)},
      {"an object ID of no file", Kind::kObjectId, identified, "does not have it",
       [](Patient& p) { p.builder.remove_attribute(p.identified.record, Type::kObjectId); }},
      {"an object ID listed for another file", Kind::kObjectId, file, "does not have it",
       [&](Patient& p) {
         edit(u"$ObjId", u"$O",
              [&](Entries& entries) { write_le<uint64_t>(entries[0].data, 0, p.file.pack()); })(p);
       }},
      {"a reparse point that is not listed", Kind::kReparsePoint, point, "$Reparse does not list",
       edit(u"$Reparse", u"$R", drop)},
      {"a reparse point with another tag", Kind::kReparsePoint, point, "no such reparse point",
       edit(u"$Reparse", u"$R", [](Entries& entries) { entries[0].key[0] ^= 1; })},
      {"a listed reparse point that is none", Kind::kReparsePoint, point, "no such reparse point",
       [](Patient& p) { p.builder.remove_attribute(p.point.record, Type::kReparsePoint); }},
      {"an owner whom nobody knows", Kind::kQuota, file, "whom $Quota does not know",
       [](Patient& p) { set_information(p, 0x30, 0x777); }},
      {"an owner in one index of two", Kind::kQuota, quota, "disagree on the owner",
       edit(u"$Quota", u"$O", drop)},
      {"an owner with another SID", Kind::kQuota, quota, "disagree on the owner",
       edit(u"$Quota", u"$Q", [](Entries& entries) { entries.back().data[0x38] ^= 1; })},
  });
}

TEST_CASE("NC-3: each fault of the tables and of the place of NTFS's own files is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  namespace sr = system_record;
  expect_faults({
      {"$UpCase changed", Kind::kSystemFile, system_file<sr::kUpCase>, "CRC-64",
       [](Patient& p) { edit_table(p, sr::kUpCase, 2 * 0x3b1, 1); }},
      {"$AttrDef out of order", Kind::kSystemFile, system_file<sr::kAttrDef>, "in their order",
       [](Patient& p) { edit_table(p, sr::kAttrDef, 160 + 0x80, 0xe0); }},
      {"$AttrDef without $DATA", Kind::kSystemFile, system_file<sr::kAttrDef>,
       "does not define attributes of type 0x80",
       [](Patient& p) { edit_table(p, sr::kAttrDef, 7 * 160 + 0x80, 0x01); }},
      {"a copy in $MFTMirr that differs", Kind::kMirror, system_file<sr::kVolume>, "differs",
       [](Patient& p) {
         const Geometry& geometry = p.builder.volume().geometry();
         p.disk()[geometry.mirror_lcn * geometry.cluster_bytes + 3 * geometry.record_bytes + 0x40] ^= 1;
       }},
      {"$MFTMirr elsewhere", Kind::kSystemFile, system_file<sr::kMftMirror>, "does not begin at cluster",
       [](Patient& p) { move_data(p, sr::kMftMirror, 1); }},
      {"$Boot elsewhere", Kind::kSystemFile, system_file<sr::kBoot>, "does not begin at cluster 0",
       [](Patient& p) { move_data(p, sr::kBoot, 2); }},
      {"$BadClus that is free", Kind::kSystemFile, system_file<sr::kBadClus>, "is free",
       [](Patient& p) { p.edit_record(sr::kBadClus, [](ByteVector& r) { r[0x16] = 0; }); }},
      {"$UpCase that is a folder", Kind::kSystemFile, system_file<sr::kUpCase>, "is a folder",
       [](Patient& p) { p.edit_record(sr::kUpCase, [](ByteVector& r) { r[0x16] |= 2; }); }},
  });
}
