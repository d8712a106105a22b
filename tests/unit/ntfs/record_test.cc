// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/record.h"

#include "ntfs/fixup.h"
#include "ntfs/index.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

ByteVector protected_block() {
  ByteVector block(1024);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(i * 7 + i / 256);
  write_le<uint16_t>(block, 4, 0x30);
  write_le<uint16_t>(block, 6, 3);
  write_le<uint16_t>(block, 0x30, 0xfffe);
  apply_fixups(block);
  return block;
}

// Everything that a reader may ask a record.
void read_all(Bytes bytes) {
  const RecordView record(bytes, 5);
  size_t total = 0;
  record.for_each_attribute([&](const Attribute& attribute) {
    total += attribute.value.size() + attribute.name().size() + attribute.mapping_pairs.size();
    if (attribute.type == AttributeType::kFileName)
      total += FileNameView::parse(attribute.value).name().size();
    if (!attribute.resident)
      decode_runs(attribute.mapping_pairs, attribute.lowest_vcn, attribute.highest_vcn, 4095);
    if (attribute.type == AttributeType::kIndexRoot) {
      const IndexRootView root = IndexRootView::parse(attribute, 4096);
      NodeView node(root.node, root.view_index);
      for (IndexEntry entry; node.next(entry);) {
        total += entry.data.size();
        if (!entry.is_last() && !root.view_index) total += FileNameView::parse(entry.key).name_le().size();
      }
    }
  });
  if (total > 65536) FAIL("more was read than a record holds");
}

}  // namespace

TEST_CASE("Fixups: the real bytes come back, and a block that was written in part is told", "[ntfs]") {
  ByteVector block = protected_block();
  const ByteVector original = block;
  CHECK(remove_fixups(block) == Protection::kIntact);
  CHECK(block[510] == static_cast<uint8_t>(510 * 7 + 1));
  CHECK(block[1022] == static_cast<uint8_t>(1022 * 7 + 3));
  apply_fixups(block);
  CHECK(read_le<uint16_t>(block, 0x30) ==
        static_cast<uint16_t>(read_le<uint16_t>(original, 0x30) == 0xffff ? 1 : 0));
  ByteVector torn = original;
  torn[1023] ^= 1;
  const ByteVector before = torn;
  CHECK(remove_fixups(torn) == Protection::kTorn);
  CHECK(torn == before);  // NF-1
}

TEST_CASE("NF-1: no array of check values reaches outside its block", "[ntfs]") {
  const ByteVector good = protected_block();
  for (unsigned offset = 0; offset <= 0xffff; ++offset) {
    ByteVector block = good;
    write_le<uint16_t>(block, 4, static_cast<uint16_t>(offset));
    remove_fixups(block);
  }
  for (unsigned words = 0; words <= 0xffff; ++words) {
    if (words == 3) continue;
    ByteVector block = good;
    write_le<uint16_t>(block, 6, static_cast<uint16_t>(words));
    if (remove_fixups(block) != Protection::kBadArray) FAIL("an array of " << words << " words was taken");
  }
  for (size_t size : {0U, 1U, 511U, 513U, 1000U}) {
    ByteVector block(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    CHECK(remove_fixups(block) == Protection::kBadArray);
  }
}

TEST_CASE("NM-1, NM-2: a record with any bit flipped or cut anywhere is read or refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  for (uint64_t number : {system_record::kMft, system_record::kRoot, system_record::kSecure}) {
    ByteVector record = builder.record(number);
    write_le<uint32_t>(record, 0x2c, 5);
    read_all(record);
    flip_every_bit(record, [](const ByteVector& bytes) { read_all(bytes); });
    CHECK(cut_every_length(record, [](const ByteVector& bytes) { read_all(bytes); }) == record.size());
  }
}

TEST_CASE("NM-2: sizes at their extremes never lead outside the record", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  ByteVector record = builder.record(system_record::kRoot);
  for (size_t at = 0; at + 4 <= record.size(); at += 2)
    for (uint32_t value : {0U, 1U, 7U, 8U, 0x7fffffffU, 0x80000000U, 0xfffffff8U, 0xffffffffU}) {
      ByteVector bad = record;
      write_le<uint32_t>(bad, at, value);
      id_of_error([&] { read_all(bad); });
    }
}

TEST_CASE("A record says what is wrong with it", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  ByteVector record = builder.record(system_record::kRoot);
  const auto id_with = [&](size_t at, uint32_t value) {
    ByteVector bad = record;
    write_le<uint32_t>(bad, at, value);
    return id_of_error([&] { RecordView(bad, 5); });
  };
  CHECK(id_with(0, kMagicBaad) == "ntfs.record.magic");
  CHECK(id_with(0x18, 1025) == "ntfs.record.size");
  CHECK(id_with(0x1c, 4096) == "ntfs.record.size");
  CHECK(id_with(0x2c, 6) == "ntfs.record.number");
  CHECK(id_of_error([&] { RecordView(record, 6); }) == "ntfs.record.number");
  apply_fixups(record);
  record[511] ^= 0x55;
  CHECK(id_of_error([&] { Record::parse(record, 5); }) == "ntfs.record.torn");
}

TEST_CASE("Volumes of 4096-byte sectors have records of 4 KiB", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder({16 << 20, 4096, 4096, ""});
  CHECK(builder.volume().geometry().record_bytes == 4096);
  CHECK(builder.volume().find(kRootDirectory, u"$mft")->reference.record == 0);
  const MftReference file = builder.make_file(kRootDirectory, u"a.txt", as_bytes("hello"));
  CHECK(builder.volume().read_file(file) == ByteVector{'h', 'e', 'l', 'l', 'o'});
}
