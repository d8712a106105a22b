// SPDX-License-Identifier: GPL-3.0-or-later
// The builder's view indexes, and what the files that stand in them have.
#include <algorithm>

#include "ntfs/index.h"
#include "tests/support/catch.h"
#include "tests/unit/ntfs/builder.h"

namespace mend::test {

using namespace ntfs;

uint64_t VolumeBuilder::extend_record(std::u16string_view name) {
  const MftReference extend = volume().read_record(system_record::kExtend)->reference();
  return volume().find(extend, name).value().reference.record;
}

void VolumeBuilder::edit_view(uint64_t number, std::u16string_view index,
                              const std::function<void(std::vector<ViewEntry>&)>& change) {
  constexpr size_t kRootHeader = 0x10, kNodeHeader = 0x10, kEntryHeader = 0x10;
  std::vector<ViewEntry> entries;
  ByteVector head;
  {
    const File file = volume().open_record(number);
    const Attribute* root = file.find(AttributeType::kIndexRoot, index);
    REQUIRE(root != nullptr);
    head.assign(root->value.begin(), root->value.begin() + kRootHeader);
    NodeView node(root->value.subspan(kRootHeader), true);
    for (IndexEntry entry; node.next(entry);) {
      REQUIRE_FALSE(entry.has_child());
      if (entry.is_last()) break;
      entries.push_back({{entry.key.begin(), entry.key.end()}, {entry.data.begin(), entry.data.end()}});
    }
  }
  change(entries);
  ByteVector node(kNodeHeader, 0);
  for (const ViewEntry& entry : entries) {
    ByteVector bytes(kEntryHeader, 0);
    const size_t data_at = kEntryHeader + entry.key.size();
    write_le<uint16_t>(bytes, 0x00, static_cast<uint16_t>(data_at));
    write_le<uint16_t>(bytes, 0x02, static_cast<uint16_t>(entry.data.size()));
    write_le<uint16_t>(bytes, 0x08, static_cast<uint16_t>(align_up(data_at + entry.data.size(), 8)));
    write_le<uint16_t>(bytes, 0x0a, static_cast<uint16_t>(entry.key.size()));
    bytes.insert(bytes.end(), entry.key.begin(), entry.key.end());
    bytes.insert(bytes.end(), entry.data.begin(), entry.data.end());
    bytes.resize(align_up(bytes.size(), 8));
    node.insert(node.end(), bytes.begin(), bytes.end());
  }
  ByteVector end(kEntryHeader, 0);
  end[0x08] = kEntryHeader, end[0x0c] = 2;
  node.insert(node.end(), end.begin(), end.end());
  node[0] = kNodeHeader;
  write_le<uint32_t>(node, 4, static_cast<uint32_t>(node.size()));
  write_le<uint32_t>(node, 8, static_cast<uint32_t>(node.size()));
  head.insert(head.end(), node.begin(), node.end());
  replace_attribute(number,
                    {.type = AttributeType::kIndexRoot, .name = std::u16string(index), .value = head});
}

void VolumeBuilder::add_reparse_point(MftReference file, uint32_t tag) {
  ByteVector point(8, 0), key(12, 0);
  write_le<uint32_t>(point, 0, tag);
  insert_attribute(file.record, {.type = AttributeType::kReparsePoint, .value = point});
  ByteVector bytes = record(file.record);
  const size_t information = read_le<uint16_t>(bytes, 0x14) + size_t{0x18};
  write_le<uint32_t>(bytes, information + 0x20,
                     read_le<uint32_t>(bytes, information + 0x20) | file_attribute::kReparsePoint);
  store_record(file.record, std::move(bytes));
  write_le<uint32_t>(key, 0, tag);
  write_le<uint64_t>(key, 4, file.pack());
  edit_view(extend_record(u"$Reparse"), u"$R", [&](std::vector<ViewEntry>& entries) {
    entries.push_back({key, {}});
    std::sort(entries.begin(), entries.end(), [](const ViewEntry& a, const ViewEntry& b) {
      return collate_key(Collation::kUlongs, a.key, b.key) < 0;
    });
  });
}

void VolumeBuilder::add_object_id(MftReference file, const ByteVector& id) {
  insert_attribute(file.record, {.type = AttributeType::kObjectId, .value = id});
  ByteVector data(0x38, 0);
  write_le<uint64_t>(data, 0, file.pack());
  edit_view(extend_record(u"$ObjId"), u"$O", [&](std::vector<ViewEntry>& entries) {
    entries.push_back({id, data});
    std::sort(entries.begin(), entries.end(), [](const ViewEntry& a, const ViewEntry& b) {
      return collate_key(Collation::kUlongs, a.key, b.key) < 0;
    });
  });
}

}  // namespace mend::test
