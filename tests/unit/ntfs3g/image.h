// SPDX-License-Identifier: GPL-3.0-or-later
// An NTFS volume in memory: made by mkntfs, filled through libntfs-3g with every kind of file a repair may
// meet, and judged afterwards by programs that are not ours.
#pragma once

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>

#include "base/text.h"
#include "ntfs/check.h"
#include "ntfs/volume.h"
#include "ntfs3g/edit.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"

extern "C" {
#include <ntfs-3g/object_id.h>
#include <ntfs-3g/reparse.h>
}

namespace mend::test {

using ntfs::MftReference;
using ntfs::NameSpace;
using ntfs3g::Inode;
using ntfs3g::Mount;

// A file in the folder for temporary files that goes with the object.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mend-ntfs-XXXXXX").string();
    int fd = ::mkstemp(pattern.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    path_ = pattern;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Output {
  int status;
  std::string text;  // both streams
};
inline Output run_program(const std::string& command) {
  Output output{-1, {}};
  std::FILE* pipe = ::popen(
      ("PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8; export LC_ALL; " + command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  while (size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.text.append(buffer.data(), n);
  output.status = ::pclose(pipe);
  return output;
}

struct Format {
  uint64_t size_bytes = 24 << 20;
  uint32_t cluster_bytes = 4096;
  uint32_t sector_bytes = 512;
};

inline ByteVector format_volume(const Format& format = {}) {
  TemporaryFile file;
  std::filesystem::resize_file(file.path(), format.size_bytes);
  Output made =
      run_program("mkntfs -F -Q -q -s " + std::to_string(format.sector_bytes) + " -c " +
                  std::to_string(format.cluster_bytes) + " -p 0 -H 255 -S 63 -L Test " + file.path());
  INFO(made.text);
  REQUIRE(made.status == 0);
  std::ifstream in(file.path(), std::ios::binary);
  return ByteVector(std::istreambuf_iterator<char>(in), {});
}

inline ByteVector pattern(size_t size, uint32_t seed) {
  std::mt19937 generator(seed);
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
  return bytes;
}

// Fills a volume. All names are given as they shall be; nothing is checked.
class Filler {
 public:
  explicit Filler(block::BlockDevice& device) : mount_(device) {}
  void close() { mount_.close(); }
  Mount& mount() { return mount_; }

  struct Kind {
    bool compressed = false, directory = false;
    uint32_t attributes = 0;  // ntfs::file_attribute
    NameSpace name_space = NameSpace::kPosix;
  };
  MftReference make(MftReference parent, std::u16string_view name, Bytes content, Kind kind) {
    Inode directory(mount_, parent);
    set_attributes(directory, kind.compressed ? ntfs::file_attribute::kCompressed : 0);
    ByteVector units = utf16_to_le(name);
    ntfs_inode* inode =
        ntfs_create(directory.get(), const_cpu_to_le32(0), reinterpret_cast<ntfschar*>(units.data()),
                    static_cast<u8>(name.size()), kind.directory ? S_IFDIR : S_IFREG);
    if (kind.compressed) clear_attributes(directory, ntfs::file_attribute::kCompressed);
    REQUIRE(inode != nullptr);
    Inode file(mount_, inode);
    set_attributes(file, kind.attributes);
    if (!content.empty()) write(file, u"", content);
    MftReference reference = file.reference();
    // The size in the directory's entry, and the flags.
    ntfs3g::set_state(inode->state, NI_FileNameDirty);
    file.mark_dirty();
    REQUIRE(ntfs_inode_close_in_dir(inode, directory.get()) == 0);
    file.forget();
    directory.mark_dirty();
    directory.close();
    if (kind.name_space != NameSpace::kPosix) set_name_space(reference, parent, name, kind.name_space);
    return reference;
  }
  MftReference make(MftReference parent, std::u16string_view name, Bytes content) {
    return make(parent, name, content, Kind());
  }
  MftReference make_directory(MftReference parent, std::u16string_view name) {
    return make(parent, name, {}, Kind{.directory = true});
  }

  // Rewrites the name space byte in the record and in the index.
  void set_name_space(MftReference reference, MftReference parent, std::u16string_view name, NameSpace ns) {
    Inode directory(mount_, parent), file(mount_, reference);
    std::vector<ntfs3g::Name> names = names_of(mount_, file);
    for (const ntfs3g::Name& old : names) {
      if (old.parent != parent || old.text != name) continue;
      ByteVector in_index = find_entry(mount_, directory, name)->value, in_record = old.value;
      in_index[0x41] = in_record[0x41] = static_cast<uint8_t>(ns);
      remove_entry(mount_, directory, name);
      remove_name(mount_, file, old);
      add_entry(mount_, directory, in_index, reference);
      add_name(mount_, file, in_record);
    }
    file.close();
    directory.close();
  }
  void link(MftReference reference, MftReference parent, std::u16string_view name, NameSpace ns) {
    Inode directory(mount_, parent), file(mount_, reference);
    ByteVector value = ntfs3g::make_name(names_of(mount_, file).front().value, parent, name);
    value[0x41] = static_cast<uint8_t>(ns);
    add_entry(mount_, directory, value, reference);
    add_name(mount_, file, value);
    file.close();
    directory.close();
  }
  // `name` becomes a Win32 name, with `dos` beside it.
  void pair(MftReference reference, MftReference parent, std::u16string_view name, std::u16string_view dos) {
    set_name_space(reference, parent, name, NameSpace::kWin32);
    link(reference, parent, dos, NameSpace::kDos);
  }

  void stream(MftReference reference, std::u16string_view name, Bytes content) {
    with(reference, [&](Inode& file) {
      ByteVector units = utf16_to_le(name);
      REQUIRE(ntfs_attr_add(file.get(), AT_DATA, reinterpret_cast<ntfschar*>(units.data()),
                            static_cast<u8>(name.size()), nullptr, 0) == 0);
      write(file, name, content);
    });
  }
  // Content at the end of a hole.
  void sparse(MftReference reference, uint64_t size, Bytes tail) {
    with(reference, [&](Inode& file) {
      ntfs_attr* data = ntfs_attr_open(file.get(), AT_DATA, AT_UNNAMED, 0);
      REQUIRE(data != nullptr);
      REQUIRE(ntfs_attr_truncate(data, static_cast<s64>(size)) == 0);
      s64 at = static_cast<s64>(size - tail.size());
      if (!tail.empty())
        REQUIRE(ntfs_attr_pwrite(data, at, static_cast<s64>(tail.size()), tail.data()) ==
                static_cast<s64>(tail.size()));
      ntfs_attr_close(data);
    });
  }
  void reparse(MftReference reference, uint32_t tag, Bytes data) {
    ByteVector value(8 + data.size());
    write_le<uint32_t>(value, 0, tag);
    write_le<uint16_t>(value, 4, static_cast<uint16_t>(data.size()));
    std::copy(data.begin(), data.end(), value.begin() + 8);
    with(reference, [&](Inode& file) {
      REQUIRE(ntfs_set_ntfs_reparse_data(file.get(), reinterpret_cast<char*>(value.data()), value.size(),
                                         0) == 0);
      set_attributes(file, ntfs::file_attribute::kReparsePoint);
      ntfs3g::set_state(file.get()->state, NI_FileNameDirty);
      file.mark_dirty();
      REQUIRE(ntfs_inode_sync(file.get()) == 0);
    });
  }
  void object_id(MftReference reference, Bytes id) {
    with(reference, [&](Inode& file) {
      REQUIRE(ntfs_set_ntfs_object_id(file.get(), reinterpret_cast<const char*>(id.data()), id.size(), 0) ==
              0);
    });
  }
  // A change journal as Windows leaves it: `hole` bytes given back at its head, `content` (records), and
  // clusters for `spare` bytes allocated behind its end. Returns the file.
  MftReference change_journal(uint64_t hole, Bytes content, uint64_t spare) {
    const MftReference extend = Inode(mount_, ntfs::system_record::kExtend).reference();
    const MftReference journal = make(extend, u"$UsnJrnl", {});
    ByteVector limits(32);
    write_le<uint64_t>(limits, 0x00, 32 << 20);
    write_le<uint64_t>(limits, 0x08, 8 << 20);
    write_le<uint64_t>(limits, 0x10, 133'000'000'000'000'000);
    stream(journal, u"$Max", limits);
    ByteVector name = utf16_to_le(u"$J");
    auto* units = reinterpret_cast<ntfschar*>(name.data());
    with(journal, [&](Inode& file) {
      const int at = ntfs_non_resident_attr_record_add(file.get(), AT_DATA, units, 2, 0, 8, ATTR_IS_SPARSE);
      REQUIRE(at >= 0);
      auto* record = reinterpret_cast<ATTR_RECORD*>(reinterpret_cast<uint8_t*>(file.get()->mrec) + at);
      std::fill(std::begin(record->reserved1), std::end(record->reserved1), uint8_t{0});
      ntfs_attr* data = ntfs_attr_open(file.get(), AT_DATA, units, 2);
      REQUIRE(data != nullptr);
      if (hole != 0) REQUIRE(ntfs_attr_truncate(data, static_cast<s64>(hole)) == 0);
      ByteVector all(content.begin(), content.end());
      all.resize(content.size() + static_cast<size_t>(spare));
      for (size_t done = 0; done < all.size();) {
        const s64 now = ntfs_attr_pwrite(data, static_cast<s64>(hole + done),
                                         static_cast<s64>(all.size() - done), all.data() + done);
        REQUIRE(now > 0);
        done += static_cast<size_t>(now);
      }
      ntfs_attr_close(data);
    });
    with(journal, [&](Inode& file) {
      ntfs_attr_search_ctx* search = ntfs_attr_get_search_ctx(file.get(), nullptr);
      REQUIRE(ntfs_attr_lookup(AT_DATA, units, 2, CASE_SENSITIVE, 0, nullptr, 0, search) == 0);
      search->attr->data_size = static_cast<sle64>(cpu_to_le64(hole + content.size()));
      search->attr->initialized_size = search->attr->data_size;
      ntfs_attr_put_search_ctx(search);
    });
    return journal;
  }
  // Content and streams enough that the file needs extension records and an attribute list; `streams` above
  // about 100 push the list itself out of the record.
  void spread(MftReference reference, size_t streams) {
    for (size_t i = 0; i < streams; ++i)
      stream(reference, to_utf16("stream-" + std::to_string(i)),
             pattern(i % 7 == 0 ? 5000 : 90, static_cast<uint32_t>(i)));
  }

  template <typename Use>
  void with(MftReference reference, Use&& use) {
    Inode file(mount_, reference);
    use(file);
    file.mark_dirty();
    file.close();
  }

 private:
  static void set_attributes(Inode& file, uint32_t flags) {
    file.get()->flags = static_cast<FILE_ATTR_FLAGS>(static_cast<uint32_t>(file.get()->flags) | flags);
  }
  static void clear_attributes(Inode& file, uint32_t flags) {
    file.get()->flags = static_cast<FILE_ATTR_FLAGS>(static_cast<uint32_t>(file.get()->flags) & ~flags);
  }
  void write(Inode& file, std::u16string_view stream, Bytes content) {
    ByteVector units = utf16_to_le(stream);
    ntfs_attr* data = ntfs_attr_open(file.get(), AT_DATA,
                                     stream.empty() ? AT_UNNAMED : reinterpret_cast<ntfschar*>(units.data()),
                                     static_cast<u32>(stream.size()));
    REQUIRE(data != nullptr);
    for (size_t at = 0; at < content.size();) {
      size_t length = std::min<size_t>(content.size() - at, 1 << 16);
      s64 done = ntfs_attr_pwrite(data, static_cast<s64>(at), static_cast<s64>(length), content.data() + at);
      REQUIRE(done > 0);
      at += static_cast<size_t>(done);
    }
    REQUIRE(ntfs_attr_pclose(data) == 0);
    ntfs_attr_close(data);
  }

  Mount mount_;
};

// Path → hash of everything a user sees of a file: content, streams, times but that of the record's change,
// attributes. Hard links appear under each name; DOS names too.
inline std::map<std::string, size_t> snapshot(block::BlockReader& device) {
  ntfs::Volume volume(device);
  std::map<std::string, size_t> result;
  std::function<void(MftReference, const std::string&)> walk = [&](MftReference directory,
                                                                   const std::string& path) {
    std::vector<ntfs::DirectoryEntry> entries;
    volume.for_each_entry(directory, [&](const ntfs::EntryView& entry) {
      entries.push_back(entry.to_entry());
      return true;
    });
    for (const ntfs::DirectoryEntry& entry : entries) {
      if (entry.reference.record < 24) continue;
      ntfs::FileInfo info = volume.stat(entry.reference);
      std::string all = std::to_string(info.attributes) + "," + std::to_string(to_filetime(info.created)) +
                        "," + std::to_string(info.reparse_tag) + "," + std::to_string(entry.reparse_tag);
      if (!info.is_directory) {
        all += "," + std::to_string(to_filetime(info.modified)) + "," + std::to_string(info.size_bytes);
        if (info.reparse_tag == 0) all += as_text(volume.read_file(entry.reference));
        for (const std::u16string& stream : info.streams)
          all += to_utf8(stream) + std::string(as_text(volume.read_file(entry.reference, stream)));
      }
      std::string name =
          path + "\\" + to_utf8(entry.name) + (entry.name_space == NameSpace::kDos ? " (DOS)" : "");
      result[name] = std::hash<std::string>()(all);
      if (info.is_directory && entry.name_space != NameSpace::kDos) walk(entry.reference, name);
    }
  };
  walk(ntfs::kRootDirectory, "");
  return result;
}

// libfsntfs 20200921 loses its way in a directory whose index blocks are larger than a cluster, whoever wrote
// it.
enum class Libfsntfs { kAsk, kLeaveOut };

// Programs that are not ours, and our own full check, find nothing wrong.
inline void judge(const ByteVector& bytes, Libfsntfs libfsntfs = Libfsntfs::kAsk) {
  MemoryDevice device(bytes);
  ntfs::Volume volume(device);
  ntfs::CheckReport report = ntfs::check_full(volume);
  for (const ntfs::Finding& finding : report.findings) UNSCOPED_INFO(finding.what);
  CHECK(report.clean());
  if (!need_program("ntfsresize") || !need_program("fsntfsinfo")) return;
  TemporaryFile file;
  std::ofstream(file.path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  Output resize = run_program("ntfsresize -i -f " + file.path());
  INFO(resize.text);
  CHECK(resize.status == 0);
  CHECK(resize.text.find("ERROR") == std::string::npos);
  if (libfsntfs == Libfsntfs::kLeaveOut) return;
  Output info = run_program("fsntfsinfo -H " + file.path());
  INFO(info.text);
  CHECK(info.status == 0);
}

}  // namespace mend::test
