// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of src/ntfs/QUIRKS.md that the other tests do not show by themselves.
#include "ntfs/quirks.h"

#include "ntfs/index.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

struct Quirk {
  ByteVector bytes;
  MftReference folder, file;
};

// \folder with one file that `more` does something to, and a neighbour.
Quirk quirk(const std::function<void(Filler&, MftReference file)>& more, size_t content_bytes = 70000) {
  MemoryDevice device(format_volume({.size_bytes = 8 << 20}));
  Quirk made;
  Filler filler(device);
  made.folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
  filler.make(made.folder, u"neighbour.sys", pattern(9000, 1));
  made.file = filler.make(made.folder, kPlainName, pattern(content_bytes, 2));
  more(filler, made.file);
  filler.close();
  made.bytes = std::move(device.bytes);
  return made;
}

// Data of every entry of a view index, by key.
std::map<ByteVector, ByteVector> view_of(const ByteVector& bytes, std::u16string_view file,
                                         std::u16string_view index) {
  ReaderOver reader(bytes);
  ntfs::Volume volume(reader);
  const MftReference extend = volume.read_record(ntfs::system_record::kExtend)->reference();
  const MftReference owner = file == u"$Secure"
                                 ? volume.read_record(ntfs::system_record::kSecure)->reference()
                                 : volume.find(extend, file).value().reference;
  std::map<ByteVector, ByteVector> entries;
  ntfs::Index(volume, volume.open(owner), index).walk(nullptr, [&](const ntfs::IndexEntry& entry) {
    entries[{entry.key.begin(), entry.key.end()}] = {entry.data.begin(), entry.data.end()};
    return true;
  });
  return entries;
}

enum class Edit { kRemove, kRename, kQuarantine };

// Carries it out, proves it explained and the volume sound, and returns what is left.
ByteVector after(const Quirk& quirk, Edit edit, bool must_check = false) {
  Editing editing(quirk.bytes);
  if (edit == Edit::kRemove) editing.remove(quirk.file, quirk.folder, kPlainName);
  if (edit == Edit::kRename)
    editing.rename(quirk.file, quirk.folder, kPlainName, quirk.folder, u"renamed.sys");
  if (edit == Edit::kQuarantine) {
    const MftReference folder = editing.make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine");
    editing.rename(quirk.file, quirk.folder, kPlainName, folder, kPlainName);
  }
  ReaderOver reader(quirk.bytes);
  ntfs::Volume before(reader);
  CHECK(ntfs::windows_must_check(before, editing.edits) == must_check);
  editing.finish();
  CHECK_NOTHROW(editing.verify());
  CHECK(editing.new_findings().empty());
  judge(editing.after());
  return editing.after();
}

constexpr Edit kEdits[] = {Edit::kRemove, Edit::kRename, Edit::kQuarantine};

}  // namespace

TEST_CASE("$ObjId loses the object ID of a file that is removed, and keeps that of one that moves",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const ByteVector id = pattern(16, 99);
  const Quirk made = quirk([&](Filler& filler, MftReference file) { filler.object_id(file, id); });
  REQUIRE(view_of(made.bytes, u"$ObjId", u"$O").contains(id));
  for (const Edit edit : kEdits) {
    const auto entries = view_of(after(made, edit), u"$ObjId", u"$O");
    REQUIRE(entries.contains(id) == (edit != Edit::kRemove));
    if (edit != Edit::kRemove) CHECK(read_le<uint64_t>(entries.at(id), 0) == made.file.pack());
  }
}

TEST_CASE("$Reparse loses the point of a file that is removed, and keeps that of one that moves",
          "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const auto link = [](Filler& filler, MftReference file) {
    filler.reparse(file, ntfs::kReparseTagWof, ByteVector{1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  };
  const Quirk made = quirk(link, 0);
  const auto points = view_of(made.bytes, u"$Reparse", u"$R");
  REQUIRE(points.size() == 1);
  for (const Edit edit : kEdits) {
    const auto left = view_of(after(made, edit), u"$Reparse", u"$R");
    CHECK(left == (edit == Edit::kRemove ? decltype(left)() : points));
  }
}

TEST_CASE("$Secure stays as it is, whatever is edited", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const Quirk made = quirk([](Filler&, MftReference) {});
  for (const Edit edit : kEdits) {
    const ByteVector bytes = after(made, edit);
    for (const auto* index : {u"$SII", u"$SDH"})
      CHECK(view_of(bytes, u"$Secure", index) == view_of(made.bytes, u"$Secure", index));
  }
}

TEST_CASE("$Quota: a removed file that counts against a quota is left to Windows to count", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  constexpr uint32_t kAdministrators = 0x100;  // the owner that mkntfs knows
  const Quirk made = quirk([](Filler& filler, MftReference file) {
    filler.with(file, [](Inode& inode) {
      ntfs_attr* information = ntfs_attr_open(inode.get(), AT_STANDARD_INFORMATION, AT_UNNAMED, 0);
      REQUIRE(information != nullptr);
      REQUIRE(ntfs_attr_truncate(information, 0x48) == 0);  // its longer form
      ntfs_attr_close(information);
      ntfs3g::set_state(inode.get()->state, NI_v3_Extensions);
      inode.get()->owner_id = const_cpu_to_le32(kAdministrators);
    });
  });
  {
    ReaderOver reader(made.bytes);
    ntfs::Volume volume(reader);
    const ntfs::File file = volume.open(made.file);
    const Bytes value = file.find(ntfs::AttributeType::kStandardInformation)->value;
    REQUIRE(value.size() >= 0x48);
    REQUIRE(read_le<uint32_t>(value, 0x30) == kAdministrators);
  }
  const auto owners = view_of(made.bytes, u"$Quota", u"$Q");
  for (const Edit edit : kEdits)
    CHECK(view_of(after(made, edit, edit == Edit::kRemove), u"$Quota", u"$Q") == owners);
}

TEST_CASE("an EFS file is removed with its keys, and moves with them", "[ntfs3g]") {
  if (!need_program("mkntfs")) return;
  const ByteVector keys = pattern(700, 4);
  const Quirk made = quirk([&](Filler& filler, MftReference file) {
    filler.with(file, [&](Inode& inode) {
      ByteVector name = utf16_to_le(u"$EFS"), value = keys;
      REQUIRE(ntfs_attr_add(inode.get(), AT_LOGGED_UTILITY_STREAM, reinterpret_cast<ntfschar*>(name.data()),
                            4, value.data(), static_cast<s64>(value.size())) == 0);
      inode.get()->flags = static_cast<FILE_ATTR_FLAGS>(static_cast<uint32_t>(inode.get()->flags) |
                                                        ntfs::file_attribute::kEncrypted);
    });
  });
  for (const Edit edit : kEdits) {
    const ByteVector bytes = after(made, edit);
    if (edit == Edit::kRemove) continue;
    ReaderOver reader(bytes);
    ntfs::Volume volume(reader);
    auto kept = volume.open(made.file).stream(ntfs::AttributeType::kLoggedUtilityStream, u"$EFS");
    REQUIRE(kept.has_value());
    CHECK(kept->read_bytes(0, kept->size_bytes()) == keys);
  }
}
