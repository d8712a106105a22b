// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "base/error.h"
#include "ntfs/log_analysis.h"
#include "ntfs/replay.h"

namespace mend::ntfs {

std::string_view to_string(LogCondition condition) {
  switch (condition) {
    case LogCondition::kClosed:
      return "closed";
    case LogCondition::kEmpty:
      return "empty";
    case LogCondition::kToReplay:
      return "to-replay";
    case LogCondition::kDamaged:
      return "damaged";
  }
  return "unknown";
}

std::string LogSummary::text() const {
  switch (condition) {
    case LogCondition::kClosed:
    case LogCondition::kEmpty:
      return "clean";
    case LogCondition::kToReplay:
      return fmt::format("to be replayed ({} {})", records, records == 1 ? "record" : "records");
    case LogCondition::kDamaged:
      break;
  }
  return "damaged log";
}

namespace {

void inspect(block::BlockReader& volume, LogSummary& summary) {
  const Geometry geometry = read_geometry(volume);
  LogFile log(volume, geometry);
  if (!log.restart()) {
    summary.condition = log.blank() ? LogCondition::kEmpty : LogCondition::kDamaged;
    if (!log.blank()) summary.why = "neither of the two restart pages of the log is whole";
    return;
  }
  summary.version = fmt::format("{}.{}", log.restart()->major, log.restart()->minor);
  if (log.restart()->known_version() && log.restart()->closed()) {
    summary.condition = LogCondition::kClosed;
    return;
  }
  log.open_ring();
  const LogAnalysis analysis(log, geometry.cluster_bytes);
  if (analysis.redo_from != 0)
    LogReader(log).for_each(analysis.redo_from, [&](const LogRecord&) { ++summary.records; });
  summary.condition = LogCondition::kToReplay;
}

}  // namespace

LogSummary inspect_log(block::BlockReader& volume) {
  LogSummary summary;
  try {
    inspect(volume, summary);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    summary.condition = LogCondition::kDamaged;
    summary.records = 0;
    summary.why = error.what();
  }
  return summary;
}

}  // namespace mend::ntfs
