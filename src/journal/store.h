// SPDX-License-Identifier: GPL-3.0-or-later
// The directory that journals live in, reduced to what a journal needs of it. An interface, so that the crash
// tests can put the stick under the same power cut as the disk. DirectoryStore is the real one.
//
// Invariants
//   T-1  create() is exclusive: an existing file is never opened for it.
//   T-2  After flush() of a file its bytes, after sync() its directory entry too, survive a loss of power.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "block/block_device.h"

namespace mend::journal {

class Store {
 public:
  virtual ~Store() = default;
  // For messages: the path of the file.
  virtual std::string path_of(const std::string& name) const = 0;
  // A new file of that size. kRefused "journal.store.exists"; kIo when the file system is full or read-only.
  virtual std::unique_ptr<block::BlockDevice> create(const std::string& name, uint64_t size_bytes) = 0;
  // Null for a file of no bytes. kNotFound, kIo, kRefused when another program works with it. Opened for
  // reading only when the file system does not let us write.
  virtual std::unique_ptr<block::BlockDevice> open(const std::string& name) = 0;
  // Makes the directory's entries durable.
  virtual void sync() = 0;
  virtual void remove(const std::string& name) = 0;
  // File names, in order.
  virtual std::vector<std::string> names() = 0;
};

class DirectoryStore : public Store {
 public:
  explicit DirectoryStore(std::string directory) : directory_(std::move(directory)) {}

  std::string path_of(const std::string& name) const override;
  std::unique_ptr<block::BlockDevice> create(const std::string& name, uint64_t size_bytes) override;
  std::unique_ptr<block::BlockDevice> open(const std::string& name) override;
  void sync() override;
  void remove(const std::string& name) override;
  std::vector<std::string> names() override;

 private:
  std::string directory_;
};

}  // namespace mend::journal
