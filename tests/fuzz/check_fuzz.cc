// SPDX-License-Identifier: GPL-3.0-or-later
// The full check, and the check of each file, on a small volume whose records and blocks are the input. An
// input is $MFT, then an index block, then $AttrDef, without fixups, which are put on here so that changes
// get past them; what it does not reach is as in the healthy volume. Whatever it is, the check ends with a
// report or an error.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/check.h"
#include "tests/fuzz/seeds.h"
#include "tests/unit/ntfs/log_volume.h"

namespace {

using namespace mend;
using test::last_entry;
using test::LogVolume;
using test::non_resident_attribute;
using test::resident_attribute;

constexpr size_t kCluster = 4096, kClusters = 64, kRecord = 1024;
constexpr uint64_t kMft = 4, kMirror = 12, kLog = 14, kBlock = 15, kAttrDef = 16, kData = 17, kUpcase = 24;
constexpr uint64_t kRecords = 32, kUpcaseClusters = 32;
constexpr uint64_t kObjIdFile = 24, kReparseFile = 25, kQuotaFile = 26, kFolder = 27, kFile = 28,
                   kContinued = 29;
constexpr size_t kInputBytes = kRecords * kRecord + 2 * kCluster;

uint64_t reference(uint64_t record) {
  return record | (record == 5 ? uint64_t{5} : uint64_t{1}) << 48;
}

ByteVector name_value(uint64_t parent, std::u16string_view name, bool directory) {
  ByteVector value(0x42);
  write_le<uint64_t>(value, 0, reference(parent));
  write_le<uint32_t>(value, 0x38, directory ? 0x10000000 : 0);
  value[0x40] = static_cast<uint8_t>(name.size());
  value[0x41] = 3;
  const ByteVector units = utf16_to_le(std::u16string(name));
  value.insert(value.end(), units.begin(), units.end());
  return value;
}

ByteVector with_name(ByteVector attribute, std::u16string_view name) {
  const size_t room = align_up(2 * name.size(), 8);
  const ByteVector units = utf16_to_le(std::u16string(name));
  const size_t at = attribute[8] == 0 ? 0x18 : 0x40, offset = attribute[8] == 0 ? 0x14 : 0x20;
  attribute.insert(attribute.begin() + static_cast<ptrdiff_t>(at), room, uint8_t{0});
  std::copy(units.begin(), units.end(), attribute.begin() + static_cast<ptrdiff_t>(at));
  attribute[9] = static_cast<uint8_t>(name.size());
  write_le<uint16_t>(attribute, 0x0a, static_cast<uint16_t>(at));
  write_le<uint16_t>(attribute, offset, static_cast<uint16_t>(read_le<uint16_t>(attribute, offset) + room));
  write_le<uint32_t>(attribute, 4, static_cast<uint32_t>(attribute.size()));
  return attribute;
}

ByteVector entry(uint64_t head, const ByteVector& key, const ByteVector& data = {}) {
  ByteVector bytes(0x10);
  write_le<uint64_t>(bytes, 0, head);
  write_le<uint16_t>(bytes, 0x0a, static_cast<uint16_t>(key.size()));
  bytes.insert(bytes.end(), key.begin(), key.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  bytes.resize(align_up(bytes.size(), 8));
  write_le<uint16_t>(bytes, 8, static_cast<uint16_t>(bytes.size()));
  return bytes;
}
ByteVector view_entry(const ByteVector& key, const ByteVector& data) {
  return entry((0x10 + key.size()) | uint64_t{data.size()} << 16, key, data);
}

ByteVector numbers(std::initializer_list<std::pair<uint64_t, int>> fields) {
  ByteVector bytes;
  for (const auto& [value, width] : fields)
    for (int i = 0; i < width; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return bytes;
}

ByteVector index_root(uint32_t type, uint32_t collation, const std::vector<ByteVector>& entries,
                      bool children = false) {
  ByteVector value = test::index_root_value(entries);
  write_le<uint32_t>(value, 0, type);
  write_le<uint32_t>(value, 4, collation);
  value[0x1c] = children ? 1 : 0;
  return value;
}
ByteVector directory(const std::vector<ByteVector>& entries, bool children = false) {
  return with_name(resident_attribute(0x90, 9, index_root(0x30, 1, entries, children)), u"$I30");
}
ByteVector view(std::u16string_view name, uint16_t id, uint32_t collation,
                const std::vector<ByteVector>& entries) {
  return with_name(resident_attribute(0x90, id, index_root(0, collation, entries)), name);
}

ByteVector information(uint32_t security_id, uint32_t attributes = 0) {
  ByteVector value(0x48);
  write_le<uint32_t>(value, 0x20, attributes);
  write_le<uint32_t>(value, 0x30, 0x100);
  write_le<uint32_t>(value, 0x34, security_id);
  return resident_attribute(0x10, 0, value);
}

struct Image {
  ByteVector bytes = ByteVector(kClusters * kCluster);
  ByteVector input = ByteVector(kInputBytes);

  Image() {
    ByteVector boot(512);
    const char signature[] = "NTFS    ";
    std::copy_n(signature, 8, boot.begin() + 3);
    write_le<uint16_t>(boot, 0x0b, 512);
    boot[0x0d] = 8, boot[0x40] = 0xf6, boot[0x44] = 1;
    write_le<uint64_t>(boot, 0x28, kClusters * 8);
    write_le<uint64_t>(boot, 0x30, kMft);
    write_le<uint64_t>(boot, 0x38, kMirror);
    write_le<uint16_t>(boot, 0x1fe, 0xaa55);
    std::copy(boot.begin(), boot.end(), bytes.begin());
    for (size_t unit = 0; unit < 65536; ++unit)
      write_le<uint16_t>(bytes, kUpcase * kCluster + 2 * unit,
                         static_cast<uint16_t>(unit >= 'a' && unit <= 'z' ? unit - 0x20 : unit));
    system_records();
    extend_records();
    user_records();
    put_block();
    put_attribute_table();
  }

  void put(uint64_t number, uint16_t flags, const std::vector<ByteVector>& attributes, uint16_t links = 0,
           uint64_t base = 0) {
    ByteVector record = LogVolume::record(number, flags, attributes);
    write_le<uint16_t>(record, 0x10, number == 5 ? 5 : 1);
    write_le<uint16_t>(record, 0x12, links);
    write_le<uint64_t>(record, 0x20, base);
    std::copy(record.begin(), record.end(), input.begin() + static_cast<ptrdiff_t>(number * kRecord));
  }

  void system_records() {
    const auto file = [&](uint64_t number, uint8_t clusters, uint8_t lcn) {
      put(number, 1, {information(0), non_resident_attribute(0x80, 1, clusters, lcn)});
    };
    put(0, 1,
        {information(0), non_resident_attribute(0x80, 1, kRecords / 4, kMft),
         resident_attribute(0xb0, 2, numbers({{0xffffffff, 8}}))});
    file(1, 1, kMirror);
    file(2, 1, kLog);
    ByteVector version(12);
    version[8] = 3, version[9] = 1;
    put(3, 1, {information(0), resident_attribute(0x70, 1, version), resident_attribute(0x80, 2, {})});
    file(4, 1, kAttrDef);
    put(5, 3,
        {information(0),
         directory({entry(reference(kFolder), name_value(5, u"folder", true)), last_entry()})});
    // Clusters 0, 1, 4 to 12, 14 to 19, 24 to 55.
    put(6, 1, {information(0), resident_attribute(0x80, 1, numbers({{0x00ffffffff0fdff3, 8}}))});
    file(7, 2, 0);
    put(8, 1, {information(0), resident_attribute(0x80, 1, {})});
    const ByteVector descriptor(0x20, 1);
    const ByteVector place = numbers({{0xd3a6f3ab, 4}, {0x100, 4}, {0, 8}, {0x34, 4}});
    ByteVector head = place;
    set_hash(head, descriptor);
    ByteVector stream = head;
    stream.insert(stream.end(), descriptor.begin(), descriptor.end());
    const ByteVector hash(head.begin(), head.begin() + 4), id = numbers({{0x100, 4}});
    ByteVector both = hash;
    both.insert(both.end(), id.begin(), id.end());
    put(9, 9,
        {information(0), with_name(resident_attribute(0x80, 1, stream), u"$SDS"),
         view(u"$SDH", 2, 0x12, {view_entry(both, head), last_entry()}),
         view(u"$SII", 3, 0x10, {view_entry(id, head), last_entry()})});
    file(10, kUpcaseClusters, kUpcase);
    for (uint64_t number = 12; number < 24; ++number)
      put(number, 1, {information(0), resident_attribute(0x80, 1, {})});
  }

  static void set_hash(ByteVector& head, const ByteVector& descriptor) {
    uint32_t hash = 0;
    for (size_t at = 0; at < descriptor.size(); at += 4)
      hash = read_le<uint32_t>(descriptor, at) + (hash << 3 | hash >> 29);
    write_le<uint32_t>(head, 0, hash);
  }

  void extend_records() {
    const auto named = [&](uint64_t number, std::u16string_view name, const std::vector<ByteVector>& views) {
      std::vector<ByteVector> all{information(0),
                                  resident_attribute(0x30, 8, name_value(11, name, false), true)};
      all.insert(all.end(), views.begin(), views.end());
      put(number, 9, all, 1);
    };
    put(11, 3,
        {information(0),
         directory({entry(reference(kObjIdFile), name_value(11, u"$ObjId", false)),
                    entry(reference(kQuotaFile), name_value(11, u"$Quota", false)),
                    entry(reference(kReparseFile), name_value(11, u"$Reparse", false)), last_entry()})});
    ByteVector birth = numbers({{reference(kFile), 8}});
    birth.resize(0x38);
    named(kObjIdFile, u"$ObjId",
          {view(u"$O", 1, 0x13, {view_entry(ByteVector(16, 7), birth), last_entry()})});
    named(kReparseFile, u"$Reparse",
          {view(u"$R", 1, 0x13,
                {view_entry(numbers({{0x80000017, 4}, {reference(kFile), 8}}), {}), last_entry()})});
    const ByteVector sid = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    ByteVector control(0x30);
    control.insert(control.end(), sid.begin(), sid.end());
    const ByteVector owner = numbers({{0x100, 4}});
    named(kQuotaFile, u"$Quota",
          {view(u"$O", 1, 0x11, {view_entry(sid, owner), last_entry()}),
           view(u"$Q", 2, 0x10, {view_entry(owner, control), last_entry()})});
  }

  void user_records() {
    ByteVector end = last_entry();  // leads to the block
    end.resize(0x18);
    write_le<uint16_t>(end, 8, 0x18);
    end[0x0c] = 3;
    put(kFolder, 3,
        {information(0x100), resident_attribute(0x30, 1, name_value(5, u"folder", true), true),
         directory({end}, true), with_name(non_resident_attribute(0xa0, 2, 1, kBlock), u"$I30"),
         with_name(resident_attribute(0xb0, 3, numbers({{1, 8}})), u"$I30")},
        1);
    put(kFile, 1,
        {information(0x100, 0x400), resident_attribute(0x30, 1, name_value(kFolder, u"file", false), true),
         resident_attribute(0x40, 2, ByteVector(16, 7)), non_resident_attribute(0x80, 3, 2, kData),
         resident_attribute(0xc0, 4, numbers({{0x80000017, 4}, {0, 4}}))},
        1);
    const auto listed = [](uint32_t type, uint64_t record, uint16_t id) {
      ByteVector item = numbers({{type, 4}, {0x20, 2}, {0x1a00, 2}, {0, 8}, {reference(record), 8}, {id, 2}});
      item.resize(0x20);
      return item;
    };
    ByteVector list;
    for (const ByteVector& item :
         {listed(0x10, kContinued, 0), listed(0x30, kContinued, 1), listed(0x80, 30, 0)})
      list.insert(list.end(), item.begin(), item.end());
    put(kContinued, 1,
        {information(0x100), resident_attribute(0x20, 2, list),
         resident_attribute(0x30, 1, name_value(kFolder, u"much", false), true)},
        1);
    put(30, 1, {non_resident_attribute(0x80, 0, 1, kData + 2)}, 0, reference(kContinued));
    put(31, 1,
        {information(0), resident_attribute(0x30, 1, name_value(kFolder, u"none", false), true),
         resident_attribute(0x80, 2, {1, 2, 3})},
        1);
  }

  void put_block() {
    const ByteVector block =
        LogVolume::block(0, {entry(reference(kFile), name_value(kFolder, u"file", false)),
                             entry(reference(kContinued), name_value(kFolder, u"much", false)),
                             entry(reference(31), name_value(kFolder, u"none", false)), last_entry()});
    std::copy(block.begin(), block.end(), input.begin() + kRecords * kRecord);
  }

  void put_attribute_table() {
    size_t at = kRecords * kRecord + kCluster;
    for (uint32_t type = 0x10; type <= 0x100; type += 0x10, at += 160) {
      write_le<uint32_t>(input, at + 0x80, type);
      write_le<uint64_t>(input, at + 0x98, UINT64_MAX);
    }
  }

  // The volume with `wanted` in place of the first bytes of its own input.
  test::MemoryDevice volume(Bytes wanted) const {
    ByteVector all = input;
    std::copy_n(wanted.begin(), std::min(wanted.size(), all.size()), all.begin());
    ByteVector whole = bytes;
    const auto place = [&](size_t from, size_t length, uint64_t to, size_t array) {
      const Bytes piece = slice(Bytes(all), from, length);
      ByteVector copy(piece.begin(), piece.end());
      if (array != 0) LogVolume::protect(copy, array);
      std::copy(copy.begin(), copy.end(), whole.begin() + static_cast<ptrdiff_t>(to));
    };
    for (uint64_t number = 0; number < kRecords; ++number)
      for (const uint64_t start : {kMft, kMirror})
        if (start == kMft || number < 4)
          place(number * kRecord, kRecord, start * kCluster + number * kRecord, 0x30);
    place(kRecords * kRecord, kCluster, kBlock * kCluster, 0x28);
    place(kRecords * kRecord + kCluster, kCluster, kAttrDef * kCluster, 0);
    return test::MemoryDevice(std::move(whole));
  }
};

const Image& image() {
  static const Image made;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::MemoryDevice device = image().volume({data, size});
  try {
    ntfs::Volume volume(device);
    const ntfs::CheckReport report = ntfs::check_full(volume);
    if (report.findings.size() > ntfs::CheckReport::kMaximumFindings) std::abort();
    for (uint64_t record = 0; record < kRecords; ++record) (void)ntfs::check_file(volume, {record, 1});
  } catch (const Error&) {
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  // A volume with findings would explore less.
  MemoryDevice device = image().volume({});
  ntfs::Volume volume(device);
  const ntfs::CheckReport report = ntfs::check_full(volume);
  for (const ntfs::Finding& finding : report.findings) std::fprintf(stderr, "%s\n", finding.what.c_str());
  if (!report.clean() || report.entries != 7) std::abort();
  return {image().input};
}
