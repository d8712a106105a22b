// SPDX-License-Identifier: GPL-3.0-or-later
// Where logs are collected from: a stick's volume (a disk or an image, not mounted), a mounted stick, or any
// folder of logs. Reads; removes only what it is told to, which is logs and journals.
//
// Invariants
//   SO-1  Nothing is written before remove().
//   SO-2  Only files of the folder of logs are listed, read and removed: never a key, a profile or a program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace mend::report {

struct SourceFile {
  std::string name;  // in the folder of logs
  uint64_t size_bytes = 0;
};

class LogSource {
 public:
  virtual ~LogSource() = default;

  const std::string& name() const { return name_; }
  const std::vector<SourceFile>& files() const { return files_; }     // logs and journals, in order of name
  const std::vector<std::string>& others() const { return others_; }  // names of what is neither
  const std::vector<std::string>& notes() const { return notes_; }    // what is wrong with the volume

  virtual void read(const SourceFile& file, const std::function<void(Bytes)>& piece) = 0;
  // Durable when it returns. kRefused when nothing may be written there; kIo.
  virtual void remove(const std::vector<SourceFile>& files) = 0;
  // Whether `folder` lies on the same file system as the source.
  virtual bool holds(const std::string& folder) const = 0;

 protected:
  std::string name_;
  std::vector<SourceFile> files_;
  std::vector<std::string> others_, notes_;
};

// kNotFound, kIo, kRefused (a disk that is in use: name the folder that it is mounted at), kUsage
// "report.source.stick" for a volume without a folder of logs.
std::unique_ptr<LogSource> open_source(const std::string& path);

// "….jsonl", "….jsonl.sealed"; "….undo".
bool is_log(const std::string& name);
bool is_journal(const std::string& name);

}  // namespace mend::report
