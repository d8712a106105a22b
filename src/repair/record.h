// SPDX-License-Identifier: GPL-3.0-or-later
// What the run tells the audit log. The names of records and fields: audit/FORMAT.md.
#pragma once

#include <functional>

#include "audit/earlier.h"
#include "audit/log.h"
#include "repair/look.h"
#include "repair/machine.h"
#include "repair/report.h"
#include "repair/request.h"

namespace mend::repair {

// A run's names: "20261125T032021Z-PC01-1f2e3d4c5b6a7988".
std::string new_run_id();
std::string file_stem(Time started, const std::string& who, const std::string& run_id);

// Until a commit begins, a record that cannot be written is an error and ends the run. From then on the
// disk comes first: the failure is kept, told in the report, and only a further commit is refused because of
// it.
class Recorder {
 public:
  // Creates the log in the directory (made when it is missing). With a recipient it is a sealed one, and no
  // name of a file tells whose run it was. kIo, which ends the run before anything is touched.
  Recorder(const std::string& directory, const Report& report,
           const std::optional<crypto::PublicKey>& recipient = std::nullopt);

  void run_started(const std::string& command, const Request& request, const Report& report);
  void disk(const DiskReport& disk);
  void volume(const VolumeReport& volume);
  // What came of the keyring; nothing when none was needed.
  void keyring(const Request& request);
  // From here on the log is named after the first host found.
  void name_after(const std::string& host);
  void action(const char* event, const VolumeReport& volume, const ActionReport& action, bool success);
  void idle(const VolumeReport& volume, const IdleRule& rule);
  void replayed(const VolumeReport& volume);
  void verified(const VolumeReport& volume, uint64_t blocks);
  void unrecorded(const VolumeReport& volume);
  void commit_started(const VolumeReport& volume, const std::string& journal);
  // An earlier run's journal is about to be carried on with, or taken back.
  void journal_taken_up(const char* event, const std::string& journal);
  void commit_finished(const VolumeReport& volume, const std::string& outcome, bool success);
  // How that ended: journal::to_string of the outcome.
  void journal_left(const char* event, const std::string& message, std::string_view outcome, bool success);
  void note(const char* event, const std::string& message, bool success);
  void verdict(const VolumeReport& volume);
  // The last record but the closing one of a run that an error ended. Never throws: that error is the news.
  void stopped(const Error& error) noexcept;
  // Closes the log; notes its path and closing hash in the report.
  void finish(Report& report);

  const std::string& path() const { return log_.path(); }
  // For the journals: the log's name without ".jsonl".
  const std::string& stem() const { return log_.stem(); }
  const std::string& directory() const { return directory_; }

 private:
  void append(const std::string& action, const std::string& outcome, const std::string& message,
              const audit::Fields& fields);
  void begin_writing(const char* event, const std::string& message, const audit::Fields& fields);
  void guarded(const std::function<void()>& write);

  std::string directory_;
  Machine machine_;
  audit::Earlier earlier_;
  Time started_;
  std::string run_id_;
  bool sealed_ = false;
  bool named_ = false;
  bool writing_ = false;  // a commit has begun
  std::string problem_;   // why the log is not complete
  audit::Log log_;
};

}  // namespace mend::repair
