// SPDX-License-Identifier: GPL-3.0-or-later
// Paths over an NtfsWriter: makes the directories that a path needs, and notes every file with its hash.
#pragma once

#include <map>

#include "tools/brokenpc/content.h"
#include "tools/brokenpc/machine.h"
#include "tools/brokenpc/ntfs_writer.h"

namespace mend::brokenpc {

struct Look {
  FileTimes times;
  Access access = Access::kProgram;
  uint32_t attributes = attribute::kArchive;
  Names names = Names::kWindows;
  bool fragmented = false;  // one cluster a piece
  std::string note;
};

class TreeBuilder {
 public:
  // Directories that come into being by the way are dated `directory_times`. Borrows both.
  TreeBuilder(NtfsWriter& writer, std::vector<MadeFile>& made, FileTimes directory_times);

  NtfsWriter& writer() { return writer_; }
  // The record of a directory, made with its parents where it is not there; a parent inherits `access`.
  uint64_t directory(std::string_view path, Access access = Access::kProgram, uint32_t attributes = 0);
  // A directory that leads elsewhere.
  void link_directory(std::string_view path, const ByteVector& reparse, const Look& look);
  uint64_t file(std::string_view path, Content content, const Look& look);
  // A second name for a file.
  void hard_link(uint64_t record, std::string_view path);

 private:
  struct Split {
    uint64_t parent;
    std::u16string name;
  };
  Split split(std::string_view path, Access access);

  NtfsWriter& writer_;
  std::vector<MadeFile>& made_;
  FileTimes directory_times_;
  std::map<std::string, uint64_t, std::less<>> directories_;
  std::map<uint64_t, size_t> index_of_record_;
};

}  // namespace mend::brokenpc
