// SPDX-License-Identifier: GPL-3.0-or-later
// Every kind of file a repair may meet, and a volume with one of them among others.
#pragma once

#include "tests/unit/ntfs3g/image.h"

namespace mend::test {

struct KindOfFile {
  std::string what;
  std::u16string name;  // the one that is acted upon
  // Makes it in `directory`; `elsewhere` is a second directory.
  std::function<MftReference(Filler&, MftReference directory, MftReference elsewhere)> make;
  std::vector<std::string> other_names;  // that stay when `name` goes, as paths
};

inline const std::u16string kPlainName = u"C-00000291-a.sys";

inline std::vector<KindOfFile> kinds_by_content() {
  using namespace ntfs::file_attribute;
  const std::u16string plain = kPlainName;
  ByteVector small = pattern(100, 1), large = pattern(70000, 2), text(90000);
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<uint8_t>("all work and no play "[i % 21]);
  return {
      {"empty", plain, [=](Filler& f, auto dir, auto) { return f.make(dir, plain, {}); }, {}},
      {"resident", plain, [=](Filler& f, auto dir, auto) { return f.make(dir, plain, small); }, {}},
      {"in clusters", plain, [=](Filler& f, auto dir, auto) { return f.make(dir, plain, large); }, {}},
      {"read-only, hidden, system",
       plain,
       [=](Filler& f, auto dir, auto) {
         return f.make(dir, plain, large, {.attributes = kReadOnly | kHidden | kSystem});
       },
       {}},
      {"compressed",
       plain,
       [=](Filler& f, auto dir, auto) { return f.make(dir, plain, text, {.compressed = true}); },
       {}},
      {"sparse",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, {});
         f.sparse(file, 1 << 20, small);
         return file;
       },
       {}},
  };
}

inline std::vector<KindOfFile> kinds_by_links() {
  const std::u16string plain = kPlainName;
  ByteVector small = pattern(100, 1), large = pattern(70000, 2);
  return {
      {"with a DOS name",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, large);
         f.pair(file, dir, plain, u"C-0000~1.SYS");
         return file;
       },
       {}},
      {"Win32 and DOS in one",
       u"SHORT.SYS",
       [=](Filler& f, auto dir, auto) {
         return f.make(dir, u"SHORT.SYS", large, {.name_space = NameSpace::kWin32AndDos});
       },
       {}},
      {"a Win32 name without a DOS name",
       plain,
       [=](Filler& f, auto dir, auto) {
         return f.make(dir, plain, large, {.name_space = NameSpace::kWin32});
       },
       {}},
      {"with a hard link in another directory",
       plain,
       [=](Filler& f, auto dir, auto elsewhere) {
         MftReference file = f.make(dir, plain, large);
         f.link(file, elsewhere, u"component.sys", NameSpace::kPosix);
         return file;
       },
       {"\\elsewhere\\component.sys"}},
      {"with a DOS name, and a pair of names in another directory",
       plain,
       [=](Filler& f, auto dir, auto elsewhere) {
         MftReference file = f.make(dir, plain, large);
         f.pair(file, dir, plain, u"C-0000~1.SYS");
         f.link(file, elsewhere, u"a component with a long name.sys", NameSpace::kWin32);
         f.link(file, elsewhere, u"ACOMPO~1.SYS", NameSpace::kDos);
         return file;
       },
       {"\\elsewhere\\a component with a long name.sys", "\\elsewhere\\ACOMPO~1.SYS (DOS)"}},
      {"a Win32 name whose only DOS name is elsewhere",
       plain,
       [=](Filler& f, auto dir, auto elsewhere) {
         MftReference file = f.make(dir, plain, large, {.name_space = NameSpace::kWin32});
         f.link(file, elsewhere, u"a component with a long name.sys", NameSpace::kWin32);
         f.link(file, elsewhere, u"ACOMPO~1.SYS", NameSpace::kDos);
         return file;
       },
       {"\\elsewhere\\a component with a long name.sys", "\\elsewhere\\ACOMPO~1.SYS (DOS)"}},
      {"with a hard link beside it",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, small);
         f.link(file, dir, u"beside it.sys", NameSpace::kPosix);
         return file;
       },
       {"\\folder\\beside it.sys"}},
  };
}

inline std::vector<KindOfFile> kinds_by_attributes() {
  const std::u16string plain = kPlainName;
  ByteVector id = pattern(16, 99), small = pattern(100, 1), large = pattern(70000, 2);
  return {
      {"with streams",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, small);
         f.stream(file, u"Zone.Identifier", pattern(26, 3));
         f.stream(file, u"big", large);
         return file;
       },
       {}},
      {"with extension records",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, large);
         f.spread(file, 40);
         f.pair(file, dir, plain, u"C-0000~1.SYS");
         return file;
       },
       {}},
      {"with an attribute list outside its record",
       plain,
       [=](Filler& f, auto dir, auto elsewhere) {
         MftReference file = f.make(dir, plain, large);
         f.spread(file, 150);
         f.link(file, elsewhere, u"many.sys", NameSpace::kPosix);
         return file;
       },
       {"\\elsewhere\\many.sys"}},
      {"with a full record",
       plain,
       [=](Filler& f, auto dir, auto) { return f.make(dir, plain, pattern(640, 4)); },
       {}},
      {"compressed by CompactOS",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, {});
         f.sparse(file, 1 << 17, {});
         f.stream(file, u"WofCompressedData", pattern(9000, 5));
         ByteVector wof(16);
         wof[0] = 1, wof[4] = 2, wof[8] = 1;
         f.reparse(file, ntfs::kReparseTagWof, wof);
         return file;
       },
       {}},
      {"with an object ID",
       plain,
       [=](Filler& f, auto dir, auto) {
         MftReference file = f.make(dir, plain, large);
         f.object_id(file, id);
         return file;
       },
       {}},
  };
}

inline std::vector<KindOfFile> kinds_by_name() {
  ByteVector large = pattern(70000, 2);
  return {
      {"named in Greek and Chinese",
       u"αρχείο 文件.sys",
       [=](Filler& f, auto dir, auto) { return f.make(dir, u"αρχείο 文件.sys", large); },
       {}},
      {"named with an unpaired surrogate",
       std::u16string(u"odd ") + char16_t(0xd800) + u".sys",
       [=](Filler& f, auto dir, auto) {
         return f.make(dir, std::u16string(u"odd ") + char16_t(0xd800) + u".sys", large);
       },
       {}},
      {"named with 255 units",
       std::u16string(255, u'n'),
       [=](Filler& f, auto dir, auto) { return f.make(dir, std::u16string(255, u'n'), large); },
       {}},
      {"an empty directory",
       u"empty folder",
       [=](Filler& f, auto dir, auto) { return f.make_directory(dir, u"empty folder"); },
       {}},
  };
}

inline std::vector<KindOfFile> kinds_of_file() {
  std::vector<KindOfFile> all;
  for (const auto& kinds : {kinds_by_content(), kinds_by_links(), kinds_by_attributes(), kinds_by_name()})
    all.insert(all.end(), kinds.begin(), kinds.end());
  return all;
}

struct Prepared {
  ByteVector bytes;
  MftReference folder, elsewhere, file;
};

// \folder with the file among `neighbours` others, \elsewhere, and some files at the root.
inline Prepared prepare(const KindOfFile& kind, const ByteVector& empty_volume, size_t neighbours = 30) {
  MemoryDevice device(empty_volume);
  Prepared prepared;
  Filler filler(device);
  prepared.folder = filler.make_directory(ntfs::kRootDirectory, u"folder");
  prepared.elsewhere = filler.make_directory(ntfs::kRootDirectory, u"elsewhere");
  for (size_t i = 0; i < neighbours; ++i)
    filler.make(prepared.folder, to_utf16("C-00000" + std::to_string(270 + i) + "-neighbour.sys"),
                pattern(i * 300, static_cast<uint32_t>(i)));
  prepared.file = kind.make(filler, prepared.folder, prepared.elsewhere);
  filler.close();
  prepared.bytes = std::move(device.bytes);
  return prepared;
}

}  // namespace mend::test
