// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/volume.h"

#include "tests/unit/ntfs3g/kinds.h"

using namespace mend;
using namespace mend::test;
using ntfs3g::Access;

namespace {

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
