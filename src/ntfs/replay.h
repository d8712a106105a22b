// SPDX-License-Identifier: GPL-3.0-or-later
// The replay of a volume's log: what Windows does when it mounts a volume that it did not close. Analysis,
// then every change again that may not have reached its place, then those of unfinished transactions back,
// then the log is closed. Used by repair, which hands in an overlay, and by scan, which only asks.
//
// Invariants
//   NRP-1  A FILE record and an index block change only where their own LSN is older than the change. Replay
//          over a volume that holds the changes already changes nothing but the log.
//   NRP-2  Doubt ends the replay with an Error that names LSN and operation: an operation that is not known,
//   a
//          table or a page that contradicts the log, a page with an LSN behind the log's end, a target
//          outside the volume or inside the log. What was written until then is worth nothing: drop the
//          overlay.
//   NRP-3  Every structure that was changed is proved again before it is written.
//   NRP-4  The dirty flag is set while pages are written. What the log does again is written before the log
//          is closed, what it takes back after that; the caller is told in between. So whoever finds the
//          volume half way finds a log that leads to the right end, and a volume to be checked after it:
//          pages may be torn. Nothing is ever taken back twice, which Windows, whose undo looks at no LSN,
//          would do.
//   NRP-5  Memory: LogFile::kChunks pieces of the log, the tables, 16 MiB of pages: under 128 MiB.
#pragma once

#include <functional>
#include <string>

#include "block/block_device.h"

namespace mend::ntfs {

enum class LogCondition {
  kClosed,    // nothing to replay
  kEmpty,     // filled with 0xFF: nothing to replay
  kToReplay,  // Windows stopped without closing it
  kDamaged,   // cannot be read, or is of a version that is not known
};
std::string_view to_string(LogCondition condition);

struct LogSummary {
  LogCondition condition = LogCondition::kDamaged;
  std::string version;   // "1.1"; empty where no restart page is whole
  uint64_t records = 0;  // that a replay would go through; 0: it would only close the log
  std::string why;       // of kDamaged: one sentence
  // "clean", "to be replayed (12 records)", "damaged log".
  std::string text() const;
};
// `volume`: the file system, decrypted. Reads all of the log when it is to be replayed, a few pages
// otherwise. Throws kIo alone.
LogSummary inspect_log(block::BlockReader& volume);

// What has been written when replay_log() reports it: a stage of a commit each, in this order.
enum class ReplayStage {
  kDirtySet,      // the dirty flag in $Volume
  kPages,         // everything that the log does again; the log still says that it is to be replayed
  kRestart,       // the log's restart pages; the only stage of a log that is about nothing
  kUndo,          // what is taken back, if something is
  kDirtyRestore,  // the dirty flag as the log leaves it
};

struct ReplayResult {
  uint64_t records_read = 0;  // in the passes for analysis and redo
  uint64_t redone = 0;        // records whose change was applied; the others were there already
  uint64_t undone = 0;        // records taken back
  uint64_t transactions_undone = 0;
};

// Replays the log of `volume` into it and closes it: two restart pages of version 1.1, no client in use,
// clean flag, LSNs going on. Does nothing to a log that is closed or empty, and then reports no stage.
// Flushes nothing. `volume` is an overlay: after an Error (kCorrupt, kUnsupported, kIo) what was written
// until then must be dropped (NRP-2). Volume objects over the device are stale afterwards.
ReplayResult replay_log(block::BlockDevice& volume, const std::function<void(ReplayStage)>& written = {});

}  // namespace mend::ntfs
