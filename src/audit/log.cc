// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "audit/fields.h"
#include "base/error.h"

namespace mend::audit {
namespace {

// vfat and tmpfs reserve beyond the end of the file; where a file system cannot, the free space is looked at
// instead.
void reserve(int fd, uint64_t bytes, const std::string& path) {
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) == 0) return;
  int cause = errno;
  struct statvfs space {};
  if (cause == EOPNOTSUPP && ::fstatvfs(fd, &space) == 0) {
    if (uint64_t{space.f_bavail} * space.f_frsize >= bytes) return;
    cause = ENOSPC;
  }
  throw_errno("audit.log.reserve", "cannot reserve " + std::to_string(bytes) + " bytes for the log " + path,
              cause);
}

}  // namespace

std::string file_name_part(const std::string& text) {
  std::string name;
  for (char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    name.push_back(plain ? c : '_');
    if (name.size() == 40) break;
  }
  return name.empty() ? "unknown" : name;
}

Log Log::create(const std::string& directory, const std::string& stem, std::string run_id,
                uint64_t reserve_bytes, const std::optional<crypto::PublicKey>& recipient) {
  Log log;
  if (recipient) log.sealer_.emplace(*recipient);
  log.directory_ = directory;
  log.stem_ = stem;
  log.path_ = directory + "/" + stem + log.suffix();
  log.run_id_ = std::move(run_id);
  log.start_ns_ = monotonic_ns();
  log.reserve_bytes_ = reserve_bytes;
  log.fd_ = ::open(log.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (log.fd_ < 0) throw_errno("audit.log.create", "cannot create the log " + log.path_, errno);
  try {
    reserve(log.fd_, reserve_bytes, log.path_);
    if (log.sealer_) log.put(log.sealer_->header());
    log.sync_directory();
  } catch (...) {
    ::unlink(log.path_.c_str());
    throw;
  }
  return log;
}

Log::Log(Log&& other) noexcept
    : directory_(std::move(other.directory_)),
      stem_(std::move(other.stem_)),
      path_(std::move(other.path_)),
      run_id_(std::move(other.run_id_)),
      fd_(std::exchange(other.fd_, -1)),
      failed_(other.failed_),
      reserve_bytes_(other.reserve_bytes_),
      flushed_bytes_(other.flushed_bytes_),
      last_bytes_(std::move(other.last_bytes_)),
      sequence_(other.sequence_),
      start_ns_(other.start_ns_),
      previous_(other.previous_),
      sealer_(std::move(other.sealer_)) {}

Log::~Log() {
  if (fd_ >= 0) ::close(fd_);
}

void Log::sync_directory() const {
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_errno("audit.log.directory", "cannot open the folder " + directory_, errno);
  const int result = ::fsync(fd);
  const int cause = errno;
  ::close(fd);
  if (result != 0) throw_errno("audit.log.directory", "cannot flush the folder " + directory_, cause);
}

std::string Log::suffix() const {
  return sealer_ ? std::string(kSealedSuffix) : ".jsonl";
}

void Log::write_bytes(Bytes bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw_errno("audit.log.write", "cannot write to the log " + path_, put < 0 ? errno : EIO);
    done += static_cast<size_t>(put);
  }
}

// On the medium when it returns.
void Log::put(Bytes bytes) {
  write_bytes(bytes);
  if (::fdatasync(fd_) != 0) throw_errno("audit.log.flush", "cannot flush the log " + path_, errno);
  flushed_bytes_ += bytes.size();
  last_bytes_.assign(bytes.begin(), bytes.end());
}

// What a write that failed has left behind the last line is cut off, and so is what was reserved there.
bool Log::open_again() {
  const int fd = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat before {
  }, after{};
  const bool other = ::fstat(fd_, &before) == 0 && ::fstat(fd, &after) == 0 &&
                     (before.st_dev != after.st_dev || before.st_ino != after.st_ino);
  ByteVector found(last_bytes_.size());
  const auto at = static_cast<off_t>(flushed_bytes_ - last_bytes_.size());
  if (!other || ::pread(fd, found.data(), found.size(), at) != static_cast<ssize_t>(found.size()) ||
      found != last_bytes_ || ::ftruncate(fd, static_cast<off_t>(flushed_bytes_)) != 0) {
    ::close(fd);
    return false;
  }
  ::close(std::exchange(fd_, fd));
  return true;
}

void Log::write_line(Fields record, crypto::StreamEnd end) {
  if (fd_ < 0 || failed_) {
    throw Error(ErrorCode::kIo, "audit.log.failed",
                "the log " + path_ + " failed earlier or is closed: nothing is added");
  }
  failed_ = true;  // until this line is known to be on the medium
  record[kSequence] = sequence_;
  record[kPrevious] = to_hex(previous_);
  const std::string line = record.dump(-1, ' ', false, Fields::error_handler_t::replace) + "\n";
  const Bytes clear = as_bytes(line);
  const ByteVector bytes = sealer_ ? sealer_->seal(line, end) : ByteVector(clear.begin(), clear.end());
  try {
    put(bytes);
  } catch (const Error&) {
    if (!open_again()) throw;
    reserve(fd_, reserve_bytes_, path_);
    put(bytes);
  }
  previous_ = crypto::sha256(as_bytes(std::string_view(line).substr(0, line.size() - 1)));
  ++sequence_;
  failed_ = false;
}

void Log::append(const std::string& action, const std::string& outcome, const std::string& message,
                 const Fields& fields) {
  append(action, outcome, message, fields, crypto::StreamEnd::kMore);
}

void Log::append(const std::string& action, const std::string& outcome, const std::string& message,
                 const Fields& fields, crypto::StreamEnd end) {
  Fields record;
  record["@timestamp"] = to_iso8601(now());
  record["ecs.version"] = kEcsVersion;
  record["event.action"] = action;
  record["event.kind"] = "event";
  record["event.outcome"] = outcome;
  record["message"] = message;
  record[kRunId] = run_id_;
  record[kMonotonic] = monotonic_ns() - start_ns_;
  for (const auto& [key, value] : fields.items()) record[key] = value;
  write_line(std::move(record), end);
}

void Log::rename(const std::string& stem) {
  const std::string path = directory_ + "/" + stem + suffix();
  if (path == path_) return;
  // RENAME_NOREPLACE is not on every file system, so the name is looked at first; the run id in it makes it
  // unique.
  if (::access(path.c_str(), F_OK) == 0 || ::rename(path_.c_str(), path.c_str()) != 0) {
    throw_errno("audit.log.rename", "cannot rename the log " + path_ + " to " + path,
                errno == 0 ? EEXIST : errno);
  }
  path_ = path;
  stem_ = stem;
  sync_directory();
}

crypto::Sha256Digest Log::close() {
  append("log-closed", "success", "end of the log", Fields::object(), crypto::StreamEnd::kLast);
  // Gives back what was reserved beyond the end.
  struct stat status {};
  if (::fstat(fd_, &status) == 0 && ::ftruncate(fd_, status.st_size) == 0) ::fsync(fd_);
  ::close(std::exchange(fd_, -1));
  return previous_;
}

}  // namespace mend::audit
