// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_codes.h"

#include <array>

namespace mend::ntfs {
namespace {

struct Entry {
  std::string_view name;
  LogTarget target;
};

constexpr LogTarget kN = LogTarget::kNone, kF = LogTarget::kFileRecord, kI = LogTarget::kIndexBlock,
                    kR = LogTarget::kRaw, kU = LogTarget::kUnknown;
constexpr std::array<Entry, kLastLogCode + 1> kCodes{{
    {"Noop", kN},
    {"CompensationLogRecord", kN},
    {"InitializeFileRecordSegment", kF},
    {"DeallocateFileRecordSegment", kF},
    {"WriteEndOfFileRecordSegment", kF},
    {"CreateAttribute", kF},
    {"DeleteAttribute", kF},
    {"UpdateResidentValue", kF},
    {"UpdateNonresidentValue", kR},
    {"UpdateMappingPairs", kF},
    {"DeleteDirtyClusters", kN},
    {"SetNewAttributeSizes", kF},
    {"AddIndexEntryRoot", kF},
    {"DeleteIndexEntryRoot", kF},
    {"AddIndexEntryAllocation", kI},
    {"DeleteIndexEntryAllocation", kI},
    {"WriteEndOfIndexBuffer", kI},
    {"SetIndexEntryVcnRoot", kF},
    {"SetIndexEntryVcnAllocation", kI},
    {"UpdateFileNameRoot", kF},
    {"UpdateFileNameAllocation", kI},
    {"SetBitsInNonresidentBitMap", kR},
    {"ClearBitsInNonresidentBitMap", kR},
    {"HotFix", kN},
    {"EndTopLevelAction", kN},
    {"PrepareTransaction", kN},
    {"CommitTransaction", kN},
    {"ForgetTransaction", kN},
    {"OpenNonresidentAttribute", kN},
    {"OpenAttributeTableDump", kN},
    {"AttributeNamesDump", kN},
    {"DirtyPageTableDump", kN},
    {"TransactionTableDump", kN},
    {"UpdateRecordDataRoot", kF},
    {"UpdateRecordDataAllocation", kI},
    {"UpdateRelativeDataIndex", kU},
    {"UpdateRelativeDataAllocation", kU},
    {"ZeroEndOfFileRecord", kF},
}};

}  // namespace

LogTarget target_of(uint16_t code) {
  return code <= kLastLogCode ? kCodes[code].target : LogTarget::kUnknown;
}

std::string_view name_of(uint16_t code) {
  return code <= kLastLogCode ? kCodes[code].name : "an operation that is not known";
}

}  // namespace mend::ntfs
