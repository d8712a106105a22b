// SPDX-License-Identifier: GPL-3.0-or-later
// Files and folders of the build host, as making a base needs them: written through to the disk, read whole,
// and scratch folders that go when their work is done or has failed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace mend::image {

// A new file (an old one of that name is replaced), its bytes on the disk when this returns. kIo
// "image.files.write": says so when the disk is full, and what was left is removed.
void write_file(const std::string& path, Bytes content);
// Makes the entries of a folder durable. kIo.
void sync_folder(const std::string& path);
// With all folders above it. kIo "image.files.folder".
void make_folders(const std::string& path);
// The hash of a file, read in pieces. kIo.
crypto::Sha256Digest hash_file(const std::string& path);
// All files below a folder, by paths relative to it, sorted; links are not followed.
std::vector<std::string> files_below(const std::filesystem::path& folder);

// A new folder in `parent` that goes, with all that is in it, when the object does.
class Scratch {
 public:
  explicit Scratch(const std::string& parent);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// An exclusive lock on a folder, held until the object goes. Another holder is waited for, however long it
// takes; `before_waiting` is called once then, and not when the folder is free. kIo.
class FolderLock {
 public:
  FolderLock(const std::string& folder, const std::function<void()>& before_waiting);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace mend::image
