// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/index.h"

#include <algorithm>
#include <set>

#include "ntfs/check.h"
#include "ntfs/fixup.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

std::u16string numbered(std::u16string_view stem, unsigned number) {
  std::u16string name(stem);
  for (unsigned divisor = 10000; divisor != 0; divisor /= 10)
    name += static_cast<char16_t>(u'0' + number / divisor % 10);
  return name;
}

// A directory with so many names, all of one file, that its tree has three levels.
MftReference make_large_directory(VolumeBuilder& builder, unsigned names) {
  const MftReference folder = builder.make_directory(kRootDirectory, u"large");
  std::vector<VolumeBuilder::IndexKey> keys;
  for (unsigned i = 0; i < names; ++i)
    keys.push_back(
        {{40, 1}, file_name_value(folder, numbered(i % 2 == 0 ? u"Name-" : u"nAME-", i), NameSpace::kPosix)});
  builder.write_index(folder, std::move(keys));
  return folder;
}

std::vector<std::u16string> names_of(Volume& volume, MftReference folder, std::u16string_view prefix = {}) {
  std::vector<std::u16string> names;
  volume.for_each_entry(
      folder,
      [&](const EntryView& entry) {
        names.push_back(entry.key.name());
        return true;
      },
      prefix);
  return names;
}

// Where the block of a directory's index lies on the device.
uint64_t block_offset(VolumeBuilder& builder, MftReference folder, uint64_t block) {
  return builder.volume()
      .open(folder)
      .stream(AttributeType::kIndexAllocation, u"$I30")
      ->ranges(block * 4096, 4096)
      .at(0)
      .offset;
}

}  // namespace

TEST_CASE("A tree of three levels is walked in order and searched by descent", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  constexpr unsigned kNames = 8000;
  const MftReference folder = make_large_directory(builder, kNames);
  Volume& volume = builder.volume();
  const std::vector<std::u16string> names = names_of(volume, folder);
  REQUIRE(names.size() == kNames);
  CHECK(std::is_sorted(names.begin(), names.end(),
                       [&](const auto& a, const auto& b) { return volume.upcase().compare(a, b) < 0; }));
  for (unsigned i = 0; i < kNames; i += 37) {
    const auto found = volume.find(folder, numbered(u"NAME-", i));
    if (!found || found->name != names[i]) FAIL("name " << i << " was not found");
  }
  CHECK_FALSE(volume.find(folder, u"name-08000"));
  CHECK_FALSE(volume.find(folder, u"name-"));
  CHECK_FALSE(volume.find(folder, u"name-00000x"));
  CHECK_FALSE(volume.find(folder, u""));
  CHECK_FALSE(volume.find(folder, u"zzz"));
  CHECK(names_of(volume, folder, u"name-0123").size() == 10);
  CHECK(names_of(volume, folder, u"name-0").size() == kNames);
  CHECK(names_of(volume, folder, u"name-1").empty());
  CHECK(names_of(volume, folder, u"a").empty());
  size_t seen = 0;
  volume.for_each_entry(folder, [&](const EntryView&) { return ++seen < 5; });
  CHECK(seen == 5);
}

TEST_CASE("NV-4: a name in a large directory costs one read a level", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = make_large_directory(builder, 8000);
  RecordingDevice device(builder.device());
  Volume volume(device);
  volume.upcase();
  volume.find(kRootDirectory, u"large");
  device.events.clear();
  CHECK(volume.find(folder, u"name-04321"));
  CHECK(device.events.size() <= 4);  // the folder's record and three levels, less the root in the record
  device.events.clear();
  CHECK(names_of(volume, folder, u"name-0432").size() == 10);
  CHECK(device.events.size() <= 3);
}

TEST_CASE("path_to tells every node on the way to a key", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = make_large_directory(builder, 8000);
  Volume& volume = builder.volume();
  Index index(volume, volume.open(folder), u"$I30");
  const std::u16string wanted = volume.upcase().fold(u"name-04321");
  const auto path = index.path_to(
      [&](Bytes key) { return volume.upcase().compare_le(FileNameView::parse(key).name_le(), wanted); });
  REQUIRE(path.size() >= 2);
  CHECK(path[0].is_root);
  for (size_t i = 1; i < path.size(); ++i) {
    REQUIRE(path[i].ranges.size() == 1);
    CHECK(index.block_in_use(path[i].vcn));
    ByteVector block(4096);
    volume.read(path[i].ranges[0].offset, block);
    CHECK(read_le<uint64_t>(block, 0x10) == path[i].vcn);
  }
  const uint64_t blocks = index.block_count();
  CHECK_FALSE(index.block_in_use(blocks));
  CHECK_FALSE(index.block_in_use(UINT64_MAX));
}

TEST_CASE("Names that differ in case only: the one written exactly so", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference upper = builder.make_file(kRootDirectory, u"README", as_bytes("1"));
  const MftReference mixed = builder.make_file(kRootDirectory, u"ReadMe", as_bytes("2"));
  CHECK(builder.volume().find(kRootDirectory, u"README")->reference == upper);
  CHECK(builder.volume().find(kRootDirectory, u"ReadMe")->reference == mixed);
  CHECK(builder.volume().find(kRootDirectory, u"readme").has_value());
}

TEST_CASE("NI-1: a tree that leads in a circle ends with an error", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = make_large_directory(builder, 8000);
  const uint64_t blocks = Index(builder.volume(), builder.volume().open(folder), u"$I30").block_count();
  size_t circles = 0;
  // Every inner node's first child becomes the node itself, then another.
  for (uint64_t block = 0; block < blocks; ++block) {
    const auto offset = static_cast<size_t>(block_offset(builder, folder, block));
    const ByteVector original(builder.device().bytes.begin() + static_cast<ptrdiff_t>(offset),
                              builder.device().bytes.begin() + static_cast<ptrdiff_t>(offset + 4096));
    if ((original[0x18 + 0x0c] & 1) == 0) continue;
    for (const uint64_t target : {block, (block + 1) % blocks, blocks, UINT64_MAX, uint64_t{1} << 60}) {
      ByteVector changed = original;
      REQUIRE(remove_fixups(changed) == Protection::kIntact);
      const size_t entry = 0x18 + read_le<uint32_t>(changed, 0x18);
      const size_t length = read_le<uint16_t>(changed, entry + 8);
      write_le<uint64_t>(changed, entry + length - 8, target);
      apply_fixups(changed);
      builder.device().write(offset, changed);
      Volume volume(builder.device());
      const std::string id = id_of_error([&] { names_of(volume, folder); });
      if (target == block || target >= blocks) CHECK(id.starts_with("ntfs.index."));
      circles += id == "ntfs.index.depth" || id == "ntfs.index.loop" ? 1U : 0U;
      CHECK_FALSE(check_full(volume).clean());
    }
    builder.device().write(offset, original);
  }
  CHECK(circles > 0);
}

TEST_CASE("NI-2: an index block with any bit flipped is walked within bounds or refused", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = make_large_directory(builder, 60);
  const auto offset = static_cast<size_t>(block_offset(builder, folder, 0));
  ByteVector block(builder.device().bytes.begin() + static_cast<ptrdiff_t>(offset),
                   builder.device().bytes.begin() + static_cast<ptrdiff_t>(offset + 4096));
  const auto read = [](const ByteVector& bytes) {
    ByteVector copy = bytes;
    NodeView node(open_index_block(copy, 0), false);
    size_t units = 0;
    for (IndexEntry entry; node.next(entry);)
      if (!entry.is_last()) units += FileNameView::parse(entry.key).name().size();
    if (units > 4096) FAIL("more names than a block holds");
  };
  read(block);
  CHECK(flip_every_bit(block, read) > 100);
  CHECK(cut_every_length(block, read) == block.size());
  // Without fixups, so that the flips reach what they would protect.
  REQUIRE(remove_fixups(block) == Protection::kIntact);
  const ByteVector node(block.begin() + 0x18, block.end());
  const auto read_node = [](const ByteVector& bytes) {
    for (const bool view : {false, true}) {
      NodeView entries(bytes, view);
      for (IndexEntry entry; entries.next(entry);)
        if (!entry.is_last() && !view) FileNameView::parse(entry.key);
    }
  };
  flip_every_bit(node, [&](const ByteVector& bytes) { read_node(bytes); });
  CHECK(cut_every_length(node, read_node) > 1000);
}

TEST_CASE("The view indexes of $Secure are found by key", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  Volume& volume = builder.volume();
  const MftReference secure = volume.open_record(system_record::kSecure).reference();
  ByteVector id(4);
  write_le<uint32_t>(id, 0, 0x100);
  const std::optional<ByteVector> entry = find_view_entry(volume, secure, u"$SII", id);
  REQUIRE(entry);
  CHECK(entry->size() == 0x14);
  CHECK(read_le<uint32_t>(*entry, 4) == 0x100);
  ByteVector hash_key(8);
  write_le<uint32_t>(hash_key, 0, read_le<uint32_t>(*entry, 0));
  write_le<uint32_t>(hash_key, 4, 0x100);
  CHECK(find_view_entry(volume, secure, u"$SDH", hash_key).has_value());
  write_le<uint32_t>(id, 0, 0xfffff);
  CHECK_FALSE(find_view_entry(volume, secure, u"$SII", id));
  CHECK(id_of_error([&] { find_view_entry(volume, secure, u"$O", id); }) == "ntfs.index.none");
}

TEST_CASE("Keys of view indexes sort as NTFS sorts them", "[ntfs]") {
  const auto bytes = [](std::vector<uint32_t> words) {
    ByteVector out(words.size() * 4);
    for (size_t i = 0; i < words.size(); ++i) write_le<uint32_t>(out, 4 * i, words[i]);
    return out;
  };
  CHECK(collate_key(Collation::kUlong, bytes({0x100}), bytes({0x0ff})) > 0);
  CHECK(collate_key(Collation::kUlongs, bytes({1, 2, 3}), bytes({1, 2, 4})) < 0);
  CHECK(collate_key(Collation::kUlongs, bytes({1, 2}), bytes({1, 2, 0})) < 0);
  CHECK(collate_key(Collation::kUlongs, bytes({7}), bytes({7})) == 0);
  CHECK(collate_key(Collation::kSecurityHash, bytes({1, 9}), bytes({2, 0})) < 0);
  CHECK(collate_key(Collation::kSecurityHash, bytes({1, 9}), bytes({1, 8})) > 0);
  CHECK(collate_key(Collation::kSid, bytes({1, 9}), bytes({1, 9, 0})) < 0);
  CHECK(id_of_error([&] { collate_key(Collation::kUnicode, {}, {}); }) == "ntfs.index.collation");
}
