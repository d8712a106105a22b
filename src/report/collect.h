// SPDX-License-Identifier: GPL-3.0-or-later
// Takes logs and journals off a stick: copied into one folder or two, read back, verified. On request the
// stick is emptied of what is safe in two places.
//
// Invariants
//   CL-1  No existing file is written over: a copy has a name of its own, and appears under it whole.
//   CL-2  A file counts as copied when the copy was read back from its disk and is byte for byte the same.
//   CL-3  A stick's file is removed only when it is copied in two folders that are not on the stick, and is
//         neither a changed log, nor a journal with work left, nor the log of such work.
//   CL-4  Content that is in a folder already, under whatever name, is not copied there again.
#pragma once

#include <string>
#include <vector>

#include "audit/reader.h"
#include "report/log_source.h"

namespace mend::report {

struct CollectRequest {
  std::string source;
  std::vector<std::string> folders;  // one or two; made where they are missing
  bool clear = false;                // REQUIRES: two folders
};

struct CollectedFile {
  enum class Kind { kLog, kSealedLog, kJournal };
  std::string name;  // on the stick
  std::string copy;  // path of the first copy
  Kind kind = Kind::kLog;
  bool is_new = false;                        // to the first folder
  audit::Chain chain = audit::Chain::kWhole;  // of a log
  std::string problem;   // cut short, changed, a damaged journal: a sentence; empty: good
  bool is_open = false;  // a journal with work left
  bool removed = false;
  std::string kept_since;  // with `clear`: why it stays
};

struct Collected {
  std::string source;
  std::vector<CollectedFile> files;
  std::vector<std::string> notes;
};

// kUsage, kRefused, kIo, and what open_source() throws. What was copied until then stays.
Collected collect(const CollectRequest& request);

}  // namespace mend::report
