// SPDX-License-Identifier: GPL-3.0-or-later
// What holds of the attributes of one MFT record, and of one file's names, by themselves: order, numbers,
// the bounds that $AttrDef gives each type. Used by the full check and by the check of one file.
//
// Invariants
//   NC-1 (check.h) holds here too: each rule is one that every volume Windows wrote keeps.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "ntfs/file.h"
#include "ntfs/upcase.h"

namespace mend::ntfs {

// Told about each broken rule: one sentence without its subject, such as "has two attributes with the number
// 3".
using TellRule = std::function<void(std::string)>;

// $AttrDef: which types of attributes there are. An entry is 160 bytes: +0x00 name, +0x80 type, +0x84 display
// rule, +0x88 collation, +0x8C flags, +0x90 least and +0x98 greatest size of a value in bytes; a type of 0
// ends the table.
class AttributeTable {
 public:
  struct Definition {
    static constexpr uint32_t kIndexable = 0x02, kResident = 0x40;  // flags
    AttributeType type = AttributeType::kEnd;
    uint32_t flags = 0;
    uint64_t least_bytes = 0, greatest_bytes = 0;
  };

  AttributeTable() = default;  // knows nothing and so objects to nothing
  // `content`: of $AttrDef's data. What is wrong with it goes to `tell`; a table with faults knows nothing.
  AttributeTable(Bytes content, const TellRule& tell);
  bool empty() const { return !known_; }
  const Definition* find(AttributeType type) const;

 private:
  // Types are multiples of 16, up to 100 on every volume; of others the table is not asked.
  static constexpr uint32_t kStep = 0x10, kTypes = 0x20;
  std::array<Definition, kTypes> definitions_{};  // by type / kStep
  bool known_ = false;
};

// The attributes of one record in the order in which they stand there.
class RecordRules {
 public:
  RecordRules(const AttributeTable& table, const Upcase& upcase, const TellRule& tell)
      : table_(table), upcase_(upcase), tell_(tell) {}
  void see(const Attribute& attribute);

 private:
  void check_order(const Attribute& attribute);
  void check_number(const Attribute& attribute);
  void check_form(const Attribute& attribute);

  const AttributeTable& table_;
  const Upcase& upcase_;
  const TellRule& tell_;
  bool first_ = true;
  AttributeType type_ = AttributeType::kEnd;
  Bytes name_le_;
  bool resident_ = true;
  uint64_t lowest_vcn_ = 0;
  std::array<uint16_t, 192> numbers_{};
  size_t number_count_ = 0;
};

// What $STANDARD_INFORMATION says: +0x20 attributes, and in its longer form +0x30 owner id, +0x34 security
// id.
struct StandardInformation {
  uint32_t attributes = 0;
  uint32_t owner_id = 0, security_id = 0;  // 0: none, or the form of NTFS 1.2
  static StandardInformation parse(Bytes value);
};

// One name of a file, as far as names stand to each other.
struct NameOf {
  uint64_t parent = 0;  // packed
  NameSpace name_space = NameSpace::kPosix;
};
// Each DOS name needs a Win32 name of its own in the same folder.
bool names_pair(const std::vector<NameOf>& names);

// What a file as a whole is made of; from its base record, or, with an attribute list, from all of them.
struct FileShape {
  bool directory_flag = false, directory_index = false;
  bool has_information = false;
  bool reparse_flag = false, reparse_point = false;
  void see(const Attribute& attribute);
  void check(const TellRule& tell) const;
};

}  // namespace mend::ntfs
