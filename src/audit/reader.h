// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a log back and checks its chain. A consistent chain shows that the lines belong together, not who
// wrote them: origin is proven by the closing hash that was on the screen.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "crypto/sha256.h"

namespace mend::audit {

enum class Chain {
  kWhole,     // every line follows from the one before it, and the last one closes the log
  kCutShort,  // consistent so far, but there is no closing line, or the last line is incomplete
  kChanged,   // a line does not follow from the one before it, or is not a record
};

struct ReadResult {
  Chain chain = Chain::kCutShort;
  size_t records = 0;
  size_t changed_line = 0;      // from 1, with kChanged
  std::string why;              // one sentence, with kChanged and kCutShort
  crypto::Sha256Digest last{};  // of the last good line: the closing hash of a whole log
};

// Calls `record` for each good line in order. A line longer than 4 MiB is kChanged. kNotFound.
ReadResult read_log(const std::string& path,
                    const std::function<void(const nlohmann::ordered_json&)>& record = {});

}  // namespace mend::audit
