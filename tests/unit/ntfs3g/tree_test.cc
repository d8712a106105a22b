// SPDX-License-Identifier: GPL-3.0-or-later
// Large directories and full volumes: where the index grows, shrinks and is rearranged.
#include "base/error.h"
#include "ntfs/fixup.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

std::u16string numbered(size_t i) {
  return to_utf16("C-" + std::to_string(1000000 + i) + "-a channel file.sys");
}

bool explained(Editing& editing) {
  try {
    editing.verify();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a directory of 100,000 entries loses and gains some, and stays sound", "[ntfs3g][ntfs]") {
  if (!need_program("mkntfs")) return;
  constexpr size_t kFiles = 100000;
  MemoryDevice device(format_volume({.size_bytes = uint64_t{160} << 20}));
  std::vector<MftReference> files;
  MftReference folder;
  {
    Filler filler(device);
    folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
    Inode directory(filler.mount(), folder);
    for (size_t i = 0; i < kFiles; ++i) {
      ByteVector units = utf16_to_le(numbered(i * 7919 % kFiles));
      ntfs_inode* made =
          ntfs_create(directory.get(), const_cpu_to_le32(0), reinterpret_cast<ntfschar*>(units.data()),
                      static_cast<u8>(units.size() / 2), S_IFREG);
      REQUIRE(made != nullptr);
      Inode file(filler.mount(), made);
      files.push_back(file.reference());
      file.close();
    }
    directory.close();
    filler.close();
  }
  Editing editing(std::move(device.bytes));
  MftReference top = editing.make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine");
  for (size_t i = 0; i < kFiles; i += 4999)
    editing.rename(files[i], folder, numbered(i * 7919 % kFiles), top, numbered(i * 7919 % kFiles));
  for (size_t i = 1; i < kFiles; i += 997) editing.remove(files[i], folder, numbered(i * 7919 % kFiles));
  editing.finish();
  CHECK(editing.verify().changed_bytes > 0);
  CHECK(editing.new_findings().empty());
  judge(editing.after());
}

TEST_CASE("random edits in a small volume are all explained, and the volume stays sound", "[ntfs3g][ntfs]") {
  if (!need_program("mkntfs")) return;
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    const uint32_t cluster_bytes = seed % 2 == 0 ? 1024 : 4096;
    const ByteVector empty = format_volume({.size_bytes = 8 << 20, .cluster_bytes = cluster_bytes});
    INFO("seed " << seed);
    std::mt19937 random(seed);
    MemoryDevice device(empty);
    std::map<std::u16string, MftReference> here, there;
    MftReference folder, other;
    {
      Filler filler(device);
      folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
      other = filler.make_directory(ntfs::kRootDirectory, u"other");
      for (size_t i = 0; i < 400; ++i) {
        std::u16string name(1 + random() % 60, u'a');
        for (char16_t& unit : name) unit = static_cast<char16_t>(u'a' + random() % 26);
        if (here.contains(name)) continue;
        here[name] = filler.make(folder, name, pattern(random() % 3000, seed));
      }
      filler.close();
    }
    for (int round = 0; round < 8; ++round) {
      Editing editing(std::move(device.bytes));
      const auto pick = [&](std::map<std::u16string, MftReference>& from) {
        return std::next(from.begin(), static_cast<ptrdiff_t>(random() % from.size()));
      };
      for (int i = 0; i < 15 && here.size() > 20; ++i) {
        auto moved = pick(here);
        std::u16string name = moved->first + u" moved";
        if (there.contains(name)) continue;
        editing.rename(moved->second, folder, moved->first, other, name);
        there[name] = moved->second;
        here.erase(moved);
      }
      for (int i = 0; i < 25 && here.size() > 20; ++i) {
        auto gone = pick(here);
        editing.remove(gone->second, folder, gone->first);
        here.erase(gone);
      }
      editing.finish();
      REQUIRE_NOTHROW(editing.verify());
      CHECK(editing.new_findings().empty());
      device.bytes = editing.after();
    }
    ntfs::Volume volume(device);
    size_t entries = 0;
    volume.for_each_entry(folder, [&](const ntfs::EntryView&) { return ++entries, true; });
    CHECK(entries == here.size());
    judge(device.bytes, cluster_bytes < 4096 ? Libfsntfs::kLeaveOut : Libfsntfs::kAsk);
  }
}

TEST_CASE("NW-2: a quarantine that makes $MFT grow is explained", "[ntfs3g][ntfs]") {
  if (!need_program("mkntfs")) return;
  MemoryDevice device(format_volume({.size_bytes = 8 << 20}));
  std::vector<MftReference> files;
  MftReference folder;
  {
    Filler filler(device);
    folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
    // Until all records of $MFT are in use.
    for (size_t i = 0;; ++i) {
      ntfs_volume* volume = filler.mount().library();
      const auto records =
          static_cast<uint64_t>(volume->mft_na->allocated_size >> volume->mft_record_size_bits);
      if (!files.empty() && files.back().record + 1 == records && i > 10) break;
      files.push_back(filler.make(folder, numbered(i), pattern(50, 1)));
      REQUIRE(i < 2000);
    }
    filler.close();
  }
  Editing editing(std::move(device.bytes));
  MftReference made = folder;
  // Whether one or eight records come with each growth: until one is behind the old end.
  const uint64_t last = files.back().record;
  for (size_t i = 0; made.record <= last; ++i) {
    made = editing.make_directory(folder, to_utf16("made-" + std::to_string(i)));
    REQUIRE(i < 100);
  }
  editing.rename(files[3], folder, numbered(3), made, numbered(3));
  editing.finish();
  CHECK_NOTHROW(editing.verify());
  for (const ntfs::Finding& finding : editing.new_findings()) FAIL_CHECK(finding.what);
  judge(editing.after());
}

TEST_CASE("a damaged volume is an error or an edit that is explained, never a crash", "[ntfs3g][ntfs]") {
  if (!need_program("mkntfs")) return;
  const std::vector<KindOfFile> kinds = kinds_of_file();
  const ByteVector empty = format_volume({.size_bytes = 8 << 20});
  size_t refused = 0, done = 0, unexplained = 0;
  for (const char* what : {"with extension records", "compressed by CompactOS", "in clusters"}) {
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.what == what; });
    const Prepared prepared = prepare(*kind, empty, 60);
    ReaderOver reader(prepared.bytes);
    ntfs::Volume sound(reader);
    // Records and blocks that an edit of the file goes through.
    std::vector<ntfs::Range> protected_blocks;
    for (uint64_t record :
         {uint64_t{0}, uint64_t{5}, uint64_t{6}, uint64_t{11}, prepared.folder.record, prepared.file.record})
      protected_blocks.push_back(sound.record_ranges(record)[0]);
    const ntfs::File file = sound.open(prepared.file);
    for (const ntfs::Record& extension : file.extensions())
      protected_blocks.push_back(sound.record_ranges(extension->number())[0]);
    auto index = sound.open(prepared.folder).stream(ntfs::AttributeType::kIndexAllocation, u"$I30");
    for (uint64_t at = 0; at < index->size_bytes(); at += 4096)
      protected_blocks.push_back(index->ranges(at, 4096)[0]);
    std::mt19937 random(7);
    for (int round = 0; round < 250; ++round) {
      INFO(what << ", round " << round);
      ByteVector bytes = prepared.bytes;
      const ntfs::Range block = protected_blocks[random() % protected_blocks.size()];
      MutableBytes whole = slice(MutableBytes(bytes), block.offset, block.length);
      REQUIRE(ntfs::remove_fixups(whole) == ntfs::Protection::kIntact);
      const size_t used = read_le<uint32_t>(whole, 0x18) & 0xfff;
      for (auto flips = 1 + random() % 3; flips != 0; --flips)
        whole[random() % std::max<size_t>(used, 64)] = static_cast<uint8_t>(random());
      ntfs::apply_fixups(whole);
      try {
        Editing editing(bytes);
        carry_out(editing, prepared, *kind, round % 2 == 0 ? Act::kRemove : Act::kQuarantine);
        ++done;
        if (!explained(editing)) {
          ++unexplained;
          continue;
        }
        ReaderOver then_reader(editing.before), now_reader(editing.after());
        ntfs::Volume then(then_reader), now(now_reader);
        for (const ntfs::Finding& finding :
             ntfs::new_findings(ntfs::check_full(then).findings, ntfs::check_full(now).findings))
          FAIL_CHECK(finding.what);
      } catch (const Error& error) {
        CHECK(error.code() != ErrorCode::kIo);
        ++refused;
      }
    }
  }
  CHECK(refused > 50);
  CHECK(done > 50);
  UNSCOPED_INFO(refused << " refused, " << done << " done, of which " << unexplained
                        << " were refused afterwards");
  CHECK(unexplained < done);
}
