// SPDX-License-Identifier: GPL-3.0-or-later
// Faults of directories' indexes.
#include <algorithm>

#include "ntfs/check_tree.h"
#include "tests/unit/ntfs/check_faults.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

using Kind = FindingKind;
using Type = AttributeType;
using Patient = FaultyVolume;
using Keys = std::vector<VolumeBuilder::IndexKey>;

uint64_t file(Patient& p) {
  return p.file.record;
}
uint64_t folder(Patient& p) {
  return p.folder.record;
}

void edit_keys(Patient& p, MftReference directory, const std::function<void(Keys&)>& change) {
  Keys keys = p.builder.index_keys(directory);
  change(keys);
  p.builder.write_index(directory, keys);
}

VolumeBuilder::IndexKey& key_of(Keys& keys, MftReference file) {
  return *std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.file == file; });
}

// Offset in the block of its n-th entry.
size_t entry_at(const ByteVector& block, size_t n) {
  size_t at = 0x18 + read_le<uint32_t>(block, 0x18);
  while (n-- != 0) at += read_le<uint16_t>(block, at + 8);
  return at;
}

// First letter of the name in an entry.
void rename_entry(ByteVector& block, size_t at, char16_t letter) {
  write_le<uint16_t>(block, at + 0x10 + 0x42, static_cast<uint16_t>(letter));
}

size_t block_count(Patient& p) {
  return static_cast<size_t>(
      p.builder.volume().open(p.folder).stream(Type::kIndexAllocation, u"$I30")->size_bytes() / 4096);
}

void set_bit(ByteVector& bits, size_t bit) {
  bits[bit / 8] = static_cast<uint8_t>(bits[bit / 8] | (1U << (bit % 8)));
}

// Offset of the last entry of the root in the record.
void edit_root_end(Patient& p, const std::function<void(ByteVector&, size_t entry)>& change) {
  p.edit_attribute(p.folder.record, Type::kIndexRoot, u"$I30", [&](ByteVector& r, size_t at) {
    const size_t value = at + read_le<uint16_t>(r, at + 0x14);
    size_t entry = value + 0x10 + read_le<uint32_t>(r, value + 0x10);
    while ((r[entry + 0x0c] & 2) == 0) entry += read_le<uint16_t>(r, entry + 8);
    change(r, entry);
  });
}

}  // namespace

TEST_CASE("NC-3: each entry that a record does not bear out is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto paired = [](Patient& p) { return p.paired.record; };
  const auto drop_name = [](NameSpace name_space) {
    return [name_space](Patient& p) {
      edit_keys(p, p.inner, [&](Keys& keys) {
        std::erase_if(keys, [&](const auto& key) {
          return key.file == p.paired && key.key[0x41] == static_cast<uint8_t>(name_space);
        });
      });
    };
  };
  expect_faults({
      {"no entry for a name", Kind::kNameWithoutEntry, file, "file.bin",
       [](Patient& p) {
         edit_keys(p, p.folder,
                   [&](Keys& keys) { std::erase_if(keys, [&](auto& k) { return k.file == p.file; }); });
       }},
      {"no entry for the DOS name", Kind::kNameWithoutEntry, paired, "ANAME~1.TXT",
       drop_name(NameSpace::kDos)},
      {"no entry for the long name", Kind::kNameWithoutEntry, paired, "a name that is long",
       drop_name(NameSpace::kWin32)},
      {"an entry for a name that the file does not have", Kind::kEntryWithoutName, file, "ghost",
       [](Patient& p) {
         edit_keys(p, p.folder, [&](Keys& keys) {
           keys.push_back({p.file, file_name_value(p.folder, u"ghost", NameSpace::kPosix)});
         });
       }},
      {"an entry for an older file", Kind::kEntryWithoutName, file, "file.bin",
       [](Patient& p) {
         edit_keys(p, p.folder, [&](Keys& keys) { key_of(keys, p.file).file.sequence = 9; });
       }},
      {"an entry that leads to a free record", Kind::kEntryWithoutName, file, "file.bin",
       [](Patient& p) {
         p.edit_record(p.file.record, [](ByteVector& r) { r[0x16] = 0; });
         p.builder.mark_record(p.file.record, false);
       }},
      {"an entry with another name space", Kind::kEntryWithoutName, file, "file.bin",
       [](Patient& p) { edit_keys(p, p.folder, [&](Keys& keys) { key_of(keys, p.file).key[0x41] = 1; }); }},
      {"an entry that says it is in another folder", Kind::kBadIndex, folder, "says it is in folder 5",
       [](Patient& p) {
         edit_keys(p, p.folder, [&](Keys& keys) {
           write_le<uint64_t>(key_of(keys, p.file).key, 0, kRootDirectory.pack());
         });
       }},
      {"an entry of a folder that says it is a file", Kind::kEntryWithoutName,
       [](Patient& p) { return p.inner.record; }, "does not say so",
       [](Patient& p) { edit_keys(p, p.folder, [&](Keys& keys) { key_of(keys, p.inner).key[0x3b] = 0; }); }},
      {"folders that are inside each other", Kind::kUnreachable, folder, "inside itself",
       [](Patient& p) {
         // The outer folder moves into the inner one.
         edit_keys(p, kRootDirectory,
                   [&](Keys& keys) { std::erase_if(keys, [&](auto& k) { return k.file == p.folder; }); });
         p.builder.remove_attribute(p.folder.record, Type::kFileName);
         p.builder.set_link_count(p.folder.record, 0);
         p.builder.add_name(p.folder, p.inner, {u"folder", NameSpace::kPosix}, file_attribute::kDirectory);
       }},
  });
}

TEST_CASE("NC-3: each fault of an index's nodes is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  expect_faults({
      {"out of order within a node", Kind::kBadIndex, folder, "is not in order",
       [](Patient& p) { p.edit_block(0, [](ByteVector& b) { rename_entry(b, entry_at(b, 3), u'z'); }); }},
      {"out of order from node to node", Kind::kBadIndex, folder, "is not in order",
       [](Patient& p) {
         // The last key of the first leaf, so that the leaf itself is in order.
         p.edit_block(0, [](ByteVector& b) {
           size_t n = 0;
           while ((b[entry_at(b, n + 1) + 0x0c] & 2) == 0) ++n;
           rename_entry(b, entry_at(b, n), u'\uff00');
         });
       }},
      {"an end mark that is missing", Kind::kBadIndex, folder, "no end entry",
       [](Patient& p) {
         p.edit_block(0,
                      [](ByteVector& b) { write_le<uint32_t>(b, 0x1c, read_le<uint32_t>(b, 0x1c) - 0x10); });
       }},
      {"an entry without a length", Kind::kBadIndex, folder, "does not fit its node",
       [](Patient& p) {
         p.edit_block(0, [](ByteVector& b) { write_le<uint16_t>(b, entry_at(b, 1) + 8, 0); });
       }},
      {"a node that says it has children", Kind::kBadIndex, folder, "says that it has children",
       [](Patient& p) { p.edit_block(0, [](ByteVector& b) { b[0x24] |= 1; }); }},
      {"a child where no block is", Kind::kBadIndex, folder, "where no index block is in use",
       [](Patient& p) {
         edit_root_end(p, [](ByteVector& r, size_t entry) {
           write_le<uint64_t>(r, entry + read_le<uint16_t>(r, entry + 8) - 8, 7000);
         });
       }},
      {"a child at the block of another entry", Kind::kBadIndex, folder, "no entry leads to the index block",
       [](Patient& p) {
         edit_root_end(p, [](ByteVector& r, size_t entry) {
           write_le<uint64_t>(r, entry + read_le<uint16_t>(r, entry + 8) - 8, 0);
         });
       }},
  });
}

TEST_CASE("NC-3: each fault of an index's blocks, root and bitmap is found", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const auto set_bits = [](Patient& p, const std::function<void(ByteVector&)>& change) {
    NewAttribute bitmap{.type = Type::kBitmap, .name = u"$I30"};
    bitmap.value = p.builder.volume().open(p.folder).stream(Type::kBitmap, u"$I30")->read_bytes(0, 8);
    change(bitmap.value);
    p.builder.replace_attribute(p.folder.record, bitmap);
  };
  expect_faults({
      {"torn", Kind::kBadIndex, folder, "written in part",
       [](Patient& p) { p.disk()[p.block_place(1).offset + 1022] ^= 1; }},
      {"no INDX at its head", Kind::kBadIndex, folder, "does not begin with INDX",
       [](Patient& p) { p.disk()[p.block_place(1).offset] = 0; }},
      {"the VCN of another", Kind::kBadIndex, folder, "says it is",
       [](Patient& p) { p.edit_block(1, [](ByteVector& b) { b[0x10] ^= 1; }); }},
      {"in use and free in the bitmap", Kind::kBadIndex, folder, "where no index block is in use",
       [&](Patient& p) { set_bits(p, [](ByteVector& bits) { bits[0] &= 0xfd; }); }},
      {"free and in use in the bitmap", Kind::kBadIndex, folder, "the bitmap of its index has block",
       [&](Patient& p) { set_bits(p, [&](ByteVector& bits) { set_bit(bits, block_count(p)); }); }},
      {"no bitmap", Kind::kBadIndex, folder, "without a root or a bitmap",
       [](Patient& p) { p.builder.remove_attribute(p.folder.record, Type::kBitmap, u"$I30"); }},
      {"another order of the keys", Kind::kBadIndex, folder, "not one of names",
       [](Patient& p) {
         p.edit_attribute(p.folder.record, Type::kIndexRoot, u"$I30",
                          [](ByteVector& r, size_t at) { r[at + read_le<uint16_t>(r, at + 0x14) + 4] = 0; });
       }},
      {"another size of the blocks", Kind::kBadIndex, [](Patient& p) { return p.inner.record; },
       "blocks of 2048 bytes",
       [](Patient& p) {
         p.edit_attribute(p.inner.record, Type::kIndexRoot, u"$I30",
                          [](ByteVector& r, size_t at) { r[at + read_le<uint16_t>(r, at + 0x14) + 9] = 8; });
       }},
      {"holes among its blocks", Kind::kBadIndex, folder, "no cluster for the index block",
       [](Patient& p) {
         const RunList runs =
             p.builder.volume().open(p.folder).stream(Type::kIndexAllocation, u"$I30")->runs();
         NewAttribute blocks{.type = Type::kIndexAllocation, .name = u"$I30", .non_resident = true};
         blocks.runs = {{0, 1, Run::kHole}, {1, runs[0].length - 1, runs[0].lcn + 1}};
         blocks.size_bytes = blocks.initialised_bytes = runs[0].length * 4096;
         p.builder.replace_attribute(p.folder.record, blocks);
       }},
  });
}

TEST_CASE("NC-2: an index whose keys are too many to keep is walked, with the same findings", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  Patient p;
  const auto findings = [&](size_t key_bytes) {
    Volume volume(p.builder.device());
    return check_full(volume, {}, {.key_bytes = key_bytes}).findings;
  };
  CHECK(findings(0).empty());
  p.edit_block(0, [](ByteVector& b) {
    size_t n = 0;
    while ((b[entry_at(b, n + 1) + 0x0c] & 2) == 0) ++n;
    rename_entry(b, entry_at(b, n), u'\uff00');
  });
  const auto unordered = [](const std::vector<Finding>& found) {
    return std::count_if(found.begin(), found.end(), [](const Finding& finding) {
      return finding.kind == Kind::kBadIndex && finding.what.find("is not in order") != std::string::npos;
    });
  };
  CHECK(unordered(findings(40 << 20)) == 1);
  CHECK(findings(0) == findings(40 << 20));
}

TEST_CASE("NC-6: nodes that lead to each other in a circle are passed once", "[ntfs]") {
  // Header, then an entry with a child and the key "a" or "b", then the end with the same child.
  const auto node = [](uint64_t child, char key) {
    ByteVector bytes(0x10 + 0x20 + 0x18);
    write_le<uint32_t>(bytes, 0, 0x10);
    write_le<uint32_t>(bytes, 4, static_cast<uint32_t>(bytes.size()));
    write_le<uint32_t>(bytes, 8, static_cast<uint32_t>(bytes.size()));
    bytes[0x18] = 0x20, bytes[0x1a] = 1, bytes[0x1c] = 1;
    bytes[0x20] = static_cast<uint8_t>(key);
    write_le<uint64_t>(bytes, 0x28, child);
    bytes[0x38] = 0x18, bytes[0x3c] = 3;
    write_le<uint64_t>(bytes, 0x40, child);
    return bytes;
  };
  IndexTree tree;
  tree.add(IndexTree::kRoot, node(0, 'b'), false);
  tree.add(0, node(1, 'a'), false);
  tree.add(1, node(0, 'c'), false);
  std::vector<uint8_t> behind;
  tree.check_order([](Bytes a, Bytes b) { return int{a[0]} - int{b[0]}; },
                   [&](Bytes, Bytes key) { behind.push_back(key[0]); });
  // c, a, b: the child comes before the key that it hangs on.
  CHECK(behind == std::vector<uint8_t>{'a'});
}
