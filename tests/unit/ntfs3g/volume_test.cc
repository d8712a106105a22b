// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/volume.h"

#include "base/error.h"
#include "ntfs/state.h"

#include "tests/unit/ntfs3g/kinds.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

using namespace mend;
using namespace mend::test;
using ntfs3g::Access;

namespace {

// libntfs-3g 2022.10.3 forgets an attribute that it had opened when a read fails while it mounts.
class MountLeaks {
#if defined(__SANITIZE_ADDRESS__)
  __lsan::ScopedDisabler disabler_;
#endif
};

std::string path_of(const std::string& folder, std::u16string_view name) {
  return "\\" + folder + "\\" + to_utf8(name);
}

// The snapshot without the names that go with `name` in \folder.
std::map<std::string, size_t> without(std::map<std::string, size_t> all, std::u16string_view name) {
  all.erase(path_of("folder", name));
  all.erase("\\folder\\C-0000~1.SYS (DOS)");
  return all;
}

const ByteVector& empty_volume() {
  static const ByteVector bytes = format_volume({.size_bytes = 8 << 20});
  return bytes;
}

}  // namespace

TEST_CASE("N3-5: removing a name of any kind of file leaves all others as they were", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const KindOfFile& kind : kinds_of_file()) {
    {
      INFO(kind.what);
      Prepared prepared = prepare(kind, empty_volume());
      MemoryDevice device(prepared.bytes);
      auto before = snapshot(device);
      REQUIRE(before.contains(path_of("folder", kind.name)));
      for (const std::string& other : kind.other_names) REQUIRE(before.contains(other));
      {
        ntfs3g::Volume volume(device);
        volume.remove(prepared.folder, kind.name);
        volume.close();
      }
      CHECK(snapshot(device) == without(before, kind.name));
      ntfs::Volume after(device);
      CHECK(after.record_bit(prepared.file.record) == !kind.other_names.empty());
      judge(device.bytes);
    }
  }
}

TEST_CASE("N3-5: a renamed file of any kind keeps content, times and attributes", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const KindOfFile& kind : kinds_of_file()) {
    {
      INFO(kind.what);
      Prepared prepared = prepare(kind, empty_volume());
      MemoryDevice device(prepared.bytes);
      auto expected = without(snapshot(device), kind.name);
      std::u16string name = u"renamed to something rather longer than before.sys.bak";
      expected[path_of("folder", name)] = snapshot(device).at(path_of("folder", kind.name));
      {
        ntfs3g::Volume volume(device);
        volume.rename(prepared.folder, kind.name, prepared.folder, name);
        volume.close();
      }
      CHECK(snapshot(device) == expected);
      judge(device.bytes);
    }
  }
}

TEST_CASE("N3-5: a file of any kind moves into quarantine as it is", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const KindOfFile& kind : kinds_of_file()) {
    {
      INFO(kind.what);
      Prepared prepared = prepare(kind, empty_volume());
      MemoryDevice device(prepared.bytes);
      auto before = snapshot(device);
      {
        ntfs3g::Volume volume(device);
        MftReference top = volume.make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine",
                                                 Access::kSystemAndAdministrators);
        MftReference run = volume.make_directory(top, u"20240719T100000Z", Access::kSystemAndAdministrators);
        volume.rename(prepared.folder, kind.name, run, kind.name);
        volume.close();
      }
      auto after = snapshot(device);
      CHECK(after.erase("\\Mendstick.quarantine") == 1);
      CHECK(after.erase("\\Mendstick.quarantine\\20240719T100000Z") == 1);
      auto expected = without(before, kind.name);
      expected["\\Mendstick.quarantine\\20240719T100000Z\\" + to_utf8(kind.name)] =
          before.at(path_of("folder", kind.name));
      CHECK(after == expected);
      judge(device.bytes);
    }
  }
}

namespace {

// \folder with a pair, a Win32 name alone and a subfolder.
struct Small {
  MemoryDevice device{empty_volume()};
  MftReference folder, inner, file;
  Small() {
    Filler filler(device);
    folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
    inner = filler.make_directory(folder, u"inner");
    file = filler.make(folder, u"A Long Name.sys", pattern(20000, 1));
    filler.pair(file, folder, u"A Long Name.sys", u"ALONGN~1.SYS");
    filler.make(folder, u"other.sys", pattern(300, 2));
    filler.make(inner, u"deep.sys", pattern(300, 3));
    filler.close();
  }
};

template <typename Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

}  // namespace

TEST_CASE("N3-3: an edit that is refused has changed nothing, and the volume goes on", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  const ByteVector before = small.device.bytes;
  {
    ntfs3g::Volume volume(small.device);
    const auto root = ntfs::kRootDirectory;
    MftReference stale = small.folder;
    ++stale.sequence;
    CHECK(error_of([&] { volume.remove(small.folder, u"absent.sys"); }) == "ntfs3g.name.absent");
    CHECK(error_of([&] { volume.remove(small.folder, u"a long name.sys"); }) == "ntfs3g.name.absent");
    CHECK(error_of([&] { volume.remove(stale, u"other.sys"); }) == "ntfs3g.inode.stale");
    CHECK(error_of([&] { volume.remove({5000, 1}, u"other.sys"); }) != "none");
    CHECK(error_of([&] { volume.remove(small.file, u"other.sys"); }) == "ntfs3g.directory");
    CHECK(error_of([&] { volume.remove(root, u"$MFT"); }) == "ntfs3g.name.system");
    CHECK(error_of([&] { volume.remove(root, u"$Extend"); }) == "ntfs3g.name.system");
    CHECK(error_of([&] { volume.remove({11, 11}, u"$Reparse"); }) == "ntfs3g.directory.system");
    CHECK(error_of([&] { volume.rename(root, u"$Boot", small.folder, u"boot"); }) == "ntfs3g.name.system");
    CHECK(error_of([&] { volume.remove(root, u"folder"); }) == "ntfs3g.remove.not_empty");
    CHECK(error_of([&] { volume.rename(root, u"folder", small.inner, u"folder"); }) ==
          "ntfs3g.rename.inside");
    CHECK(error_of([&] { volume.rename(root, u"folder", small.folder, u"folder"); }) ==
          "ntfs3g.rename.inside");
    for (const auto* taken : {u"other.sys", u"OTHER.SYS", u"INNER"})
      CHECK(error_of([&] { volume.rename(small.folder, u"A Long Name.sys", small.folder, taken); }) ==
            "ntfs3g.rename.exists");
    for (const auto* bad : {u"", u"a/b", u"a\\b", u"a:b", u"a*", u"a\u0001b", u"dot.", u"space "})
      CHECK(error_of([&] { volume.rename(small.folder, u"other.sys", small.folder, bad); }) ==
            "ntfs3g.name.new");
    CHECK(error_of([&] {
            volume.rename(small.folder, u"other.sys", small.folder, std::u16string(256, u'x'));
          }) == "ntfs3g.name.new");
    CHECK(error_of([&] {
            volume.make_directory(small.folder, u"Inner", Access::kSystemAndAdministrators);
          }) == "ntfs3g.directory.exists");
    volume.close();
    CHECK(error_of([&] { volume.remove(small.folder, u"other.sys"); }) == "ntfs3g.closed");
    CHECK(error_of([&] { volume.close(); }) == "ntfs3g.closed");
  }
  CHECK(small.device.bytes == before);
}

TEST_CASE("a file may take a name that only its own going names are in the way of", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  for (const auto* name : {u"a LONG name.sys", u"ALONGN~1.SYS", u"alongn~1.sys"}) {
    Small small;
    {
      ntfs3g::Volume volume(small.device);
      volume.rename(small.folder, u"A Long Name.sys", small.folder, name);
      volume.close();
    }
    ntfs::Volume volume(small.device);
    ntfs::FileInfo info = volume.stat(small.file);
    REQUIRE(info.links.size() == 1);
    CHECK(info.links[0].name == name);
    judge(small.device.bytes);
  }
}

TEST_CASE("a DOS name takes its long name with it", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  {
    ntfs3g::Volume volume(small.device);
    volume.remove(small.folder, u"ALONGN~1.SYS");
    volume.close();
  }
  ntfs::Volume volume(small.device);
  CHECK_FALSE(volume.find(small.folder, u"A Long Name.sys").has_value());
  CHECK_FALSE(volume.record_bit(small.file.record));
  judge(small.device.bytes);
}

TEST_CASE("two Win32 names beside one DOS name are left alone", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  {
    Filler filler(small.device);
    filler.link(small.file, small.folder, u"Another Long Name.sys", NameSpace::kWin32);
    filler.close();
  }
  ntfs3g::Volume volume(small.device);
  CHECK(error_of([&] { volume.remove(small.folder, u"A Long Name.sys"); }) == "ntfs.names.ambiguous");
  CHECK(error_of([&] { volume.remove(small.folder, u"ALONGN~1.SYS"); }) == "ntfs.names.ambiguous");
  volume.close();
}

TEST_CASE("a directory moves down below where it was", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  MftReference beside;
  {
    Filler filler(small.device);
    MftReference next = filler.make_directory(small.folder, u"next");
    beside = filler.make_directory(next, u"below");
    filler.close();
  }
  auto before = snapshot(small.device);
  {
    ntfs3g::Volume volume(small.device);
    volume.rename(small.folder, u"inner", beside,
                  u"inner");  // \folder is on the way up from \folder\next\below
    volume.close();
  }
  CHECK(snapshot(small.device).at("\\folder\\next\\below\\inner\\deep.sys") ==
        before.at("\\folder\\inner\\deep.sys"));
  judge(small.device.bytes);
}

TEST_CASE("a directory moves with what is in it", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  auto before = snapshot(small.device);
  {
    ntfs3g::Volume volume(small.device);
    volume.rename(small.folder, u"inner", ntfs::kRootDirectory, u"outer");
    volume.close();
  }
  auto after = snapshot(small.device);
  CHECK(after.at("\\outer\\deep.sys") == before.at("\\folder\\inner\\deep.sys"));
  CHECK_FALSE(after.contains("\\folder\\inner"));
  judge(small.device.bytes);
}

TEST_CASE("a contradiction between record and index is refused", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  {
    Filler filler(small.device);
    filler.with(small.file, [](Inode& file) { file.set_link_count(3); });
    filler.close();
  }
  const ByteVector before = small.device.bytes;
  ntfs3g::Volume volume(small.device);
  CHECK(error_of([&] { volume.remove(small.folder, u"A Long Name.sys"); }) == "ntfs3g.name.contradiction");
  volume.close();
  CHECK(small.device.bytes == before);
}

TEST_CASE("all 16 volume flags are set as given, in $MFT and in $MFTMirr", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  MemoryDevice device(empty_volume());
  for (uint16_t flags : std::initializer_list<uint16_t>{0x0001, 0x4fc1, 0x0000}) {
    {
      ntfs3g::Volume volume(device);
      volume.set_volume_flags(flags);
      CHECK(volume.volume_flags() == flags);
      volume.close();
    }
    ntfs::Volume volume(device);
    CHECK(ntfs::read_state(volume).volume_flags == flags);
    uint64_t record = volume.record_ranges(3)[0].offset;
    uint64_t copy = volume.cluster_offset(volume.geometry().mirror_lcn) + 3 * 1024;
    CHECK(equal(slice(Bytes(device.bytes), record, 1024), slice(Bytes(device.bytes), copy, 1024)));
  }
}

TEST_CASE("N3-4: sync() puts everything below, and the volume goes on", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  ntfs3g::Volume volume(small.device);
  volume.remove(small.folder, u"other.sys");
  volume.sync();
  {
    ntfs::Volume reader(small.device);
    CHECK_FALSE(reader.find(small.folder, u"other.sys").has_value());
  }
  volume.remove(small.folder, u"A Long Name.sys");
  volume.close();
  judge(small.device.bytes);
}

TEST_CASE("N3-4: without close() nothing that was held back reaches the device", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  Small small;
  const ByteVector before = small.device.bytes;
  {
    ntfs3g::Volume volume(small.device);
    volume.remove(small.folder, u"other.sys");
  }
  CHECK(small.device.bytes == before);
}

TEST_CASE("N3-2: the first error of the device is thrown, and again, and nothing more is written",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  // Every read of a mount and an edit fails once; then every write and the flush.
  for (uint64_t nth = 0; nth < 200; ++nth) {
    Small small;
    [[maybe_unused]] MountLeaks leaks;
    FailingDevice failing(small.device);
    failing.fail_read = nth;
    std::string seen, again;
    {
      std::unique_ptr<ntfs3g::Volume> volume;
      seen = error_of([&] {
        volume = std::make_unique<ntfs3g::Volume>(failing);
        volume->remove(small.folder, u"A Long Name.sys");
        volume->close();
      });
      if (volume) again = error_of([&] { volume->remove(small.folder, u"other.sys"); });
    }
    if (seen == "none") break;  // so many reads there are
    CHECK(seen == "test.fail.read");
    CHECK((again.empty() || again == "test.fail.read"));
    CHECK(failing.writes == 0);
    REQUIRE(nth < 199);
  }
  for (bool flush : {false, true}) {
    for (uint64_t nth = 0; nth < 50; ++nth) {
      Small small;
      FailingDevice failing(small.device);
      (flush ? failing.fail_flush : failing.fail_write) = nth;
      ntfs3g::Volume volume(failing);
      volume.remove(small.folder, u"A Long Name.sys");
      std::string seen = error_of([&] { volume.close(); });
      if (seen == "none") break;
      CHECK(seen == (flush ? "test.fail.flush" : "test.fail.write"));
      CHECK(error_of([&] { volume.close(); }) == seen);
      REQUIRE(nth < 49);
    }
  }
}

TEST_CASE("a volume that is none, or is cut short, is an error with words", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  [[maybe_unused]] MountLeaks leaks;
  MemoryDevice zeros(1 << 20);
  CHECK(error_of([&] { ntfs3g::Volume volume(zeros); }) == "ntfs3g.mount");
  MemoryDevice cut(ByteVector(empty_volume().begin(), empty_volume().begin() + (4 << 20)));
  CHECK(error_of([&] { ntfs3g::Volume volume(cut); }) == "ntfs3g.mount");
  MemoryDevice damaged(empty_volume());
  ntfs::Volume volume(damaged);
  damaged.bytes[volume.record_ranges(3)[0].offset] = 0;
  try {
    ntfs3g::Volume mounted(damaged);
    FAIL("mounted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("the library says") != std::string::npos);
  }
}
