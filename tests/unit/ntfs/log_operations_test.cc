// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_operations.h"

#include "ntfs/record.h"
#include "tests/support/catch.h"
#include "tests/unit/ntfs/log_volume.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

constexpr size_t kFirst = 0x38;                   // of a record's attributes
constexpr size_t kSecond = kFirst + 0x18 + 0x30;  // behind $STANDARD_INFORMATION

ByteVector file_record() {
  return LogVolume::record(7, 1,
                           {resident_attribute(0x10, 0, ByteVector(0x30, 0x33)),
                            resident_attribute(0x80, 1, ByteVector(8, 0x5a))});
}

struct Change {
  LogCode code;
  ByteVector data;
  size_t record_offset = 0, attribute_offset = 0;
  ByteVector other;
  std::optional<size_t> other_length;

  LogChange get() const {
    LogChange out;
    out.code = code;
    out.data = data;
    out.other = other;
    out.other_length = other_length.value_or(other.size());
    out.record_offset = static_cast<uint16_t>(record_offset);
    out.attribute_offset = static_cast<uint16_t>(attribute_offset);
    return out;
  }
};

ByteVector after(ByteVector record, const Change& change) {
  change_file_record(record, 7, 1000, change.get());
  return record;
}
std::string error_of(const ByteVector& record, const Change& change) {
  return id_of_error([&] { after(record, change); });
}
ByteVector block_after(ByteVector block, const Change& change) {
  change_index_block(block, 0, change.get());
  return block;
}
std::string block_error(const ByteVector& block, const Change& change) {
  return id_of_error([&] { block_after(block, change); });
}

void check_block(ByteVector block) {
  index_node::check({block, 0x18, block.size()});
}

std::vector<Attribute> attributes_of(const ByteVector& record) {
  std::vector<Attribute> out;
  RecordView(record, 7).for_each_attribute([&](const Attribute& each) { out.push_back(each); });
  return out;
}
size_t used(const ByteVector& record) {
  return read_le<uint32_t>(record, 0x18);
}
// What is in use of a record or a block, without what an undo does not put back.
bool same_in_use(const ByteVector& a, const ByteVector& b) {
  return used(a) == used(b) && std::equal(a.begin(), a.begin() + 0x28, b.begin()) &&
         std::equal(a.begin() + 0x2c, a.begin() + static_cast<ptrdiff_t>(used(a)), b.begin() + 0x2c);
}

}  // namespace

TEST_CASE("InitializeFileRecordSegment copies a record; freeing one counts its sequence once", "[ntfs]") {
  ByteVector image = file_record();
  image.resize(used(image));
  const ByteVector fresh = after(ByteVector(LogVolume::kRecord), {LogCode::kInitializeFileRecord, image});
  CHECK(same_in_use(fresh, file_record()));
  // What stood behind the part in use stays.
  ByteVector old = file_record();
  old[1000] = 0x77;
  CHECK(after(old, {LogCode::kInitializeFileRecord, image})[1000] == 0x77);

  const ByteVector freed = after(fresh, {LogCode::kDeallocateFileRecord, {}});
  CHECK(read_le<uint16_t>(freed, 0x10) == 2);
  CHECK(read_le<uint16_t>(freed, 0x16) == 0);
  CHECK(after(freed, {LogCode::kDeallocateFileRecord, {}}) == freed);
  // The head in the other half says what the number was.
  const ByteVector head(fresh.begin(), fresh.begin() + 0x18);
  const Change with_head{LogCode::kDeallocateFileRecord, {}, 0, 0, head};
  CHECK(after(fresh, with_head) == freed);
  CHECK(after(freed, with_head) == freed);
  CHECK(after(freed, {LogCode::kInitializeFileRecord, head}) == fresh);
  // The number after the highest is 1.
  ByteVector highest = fresh;
  write_le<uint16_t>(highest, 0x10, 0xffff);
  CHECK(read_le<uint16_t>(after(highest, {LogCode::kDeallocateFileRecord, {}}), 0x10) == 1);
  // A directory stays one, so that it is known what the record held.
  write_le<uint16_t>(highest, 0x16, 3);
  CHECK(read_le<uint16_t>(after(highest, {LogCode::kDeallocateFileRecord, {}}), 0x16) == 2);

  // The head of a record that was never used.
  ByteVector free_image(image.begin(), image.begin() + 0x3c);
  write_le<uint16_t>(free_image, 0x16, 0);
  write_le<uint32_t>(free_image, 0x18, 0x40);
  write_le<uint32_t>(free_image, 0x38, 0xffffffff);
  const ByteVector free = after(ByteVector(LogVolume::kRecord), {LogCode::kInitializeFileRecord, free_image});
  CHECK(read_le<uint16_t>(free, 0x16) == 0);

  CHECK(error_of(fresh, {LogCode::kInitializeFileRecord, ByteVector(0x10)}) == "ntfs.log.change.header");
  ByteVector other_number = image;
  write_le<uint32_t>(other_number, 0x2c, 8);
  CHECK(error_of(fresh, {LogCode::kInitializeFileRecord, other_number}) == "ntfs.record.number");
  ByteVector bad_array = image;
  write_le<uint16_t>(bad_array, 0x06, 4);
  CHECK(error_of(fresh, {LogCode::kInitializeFileRecord, bad_array}) == "ntfs.log.change.image");
}

TEST_CASE("CreateAttribute and DeleteAttribute keep count of bytes, ids and links", "[ntfs]") {
  const ByteVector before = file_record();
  const ByteVector name = resident_attribute(0x30, 2, ByteVector(0x44, 1), true);
  const ByteVector created = after(before, {LogCode::kCreateAttribute, name, kSecond});
  REQUIRE(attributes_of(created).size() == 3);
  CHECK(attributes_of(created)[1].type == AttributeType::kFileName);
  CHECK(used(created) == used(before) + name.size());
  CHECK(read_le<uint16_t>(created, 0x28) == 3);
  CHECK(read_le<uint16_t>(created, 0x12) == 2);
  const ByteVector deleted = after(created, {LogCode::kDeleteAttribute, {}, kSecond, 0, name});
  CHECK(same_in_use(deleted, before));
  CHECK(read_le<uint16_t>(deleted, 0x12) == 1);
  // One that is not in an index counts for no link; the end of the attributes is a place too.
  const ByteVector stream = resident_attribute(0x100, 9, ByteVector(16, 2));
  const ByteVector last = after(before, {LogCode::kCreateAttribute, stream, used(before) - 8});
  CHECK(attributes_of(last)[2].type == AttributeType::kLoggedUtilityStream);
  CHECK(read_le<uint16_t>(last, 0x12) == 1);
  CHECK(read_le<uint16_t>(last, 0x28) == 10);

  CHECK(error_of(before, {LogCode::kCreateAttribute, name, kSecond + 8}) == "ntfs.log.change.create.place");
  CHECK(error_of(before, {LogCode::kCreateAttribute, ByteVector(0x10), kSecond}) == "ntfs.log.change.create");
  CHECK(error_of(before, {LogCode::kCreateAttribute, resident_attribute(0x80, 3, ByteVector(900)),
                          kSecond}) == "ntfs.log.change.room");
  CHECK(error_of(before, {LogCode::kDeleteAttribute, {}, kSecond + 8}) == "ntfs.log.change.attribute");
  CHECK(error_of(created, {LogCode::kDeleteAttribute, {}, kSecond, 0, stream}) == "ntfs.log.change.delete");
}

TEST_CASE("UpdateResidentValue overwrites, grows and shrinks", "[ntfs]") {
  const ByteVector before = file_record();
  const ByteVector over =
      after(before, {LogCode::kUpdateResidentValue, {1, 2, 3}, kFirst, 0x20, ByteVector(3)});
  CHECK(used(over) == used(before));
  CHECK(attributes_of(over)[0].value[8] == 1);
  CHECK(attributes_of(over)[0].value[11] == 0x33);
  // $STANDARD_INFORMATION grows from 30h to 48h bytes; what follows moves.
  const ByteVector grown = after(
      before, {LogCode::kUpdateResidentValue, ByteVector(0x28, 7), kFirst, 0x38, ByteVector(0x10, 0x33)});
  CHECK(attributes_of(grown)[0].value.size() == 0x48);
  CHECK(attributes_of(grown)[0].whole.size() == 0x60);
  CHECK(equal(attributes_of(grown)[1].whole, attributes_of(before)[1].whole));
  const ByteVector back = after(
      grown, {LogCode::kUpdateResidentValue, ByteVector(0x10, 0x33), kFirst, 0x38, ByteVector(0x28, 7)});
  CHECK(same_in_use(back, before));
  // A file that grows: the new bytes are in no log, and zeros there.
  const ByteVector longer =
      after(before, {LogCode::kUpdateResidentValue, ByteVector(13), kSecond, 0x20, {}, 0});
  CHECK(attributes_of(longer)[1].value.size() == 21);
  CHECK(attributes_of(longer)[1].value[7] == 0x5a);
  CHECK(attributes_of(longer)[1].value[8] == 0);
  const ByteVector emptied = after(before, {LogCode::kUpdateResidentValue, {}, kSecond, 0x18, {}, 8});
  CHECK(attributes_of(emptied)[1].value.empty());

  CHECK(error_of(before, {LogCode::kUpdateResidentValue, ByteVector(9), kSecond, 0x18, {}, 9}) ==
        "ntfs.log.change.value.range");
  CHECK(error_of(before, {LogCode::kUpdateResidentValue, ByteVector(4), kSecond, 0x10, {}, 4}) ==
        "ntfs.log.change.value.place");
  CHECK(error_of(before, {LogCode::kUpdateResidentValue, ByteVector(900), kSecond, 0x18, {}, 8}) ==
        "ntfs.log.change.room");
  const ByteVector other = LogVolume::record(7, 1, {non_resident_attribute(0x80, 0, 1, 9)});
  CHECK(error_of(other, {LogCode::kUpdateResidentValue, {1}, kFirst, 0x40, {}, 1}) ==
        "ntfs.log.change.value");
}

TEST_CASE("UpdateMappingPairs follows with length and highest VCN", "[ntfs]") {
  const ByteVector before = LogVolume::record(
      7, 1, {non_resident_attribute(0x80, 0, 4, 9), resident_attribute(0x100, 1, ByteVector(8, 0x5a))});
  // One more run behind the first: 2 clusters, 8 further on.
  const ByteVector pairs{0x11, 2, 8, 0};
  const ByteVector grown = after(before, {LogCode::kUpdateMappingPairs, pairs, kFirst, 0x45, {0}});
  CHECK(attributes_of(grown)[0].highest_vcn == 5);
  CHECK(attributes_of(grown)[0].whole.size() == 0x50);
  CHECK(equal(attributes_of(grown)[1].value, ByteVector(8, 0x5a)));
  const ByteVector back = after(grown, {LogCode::kUpdateMappingPairs, {0}, kFirst, 0x45, pairs});
  CHECK(attributes_of(back)[0].highest_vcn == 3);
  CHECK(same_in_use(back, before));
  ByteVector many;
  for (int i = 0; i < 8; ++i) many.insert(many.end(), {0x11, 1, 5});
  many.push_back(0);
  const ByteVector longer = after(before, {LogCode::kUpdateMappingPairs, many, kFirst, 0x45, {0}});
  CHECK(attributes_of(longer)[0].highest_vcn == 11);
  CHECK(attributes_of(longer)[0].whole.size() == 0x60);
  CHECK(attributes_of(longer)[1].type == AttributeType::kLoggedUtilityStream);
  // An attribute that lost its clusters.
  CHECK(attributes_of(after(before, {LogCode::kUpdateMappingPairs, {0}, kFirst, 0x40, {}}))[0].highest_vcn ==
        UINT64_MAX);

  CHECK(error_of(before, {LogCode::kUpdateMappingPairs, {0x11, 2, 0x80, 0}, kFirst, 0x45, {0}}) ==
        "ntfs.runs.outside");
  CHECK(error_of(before, {LogCode::kUpdateMappingPairs, {0x18, 2}, kFirst, 0x45, {0}}) ==
        "ntfs.log.change.pairs.cut");
  CHECK(error_of(before, {LogCode::kUpdateMappingPairs, pairs, kFirst, 0x38, {0}}) ==
        "ntfs.log.change.pairs");
  CHECK(error_of(file_record(), {LogCode::kUpdateMappingPairs, pairs, kFirst, 0x45, {0}}) ==
        "ntfs.log.change.pairs");
}

TEST_CASE("SetNewAttributeSizes: allocated, valid, size", "[ntfs]") {
  const ByteVector before = LogVolume::record(7, 1, {non_resident_attribute(0x80, 0, 4, 9)});
  ByteVector sizes(0x20);
  write_le<uint64_t>(sizes, 0x00, 20480);
  write_le<uint64_t>(sizes, 0x08, 8192);
  write_le<uint64_t>(sizes, 0x10, 20000);
  write_le<uint64_t>(sizes, 0x18, 4096);
  const ByteVector set = after(before, {LogCode::kSetNewAttributeSizes, sizes, kFirst});
  CHECK(attributes_of(set)[0].allocated_bytes == 20480);
  CHECK(attributes_of(set)[0].data_bytes == 20000);
  CHECK(attributes_of(set)[0].initialised_bytes == 8192);
  CHECK(read_le<uint64_t>(set, kFirst + 0x40) ==
        read_le<uint64_t>(before, kFirst + 0x40));  // no such field here
  ByteVector sparse = before;
  ByteVector pairs(sparse.begin() + static_cast<ptrdiff_t>(kFirst) + 0x40,
                   sparse.begin() + static_cast<ptrdiff_t>(kFirst) + 0x48);
  write_le<uint16_t>(sparse, kFirst + 0x0c, 0x8000);
  write_le<uint16_t>(sparse, kFirst + 0x20, 0x48);
  write_le<uint32_t>(sparse, kFirst + 0x04, 0x50);
  std::copy(pairs.begin(), pairs.end(), sparse.begin() + static_cast<ptrdiff_t>(kFirst) + 0x48);
  write_le<uint32_t>(sparse, kFirst + 0x50, 0xffffffff);
  write_le<uint32_t>(sparse, 0x18, kFirst + 0x58);
  CHECK(read_le<uint64_t>(after(sparse, {LogCode::kSetNewAttributeSizes, sizes, kFirst}), kFirst + 0x40) ==
        4096);

  write_le<uint64_t>(sizes, 0x08, 20001);
  CHECK(error_of(before, {LogCode::kSetNewAttributeSizes, sizes, kFirst}) == "ntfs.log.change.sizes.order");
  CHECK(error_of(before, {LogCode::kSetNewAttributeSizes, ByteVector(0x10), kFirst}) ==
        "ntfs.log.change.sizes");
  CHECK(error_of(file_record(), {LogCode::kSetNewAttributeSizes, sizes, kFirst}) == "ntfs.log.change.sizes");
}

TEST_CASE("Entries come and go in an index root", "[ntfs]") {
  const ByteVector a = index_entry(1, 'a'), b = index_entry(2, 'b');
  const ByteVector before =
      LogVolume::record(7, 3,
                        {resident_attribute(0x90, 0, index_root_value({a, last_entry()})),
                         resident_attribute(0x100, 1, ByteVector(8, 0x5a))});
  constexpr size_t kEntries = 0x18 + 0x20;  // in the attribute
  const size_t second = kEntries + a.size();
  const ByteVector added = after(before, {LogCode::kAddIndexEntryRoot, b, kFirst, second});
  const ByteVector wanted =
      LogVolume::record(7, 3,
                        {resident_attribute(0x90, 0, index_root_value({a, b, last_entry()})),
                         resident_attribute(0x100, 1, ByteVector(8, 0x5a))});
  CHECK(same_in_use(added, wanted));
  CHECK(same_in_use(after(added, {LogCode::kDeleteIndexEntryRoot, {}, kFirst, second, b}), before));
  CHECK(same_in_use(after(added, {LogCode::kDeleteIndexEntryRoot, {}, kFirst, second}), before));
  // Times and sizes of the entry.
  const ByteVector times(0x38, 0x44);
  const ByteVector updated =
      after(before, {LogCode::kUpdateFileNameRoot, times, kFirst, kEntries, ByteVector(0x38)});
  const size_t entry = kFirst + kEntries;
  CHECK(std::equal(times.begin(), times.end(), updated.begin() + static_cast<ptrdiff_t>(entry) + 0x18));
  CHECK(updated[entry + 0x17] == before[entry + 0x17]);
  CHECK(updated[entry + 0x50] == before[entry + 0x50]);

  CHECK(error_of(before, {LogCode::kAddIndexEntryRoot, b, kFirst, second + 8}) == "ntfs.log.change.entry");
  CHECK(error_of(before, {LogCode::kAddIndexEntryRoot, last_entry(), kFirst, second}) ==
        "ntfs.log.change.payload.length");
  CHECK(error_of(before, {LogCode::kDeleteIndexEntryRoot, {}, kFirst, kEntries, b}) ==
        "ntfs.log.change.other");
  CHECK(error_of(before, {LogCode::kDeleteIndexEntryRoot, {}, kFirst, second}) == "ntfs.log.change.last");
  CHECK(error_of(before, {LogCode::kSetIndexEntryVcnRoot, ByteVector(8), kFirst, kEntries}) ==
        "ntfs.log.change.child");
  CHECK(error_of(before, {LogCode::kUpdateFileNameRoot, times, kFirst, second}) ==
        "ntfs.log.change.filename");
  CHECK(error_of(file_record(), {LogCode::kAddIndexEntryRoot, b, kFirst, kEntries}) ==
        "ntfs.log.change.root");
}

TEST_CASE("Entries come and go in an index block", "[ntfs]") {
  const ByteVector a = index_entry(1, 'a'), b = index_entry(2, 'b');
  const ByteVector before = LogVolume::block(0, {a, last_entry()}),
                   both = LogVolume::block(0, {a, b, last_entry()});
  constexpr size_t kEntries = 0x40;
  const size_t second = kEntries + a.size();
  const auto in_use = [](ByteVector block) {
    block.resize(0x18 + read_le<uint32_t>(block, 0x1c));
    return block;
  };
  const ByteVector added = block_after(before, {LogCode::kAddIndexEntryAllocation, b, 0, second});
  CHECK(in_use(added) == in_use(both));
  CHECK(in_use(block_after(added, {LogCode::kDeleteIndexEntryAllocation, {}, 0, second, b})) ==
        in_use(before));
  // The last entry of a name may go: an empty node has its end entry still.
  const ByteVector empty = block_after(before, {LogCode::kDeleteIndexEntryAllocation, {}, 0, kEntries, a});
  CHECK(in_use(empty) == in_use(LogVolume::block(0, {last_entry()})));
  CHECK(in_use(block_after(both, {LogCode::kWriteEndOfIndexBuffer, last_entry(), 0, second})) ==
        in_use(before));
  const ByteVector data(0x38, 0x44);
  const ByteVector updated = block_after(before, {LogCode::kUpdateFileNameAllocation, data, 0, kEntries});
  CHECK(std::equal(data.begin(), data.end(), updated.begin() + kEntries + 0x18));
  // A whole block, whatever stood there.
  ByteVector image = both;
  image.resize(0x18 + read_le<uint32_t>(both, 0x1c));
  CHECK(in_use(block_after(ByteVector(4096), {LogCode::kUpdateNonresidentValue, image})) == in_use(both));
  // A child.
  ByteVector parent = last_entry();
  parent.resize(0x18);
  write_le<uint16_t>(parent, 0x08, 0x18);
  write_le<uint16_t>(parent, 0x0c, 3);
  ByteVector child(8);
  child[0] = 5;
  const ByteVector set =
      block_after(LogVolume::block(0, {parent}), {LogCode::kSetIndexEntryVcnAllocation, child, 0, kEntries});
  CHECK(read_le<uint64_t>(set, kEntries + 0x10) == 5);
  // The data of an entry of a view index.
  ByteVector view = index_entry(0, 'v');
  write_le<uint64_t>(view, 0, 0x10 | 0x20 << 16);
  const ByteVector changed = block_after(LogVolume::block(0, {view, last_entry()}),
                                         {LogCode::kUpdateRecordDataAllocation, {9, 9}, 0, kEntries});
  CHECK(changed[kEntries + 0x10] == 9);

  ByteVector long_entry = index_entry(2, 'b');
  long_entry.resize(4000);
  write_le<uint16_t>(long_entry, 0x08, 4000);
  CHECK(block_error(before, {LogCode::kAddIndexEntryAllocation, long_entry, 0, second}) ==
        "ntfs.log.change.full");
  CHECK(block_error(before, {LogCode::kAddIndexEntryAllocation, b, 0, second + 8}) ==
        "ntfs.log.change.entry");
  CHECK(block_error(before, {LogCode::kDeleteIndexEntryAllocation, {}, 0, kEntries, b}) ==
        "ntfs.log.change.other");
  CHECK(block_error(before, {LogCode::kUpdateRecordDataAllocation, ByteVector(0x50), 0, kEntries}) ==
        "ntfs.log.change.data");
  CHECK(block_error(LogVolume::block(1, {last_entry()}),
                    {LogCode::kAddIndexEntryAllocation, b, 0, kEntries}) == "ntfs.log.change.block");
  CHECK(block_error(before, {LogCode::kWriteEndOfIndexBuffer, a, 0, second}) == "ntfs.log.change.node.end");
  CHECK(block_error(before, {LogCode::kUpdateNonresidentValue, ByteVector(8), 0, 4092}) ==
        "ntfs.log.change.block.range");
}

TEST_CASE("The tail of a record is written, its slack zeroed", "[ntfs]") {
  const ByteVector before = file_record();
  ByteVector tail = resident_attribute(0x100, 5, ByteVector(8, 4));
  tail.resize(tail.size() + 4, 0xff);
  const ByteVector written = after(before, {LogCode::kWriteEndOfFileRecord, tail, kSecond});
  CHECK(attributes_of(written)[1].type == AttributeType::kLoggedUtilityStream);
  CHECK(used(written) == kSecond + 0x28);
  ByteVector slack = before;
  slack[900] = 1;
  CHECK(after(slack, {LogCode::kZeroEndOfFileRecord, ByteVector(1024 - 0x200), 0x200})[900] == 0);
  CHECK(error_of(before, {LogCode::kZeroEndOfFileRecord, ByteVector(0x390), kSecond}) ==
        "ntfs.log.change.range");
  CHECK_FALSE(error_of(before, {LogCode::kZeroEndOfFileRecord, ByteVector(0x200), kSecond}).empty());
  CHECK_FALSE(error_of(before, {LogCode::kWriteEndOfFileRecord, ByteVector(8), kSecond}).empty());
  CHECK(error_of(before, {LogCode::kWriteEndOfFileRecord, tail, 0x20}) == "ntfs.log.change.end");
}

TEST_CASE("NLO-2: whatever a change says, the structure is whole afterwards or the change is refused",
          "[ntfs]") {
  const ByteVector root =
      LogVolume::record(7, 3,
                        {resident_attribute(0x10, 0, ByteVector(0x30)),
                         resident_attribute(0x90, 1, index_root_value({index_entry(1, 'a'), last_entry()})),
                         non_resident_attribute(0xa0, 2, 1, 9)});
  const ByteVector block = LogVolume::block(0, {index_entry(1, 'a'), last_entry()});
  size_t done = 0, refused = 0;
  for (uint16_t code = 0; code <= kLastLogCode; ++code) {
    const LogTarget target = target_of(code);
    if (target != LogTarget::kFileRecord && target != LogTarget::kIndexBlock) continue;
    for (size_t record_offset = 0; record_offset < 0x140; record_offset += 4) {
      for (const size_t attribute_offset : {0u, 0x18u, 0x38u, 0x40u, 0x98u, 0xa8u, 0xffffu}) {
        for (const ByteVector& data :
             {ByteVector(), ByteVector(8, 1), index_entry(2, 'b'), ByteVector(0x38)}) {
          const Change change{static_cast<LogCode>(code), data, record_offset, attribute_offset, {}, 8};
          try {
            if (target == LogTarget::kFileRecord)
              attributes_of(after(root, change));
            else
              check_block(block_after(block, change));
            ++done;
          } catch (const Error& error) {
            REQUIRE(error.code() == ErrorCode::kCorrupt);
            ++refused;
          }
        }
      }
    }
  }
  CHECK(done > 50);
  CHECK(refused > 1000);
}
