// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/check_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "ntfs/field.h"

namespace mend::ntfs {
namespace {

constexpr size_t kDefinitionBytes = 160;
constexpr uint32_t kNonResidentHeaderBytes = 0x40;
// Without these there is no file system.
constexpr AttributeType kNeeded[] = {AttributeType::kStandardInformation,
                                     AttributeType::kAttributeList,
                                     AttributeType::kFileName,
                                     AttributeType::kData,
                                     AttributeType::kIndexRoot,
                                     AttributeType::kIndexAllocation,
                                     AttributeType::kBitmap};

uint32_t number(AttributeType type) {
  return static_cast<uint32_t>(type);
}

}  // namespace

AttributeTable::AttributeTable(Bytes content, const TellRule& tell) {
  uint32_t last = 0;
  for (size_t at = 0; fits(at, kDefinitionBytes, content.size()); at += kDefinitionBytes) {
    const Struct<kDefinitionBytes> entry(content, at);
    const uint32_t type = entry.get<uint32_t, 0x80>();
    if (type == 0) break;
    if (type <= last) {
      tell("does not list the types of attributes in their order");
      return;
    }
    last = type;
    if (type % kStep != 0 || type / kStep >= kTypes) continue;
    definitions_[type / kStep] = {static_cast<AttributeType>(type), entry.get<uint32_t, 0x8c>(),
                                  entry.get<uint64_t, 0x90>(), entry.get<uint64_t, 0x98>()};
  }
  for (const AttributeType type : kNeeded)
    if (find(type) == nullptr) {
      tell(fmt::format("does not define attributes of type 0x{:x}", number(type)));
      return;
    }
  known_ = true;
}

const AttributeTable::Definition* AttributeTable::find(AttributeType type) const {
  const uint32_t at = number(type) / kStep;
  if (at >= kTypes || definitions_[at].type != type) return nullptr;
  return &definitions_[at];
}

void RecordRules::see(const Attribute& attribute) {
  check_order(attribute);
  check_number(attribute);
  check_form(attribute);
  first_ = false;
  type_ = attribute.type;
  name_le_ = attribute.name_le;
  resident_ = attribute.resident;
  lowest_vcn_ = attribute.lowest_vcn;
}

// By type, then by name; only file names and the extents of one attribute follow each other as equals.
void RecordRules::check_order(const Attribute& attribute) {
  if (first_ || attribute.type > type_) return;
  const int order = attribute.type < type_ ? 1 : upcase_.compare_le(name_le_, attribute.name_le);
  if (order > 0) {
    tell_(fmt::format("has its attributes of type 0x{:x} and 0x{:x} out of order", number(type_),
                      number(attribute.type)));
    return;
  }
  if (attribute.type == AttributeType::kFileName || order != 0 || !equal(name_le_, attribute.name_le)) return;
  if (!resident_ && !attribute.resident && lowest_vcn_ < attribute.lowest_vcn) return;
  tell_(fmt::format("has two attributes of type 0x{:x} with one name", number(attribute.type)));
}

void RecordRules::check_number(const Attribute& attribute) {
  const auto end = numbers_.begin() + static_cast<ptrdiff_t>(number_count_);
  if (std::find(numbers_.begin(), end, attribute.instance) != end)
    tell_(fmt::format("has two attributes with the number {}", attribute.instance));
  else if (number_count_ < numbers_.size())
    numbers_[number_count_++] = attribute.instance;
}

void RecordRules::check_form(const Attribute& attribute) {
  if (!attribute.name_le.empty()) {
    const auto name_end =
        static_cast<size_t>(attribute.name_le.data() - attribute.whole.data()) + attribute.name_le.size();
    const Bytes after = attribute.resident ? attribute.value : attribute.mapping_pairs;
    const size_t name_start = name_end - attribute.name_le.size();
    const bool in_header = !attribute.resident && name_start < kNonResidentHeaderBytes;
    if (in_header || (!after.empty() && after.data() < attribute.whole.data() + name_end))
      tell_(fmt::format("has an attribute of type 0x{:x} whose name lies over its content",
                        number(attribute.type)));
  }
  if (table_.empty()) return;
  const AttributeTable::Definition* definition = table_.find(attribute.type);
  if (definition == nullptr) {
    tell_(
        fmt::format("has an attribute of type 0x{:x}, which $AttrDef does not know", number(attribute.type)));
    return;
  }
  if ((definition->flags & AttributeTable::Definition::kResident) != 0 && !attribute.resident)
    tell_(fmt::format("has an attribute of type 0x{:x} in clusters, which belongs into the record",
                      number(attribute.type)));
  // Volumes without a label have an empty $VOLUME_NAME, whatever its least size.
  const uint64_t bytes = attribute.resident ? attribute.value.size() : attribute.data_bytes;
  const bool sized = attribute.resident || attribute.lowest_vcn == 0;
  const bool too_small = bytes < definition->least_bytes && bytes != 0;
  if (sized && (too_small || bytes > definition->greatest_bytes))
    tell_(fmt::format("has an attribute of type 0x{:x} with {} bytes, not {} to {}", number(attribute.type),
                      bytes, definition->least_bytes, definition->greatest_bytes));
}

StandardInformation StandardInformation::parse(Bytes value) {
  StandardInformation information;
  information.attributes = read_le<uint32_t>(value, 0x20);
  if (value.size() < 0x48) return information;
  information.owner_id = read_le<uint32_t>(value, 0x30);
  information.security_id = read_le<uint32_t>(value, 0x34);
  return information;
}

bool names_pair(const std::vector<NameOf>& names) {
  return std::all_of(names.begin(), names.end(), [&](const NameOf& name) {
    if (name.name_space != NameSpace::kDos) return true;
    const auto count = [&](NameSpace wanted) {
      return std::count_if(names.begin(), names.end(), [&](const NameOf& other) {
        return other.parent == name.parent && other.name_space == wanted;
      });
    };
    return count(NameSpace::kDos) <= count(NameSpace::kWin32);
  });
}

void FileShape::see(const Attribute& attribute) {
  if (attribute.type == AttributeType::kStandardInformation) {
    has_information = true;
    const uint32_t attributes = attribute.value.size() < 0x24 ? 0 : read_le<uint32_t>(attribute.value, 0x20);
    reparse_flag = (attributes & file_attribute::kReparsePoint) != 0;
  } else if (attribute.type == AttributeType::kIndexRoot) {
    directory_index = directory_index || attribute.is_named(u"$I30");
  } else if (attribute.type == AttributeType::kReparsePoint) {
    reparse_point = true;
  }
}

void FileShape::check(const TellRule& tell) const {
  if (!has_information) tell("has no $STANDARD_INFORMATION");
  if (directory_flag && !directory_index) tell("is a folder without an index");
  if (!directory_flag && directory_index) tell("has the index of a folder and is none");
  if (has_information && reparse_flag && !reparse_point)
    tell("says that it is a reparse point and has no reparse data");
  if (has_information && !reparse_flag && reparse_point)
    tell("has reparse data and does not say that it is a reparse point");
}

}  // namespace mend::ntfs
