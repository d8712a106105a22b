// SPDX-License-Identifier: GPL-3.0-or-later
// The fence around hivex: one hive, for reading a few named values. Runs in the child process of isolate.h
// only (W-3): hivex maps what it reads and trusts some sizes, so damaged bytes can end it.
//
// A name that cannot be read is skipped, where hivex itself would give up the whole key.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "windows/hive_memory.h"

namespace mend::windows {

// What the base block says, and what had to be done to it. FORMAT.md.
struct HiveState {
  bool dirty = false;  // the two sequence numbers differ
  uint32_t sequence1 = 0, sequence2 = 0;
  bool checksum_wrong = false;  // of the base block
  bool cut = false;  // the data area ends before its end, or its pages are damaged: read up to there
};

class Hive {
 public:
  // Changes `memory` where hivex would not open it otherwise: the base block's checksum, the size of the data
  // area. kCorrupt when it is no hive, or damaged so far that its root is lost. Borrows `memory`.
  explicit Hive(HiveMemory& memory);
  ~Hive();
  Hive(const Hive&) = delete;
  Hive& operator=(const Hive&) = delete;

  const HiveState& state() const { return state_; }
  // `key`: "Select" or "ControlSet001\Control\Windows"; case does not matter. nullopt: no such key or value,
  // or one of another type. Strings end at their first NUL and at 256 units, whichever comes first; UTF-8.
  std::optional<std::string> string(std::string_view key, std::string_view value);
  std::optional<uint32_t> dword(std::string_view key, std::string_view value);

 private:
  struct Handle;
  struct Found {
    uint32_t type;
    ByteVector bytes;
  };
  std::optional<Found> find(std::string_view key, std::string_view value);

  HiveState state_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace mend::windows
