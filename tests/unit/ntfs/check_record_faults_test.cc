// SPDX-License-Identifier: GPL-3.0-or-later
// Faults of MFT records, their attributes and run lists, and of the bitmaps.
#include <algorithm>

#include "tests/unit/ntfs/check_faults.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

using Kind = FindingKind;
using Type = AttributeType;
using Patient = FaultyVolume;

uint64_t file(Patient& p) {
  return p.file.record;
}
uint64_t listed(Patient& p) {
  return p.listed.record;
}

NewAttribute in_runs(RunList runs, uint64_t bytes) {
  NewAttribute data;
  data.non_resident = true;
  data.runs = std::move(runs);
  data.size_bytes = data.initialised_bytes = bytes;
  return data;
}

NewAttribute valued(Type type, size_t bytes) {
  return {.type = type, .value = ByteVector(bytes, 7)};
}

// Offset of `instance` of the n-th attribute, and other places in the record, without the readers.
std::vector<size_t> attributes_of(const ByteVector& record) {
  std::vector<size_t> all;
  for (size_t at = read_le<uint16_t>(record, 0x14); read_le<uint32_t>(record, at) != 0xffffffff;
       at += read_le<uint32_t>(record, at + 4))
    all.push_back(at);
  return all;
}

// The second and the third attribute change places.
void swap_attributes(ByteVector& record) {
  const std::vector<size_t> at = attributes_of(record);
  std::rotate(record.begin() + static_cast<ptrdiff_t>(at[1]), record.begin() + static_cast<ptrdiff_t>(at[2]),
              record.begin() + static_cast<ptrdiff_t>(at[2] + read_le<uint32_t>(record, at[2] + 4)));
}

void in_list(Patient& p, const std::function<void(ByteVector&, size_t)>& change) {
  p.edit_attribute(p.listed.record, Type::kAttributeList, {},
                   [&](ByteVector& record, size_t at) { change(record, at + 0x18); });
}

}  // namespace

TEST_CASE("NC-3: each fault of a record's head is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  expect_faults({
      {"torn", Kind::kBadRecord, file, "written in part",
       [](Patient& p) { p.disk()[p.builder.volume().record_ranges(file(p)).at(0).offset + 510] ^= 1; }},
      {"the number of another record", Kind::kBadRecord, file, "it says it is record",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { r[0x2c] ^= 1; }); }},
      {"more bytes used than there are", Kind::kBadRecord, file, "bytes used",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { write_le<uint32_t>(r, 0x18, 1032); }); }},
      {"attributes that begin behind the end", Kind::kBadRecord, file, "its attributes begin at",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { write_le<uint16_t>(r, 0x14, 1000); }); }},
      {"no end mark", Kind::kBadRecord, file, "end mark",
       [](Patient& p) {
         p.edit_record(file(p),
                       [](ByteVector& r) { write_le<uint32_t>(r, 0x18, read_le<uint32_t>(r, 0x18) - 8); });
       }},
      {"the sequence number 0", Kind::kBadRecord, file, "sequence number 0",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { write_le<uint16_t>(r, 0x10, 0); }); }},
      {"a later sequence number", Kind::kNameWithoutEntry, file, "does not list it so",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { write_le<uint16_t>(r, 0x10, 7); }); }},
      {"too many links", Kind::kBadRecord, file, "counts 2 links",
       [](Patient& p) { p.builder.set_link_count(file(p), 2); }},
      {"free, but in the bitmap", Kind::kRecordBitmap, file, "is free or unreadable",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { write_le<uint16_t>(r, 0x16, 0); }); }},
      {"in use, but not in the bitmap", Kind::kRecordBitmap, file, "free in the bitmap",
       [](Patient& p) { p.builder.mark_record(file(p), false); }},
      {"in use without a name", Kind::kBadRecord, file, "no name",
       [](Patient& p) {
         p.builder.remove_attribute(file(p), Type::kFileName);
         p.builder.set_link_count(file(p), 0);
       }},
      {"a folder that has no index", Kind::kBadRecord, file, "a folder without an index",
       [](Patient& p) { p.edit_record(file(p), [](ByteVector& r) { r[0x16] |= 2; }); }},
      {"a folder that is none", Kind::kBadRecord, [](Patient& p) { return p.inner.record; }, "and is none",
       [](Patient& p) { p.edit_record(p.inner.record, [](ByteVector& r) { r[0x16] &= 0xfd; }); }},
  });
}

TEST_CASE("NC-3: each fault of an attribute is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  expect_faults({
      {"out of order", Kind::kBadRecord, file, "out of order",
       [](Patient& p) { p.edit_record(file(p), swap_attributes); }},
      {"one number twice", Kind::kBadRecord, file, "with the number",
       [](Patient& p) {
         p.edit_record(file(p),
                       [](ByteVector& r) { r[attributes_of(r)[1] + 0x0e] = r[attributes_of(r)[0] + 0x0e]; });
       }},
      {"two contents of one name", Kind::kBadRecord, file, "with one name",
       [](Patient& p) { p.builder.insert_attribute(file(p), valued(Type::kData, 3)); }},
      {"a type that nobody knows", Kind::kBadRecord, file, "does not know",
       [](Patient& p) { p.builder.insert_attribute(file(p), valued(static_cast<Type>(0x130), 3)); }},
      {"outside the record, but may not be", Kind::kBadRecord, file, "belongs into the record",
       [](Patient& p) {
         NewAttribute id = in_runs({{0, 1, p.builder.allocate(1)}}, 16);
         id.type = Type::kObjectId;
         p.builder.insert_attribute(file(p), id);
       }},
      {"larger than its type", Kind::kBadRecord, file, "300 bytes, not",
       [](Patient& p) { p.builder.insert_attribute(file(p), valued(Type::kObjectId, 300)); }},
      {"longer than the record", Kind::kBadRecord, file, "has type 0x30",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kFileName, {},
                          [](ByteVector& r, size_t at) { write_le<uint32_t>(r, at + 4, 2048); });
       }},
      {"a value outside it", Kind::kBadRecord, file, "a value lies outside",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kFileName, {},
                          [](ByteVector& r, size_t at) { write_le<uint32_t>(r, at + 0x10, 400); });
       }},
      {"a name over the value", Kind::kBadRecord, file, "lies over its content",
       [](Patient& p) {
         p.builder.insert_attribute(file(p),
                                    {.type = Type::kData, .name = u"stream", .value = ByteVector(7, 1)});
         p.edit_attribute(file(p), Type::kData, u"stream",
                          [](ByteVector& r, size_t at) { r[at + 0x14] = 0x1c; });
       }},
      {"no standard information", Kind::kBadRecord, file, "$STANDARD_INFORMATION",
       [](Patient& p) { p.builder.remove_attribute(file(p), Type::kStandardInformation); }},
      {"a name that does not say it is in an index", Kind::kBadRecord, file, "is in an index",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kFileName, {}, [](ByteVector& r, size_t at) { r[at + 0x16] = 0; });
       }},
      {"a reparse point that does not say so", Kind::kBadRecord, [](Patient& p) { return p.point.record; },
       "does not say that it is a reparse point",
       [](Patient& p) {
         p.edit_attribute(p.point.record, Type::kStandardInformation, {},
                          [](ByteVector& r, size_t at) { r[at + 0x18 + 0x21] = 0; });
       }},
      {"no reparse point, but it says so", Kind::kBadRecord, file, "has no reparse data",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kStandardInformation, {},
                          [](ByteVector& r, size_t at) { r[at + 0x18 + 0x21] = 4; });
       }},
      {"a DOS name alone", Kind::kBadRecord, [](Patient& p) { return p.paired.record; },
       "without a long name",
       [](Patient& p) {
         p.builder.remove_attribute(p.paired.record, Type::kFileName);  // the first, which is the long one
         p.builder.set_link_count(p.paired.record, 1);
       }},
  });
}

TEST_CASE("NC-3: each fault of run lists and of $Bitmap is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto none = [](Patient&) { return Finding::kNoRecord; };
  expect_faults({
      {"outside the volume", Kind::kBadRecord, file, "of a volume of",
       [](Patient& p) {
         p.builder.replace_attribute(
             file(p), in_runs({{0, 5, p.builder.volume().geometry().cluster_count - 2}}, 20000));
       }},
      {"clusters of another file", Kind::kOverlap, file, "also claimed by another file",
       [](Patient& p) {
         p.builder.replace_attribute(p.other.record, in_runs({{0, 3, p.first_cluster(p.file)}}, 9000));
       }},
      {"one cluster twice in one file", Kind::kOverlap, file, "twice by this one",
       [](Patient& p) {
         const uint64_t lcn = p.first_cluster(p.file);
         p.builder.replace_attribute(file(p), in_runs({{0, 4, lcn}, {4, 1, lcn + 2}}, 20000));
       }},
      {"fewer clusters than VCNs", Kind::kBadRecord, file, "it ends at VCN",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kData, {}, [](ByteVector& r, size_t at) { r[at + 0x18] += 1; });
       }},
      {"more bytes than clusters", Kind::kBadRecord, file, "covers 5 clusters",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kData, {},
                          [](ByteVector& r, size_t at) { write_le<uint64_t>(r, at + 0x30, 30000); });
       }},
      {"more initialised than there is", Kind::kBadRecord, file, "covers 5 clusters",
       [](Patient& p) {
         p.edit_attribute(file(p), Type::kData, {},
                          [](ByteVector& r, size_t at) { write_le<uint64_t>(r, at + 0x38, 20400); });
       }},
      {"holes that count as clusters", Kind::kBadRecord, [](Patient& p) { return p.sparse.record; },
       "has 2 clusters and says",
       [](Patient& p) {
         p.edit_attribute(p.sparse.record, Type::kData, {},
                          [](ByteVector& r, size_t at) { r[at + 0x41] += 0x10; });
       }},
      {"a cluster that is free in $Bitmap", Kind::kClusterNotMarked, file, "free in $Bitmap",
       [](Patient& p) { p.builder.mark(p.first_cluster(p.file) + 1, 1, false); }},
      {"a cluster that nobody has", Kind::kClusterLost, none, "no file has it",
       [](Patient& p) { p.builder.allocate(1); }},
  });
}

TEST_CASE("NC-3: each fault of attribute lists and extension records is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto extension = [](Patient& p) { return p.extension; };
  expect_faults({
      {"an extension that nobody names", Kind::kOrphanExtension,
       [](Patient& p) { return p.builder.new_record(0, p.file).record - 1; }, "does not name it",
       [](Patient& p) { p.builder.new_record(0, p.file); }},
      {"a list that is not in order", Kind::kBadRecord, listed, "not in order",
       [](Patient& p) {
         in_list(p, [](ByteVector& r, size_t at) {
           std::swap_ranges(r.begin() + static_cast<ptrdiff_t>(at),
                            r.begin() + static_cast<ptrdiff_t>(at + 0x20),
                            r.begin() + static_cast<ptrdiff_t>(at + 0x20));
         });
       }},
      {"a list that names an older record", Kind::kBadRecord, listed, "which is not its own",
       [](Patient& p) { in_list(p, [](ByteVector& r, size_t at) { r[at + 0x60 + 0x16] = 9; }); }},
      {"a list that names an attribute that is not there", Kind::kBadRecord, listed, "does not have",
       [](Patient& p) { in_list(p, [](ByteVector& r, size_t at) { r[at + 0x60 + 0x18] = 9; }); }},
      {"a list whose entry has no length", Kind::kBadRecord, listed, "an entry of its attribute list",
       [](Patient& p) { in_list(p, [](ByteVector& r, size_t at) { r[at + 0x20 + 4] = 0; }); }},
      {"extents that do not join", Kind::kBadRecord, listed, "instead of",
       [](Patient& p) {
         in_list(p, [](ByteVector& r, size_t at) { r[at + 0x60 + 8] = 4; });
         p.edit_attribute(p.extension, Type::kData, {},
                          [](ByteVector& r, size_t at) { r[at + 0x10] = 4, r[at + 0x18] = 5; });
       }},
      {"an attribute that the list does not name", Kind::kBadRecord, listed, "names 4 attributes of 5",
       [](Patient& p) {
         p.builder.insert_attribute(p.extension, {.type = Type::kData, .name = u"s", .value = {1}});
       }},
      {"an extension of another file", Kind::kOrphanExtension, extension, "does not name it",
       [](Patient& p) {
         p.edit_record(p.extension, [&](ByteVector& r) { write_le<uint64_t>(r, 0x20, p.file.pack()); });
       }},
      {"an extension that is free", Kind::kBadRecord, listed, "which is not its own",
       [](Patient& p) { p.edit_record(p.extension, [](ByteVector& r) { r[0x16] = 0; }); }},
  });
}
