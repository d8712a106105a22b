// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/hive_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace mend::windows {

HiveMemory::HiveMemory() : fd_(::memfd_create("hive", MFD_CLOEXEC)) {
  if (fd_ < 0) throw_errno("windows.memory.create", "cannot make a memory file for a hive", errno);
}

HiveMemory::~HiveMemory() {
  ::close(fd_);
}

void HiveMemory::append(Bytes bytes) {
  put(size_bytes_, bytes);
  size_bytes_ += bytes.size();
}

void HiveMemory::put(uint64_t offset, Bytes bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0)
      throw_errno("windows.memory.write", "cannot keep a hive in memory", put < 0 ? errno : ENOSPC);
    done += static_cast<size_t>(put);
  }
}

void HiveMemory::resize(uint64_t size_bytes) {
  if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
    throw_errno("windows.memory.resize", "cannot keep a hive in memory", errno);
  }
  size_bytes_ = size_bytes;
}

ByteVector HiveMemory::read(uint64_t offset, size_t length) const {
  ByteVector bytes(length);
  size_t done = 0;
  while (done < length) {
    const ssize_t got = ::pread(fd_, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace mend::windows
