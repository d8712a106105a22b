// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/signatures.h"

#include <blkid/blkid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/error.h"

namespace mend::disk {
namespace {

// Owns a memory file.
class MemoryFile {
 public:
  explicit MemoryFile(uint64_t size_bytes) : fd_(::memfd_create("disk-edges", MFD_CLOEXEC)) {
    if (fd_ < 0)
      throw_errno("disk.signatures.memory", "cannot make a memory file to look for signatures", errno);
    if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
      const int cause = errno;
      ::close(fd_);
      throw_errno("disk.signatures.size", "cannot size a memory file to look for signatures", cause);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(fd_); }

  void put(const Piece& piece) {
    size_t done = 0;
    while (done < piece.bytes.size()) {
      const ssize_t put = ::pwrite(fd_, piece.bytes.data() + done, piece.bytes.size() - done,
                                   static_cast<off_t>(piece.offset + done));
      if (put <= 0) throw_errno("disk.signatures.fill", "cannot fill a memory file", put < 0 ? errno : EIO);
      done += static_cast<size_t>(put);
    }
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct FreeProbe {
  void operator()(blkid_probe probe) const { blkid_free_probe(probe); }
};

}  // namespace

std::vector<Signature> find_signatures(uint64_t size_bytes, uint32_t sector_bytes,
                                       const std::vector<Piece>& pieces) {
  MemoryFile file(size_bytes);
  for (const Piece& piece : pieces) file.put(piece);

  const std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe> probe(blkid_new_probe());
  if (!probe ||
      blkid_probe_set_device(probe.get(), file.fd(), 0, static_cast<blkid_loff_t>(size_bytes)) != 0) {
    throw Error(ErrorCode::kIo, "disk.signatures.blkid", "libblkid cannot be started to look for signatures");
  }
  blkid_probe_set_sectorsize(probe.get(), sector_bytes);
  blkid_probe_enable_superblocks(probe.get(), 1);
  blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);

  std::vector<Signature> found;
  // blkid_do_probe gives one match a call until there is none; the bound is for a libblkid that would not
  // stop.
  for (int i = 0; i < 128; ++i) {
    const int result = blkid_do_probe(probe.get());
    if (result == 1) break;
    if (result < 0)
      throw Error(ErrorCode::kIo, "disk.signatures.probe", "libblkid failed to look for signatures");
    const char* type = nullptr;
    const char* usage = nullptr;
    if (blkid_probe_lookup_value(probe.get(), "TYPE", &type, nullptr) != 0) continue;
    if (blkid_probe_lookup_value(probe.get(), "USAGE", &usage, nullptr) != 0) usage = "";
    found.push_back({type, std::string_view(usage) == "raid"});
  }
  return found;
}

}  // namespace mend::disk
