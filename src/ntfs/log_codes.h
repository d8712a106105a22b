// SPDX-License-Identifier: GPL-3.0-or-later
// Operation codes of the log, and what each of them changes. Sources: LOGFILE.md.
#pragma once

#include <cstdint>
#include <string_view>

namespace mend::ntfs {

enum class LogCode : uint16_t {
  kNoop = 0x00,
  kCompensation = 0x01,
  kInitializeFileRecord = 0x02,
  kDeallocateFileRecord = 0x03,
  kWriteEndOfFileRecord = 0x04,
  kCreateAttribute = 0x05,
  kDeleteAttribute = 0x06,
  kUpdateResidentValue = 0x07,
  kUpdateNonresidentValue = 0x08,
  kUpdateMappingPairs = 0x09,
  kDeleteDirtyClusters = 0x0a,
  kSetNewAttributeSizes = 0x0b,
  kAddIndexEntryRoot = 0x0c,
  kDeleteIndexEntryRoot = 0x0d,
  kAddIndexEntryAllocation = 0x0e,
  kDeleteIndexEntryAllocation = 0x0f,
  kWriteEndOfIndexBuffer = 0x10,
  kSetIndexEntryVcnRoot = 0x11,
  kSetIndexEntryVcnAllocation = 0x12,
  kUpdateFileNameRoot = 0x13,
  kUpdateFileNameAllocation = 0x14,
  kSetBits = 0x15,
  kClearBits = 0x16,
  kHotFix = 0x17,
  kEndTopLevelAction = 0x18,
  kPrepareTransaction = 0x19,
  kCommitTransaction = 0x1a,
  kForgetTransaction = 0x1b,
  kOpenNonresidentAttribute = 0x1c,
  kOpenAttributeTableDump = 0x1d,
  kAttributeNamesDump = 0x1e,
  kDirtyPageTableDump = 0x1f,
  kTransactionTableDump = 0x20,
  kUpdateRecordDataRoot = 0x21,
  kUpdateRecordDataAllocation = 0x22,
  kUpdateRelativeDataIndex = 0x23,
  kUpdateRelativeDataAllocation = 0x24,
  kZeroEndOfFileRecord = 0x25,
};
inline constexpr uint16_t kLastLogCode = 0x25;

enum class LogTarget {
  kNone,        // the tables, or nothing
  kFileRecord,  // an MFT record: guarded by its LSN
  kIndexBlock,  // a block of $INDEX_ALLOCATION: guarded by its LSN
  kRaw,         // clusters without an LSN; an index block where the attribute is $INDEX_ALLOCATION
  kUnknown,     // cannot be replayed
};
LogTarget target_of(uint16_t code);
// "SetNewAttributeSizes"; "operation 0x26" for one that is not known.
std::string_view name_of(uint16_t code);

}  // namespace mend::ntfs
