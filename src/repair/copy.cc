// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/copy.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "repair/look.h"
#include "repair/replay.h"

namespace mend::repair {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;
constexpr uint64_t kHoleBytes = 4096;

// A file that gets its name when it is whole; until then "NAME.part", which an error takes away.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    if (::access(path_.c_str(), F_OK) == 0) {
      throw Error(ErrorCode::kRefused, "repair.copy.exists", path_ + " exists; it is not overwritten");
    }
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0) throw_errno("repair.copy.create", "cannot create " + part_, errno);
  }
  ~OutputFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(part_.c_str());
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(uint64_t offset, Bytes data) {
    while (!data.empty()) {
      const ssize_t put = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) throw_errno("repair.copy.write", "cannot write to " + part_, put < 0 ? errno : EIO);
      data = data.subspan(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
  }
  void finish(uint64_t size_bytes) {
    if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0 || ::fsync(fd_) != 0 ||
        ::rename(part_.c_str(), path_.c_str()) != 0) {
      throw_errno("repair.copy.finish", "cannot finish " + path_, errno);
    }
    ::close(std::exchange(fd_, -1));
  }

 private:
  std::string path_, part_;
  int fd_ = -1;
};

// Writes what is not zero, and returns how much that was.
uint64_t write_sparse(OutputFile& output, uint64_t offset, Bytes piece) {
  uint64_t written = 0;
  size_t start = 0;
  while (start < piece.size()) {
    size_t end = start;
    while (end < piece.size() &&
           !all_zero(piece.subspan(end, std::min<size_t>(kHoleBytes, piece.size() - end)))) {
      end += std::min<size_t>(kHoleBytes, piece.size() - end);
    }
    if (end == start) {
      start += std::min<size_t>(kHoleBytes, piece.size() - start);
      continue;
    }
    output.write(offset + start, piece.subspan(start, end - start));
    written += end - start;
    start = end;
  }
  return written;
}

Volume& choose(std::vector<Volume>& volumes, std::optional<uint32_t> partition) {
  std::vector<Volume*> fitting;
  for (Volume& volume : volumes) {
    if (partition ? volume.partition.number == *partition : volume.is_windows()) fitting.push_back(&volume);
  }
  if (!partition && fitting.empty()) {
    for (Volume& volume : volumes) fitting.push_back(&volume);
  }
  if (fitting.size() == 1) return *fitting.front();
  throw Error(ErrorCode::kUsage, "repair.copy.which",
              fitting.empty() ? "there is no such volume on the disk; `mend scan` lists them"
                              : "several volumes fit: name one with --partition; `mend scan` lists them");
}

}  // namespace

CopyResult decrypt(Request& request, std::optional<uint32_t> partition, const std::string& output,
                   Operator& person) {
  std::vector<VolumeReport> unreadable;  // stays empty: the disks were named
  const std::vector<OpenDisk> disks = open_disks(request, unreadable, person);
  std::vector<Volume> volumes = look(disks, request, person);
  Volume& volume = choose(volumes, partition);
  const bool locked = volume.metadata && !volume.keys;
  if (locked || !volume.before.plain) {
    throw Error(locked ? ErrorCode::kWrongKey : ErrorCode::kUnsupported, "repair.copy.closed",
                volume.name + ": " + volume.report.reason);
  }
  const Stack stack = make_stack(volume);
  CopyResult result{volume.name, stack.plain->size_bytes(), 0};
  OutputFile file(output);
  ByteVector buffer(static_cast<size_t>(std::min(kPieceBytes, result.size_bytes)));
  for (uint64_t offset = 0; offset < result.size_bytes; offset += kPieceBytes) {
    stop_if_asked(person);
    person.progress(Phase::kCopy, volume.name,
                    static_cast<double>(offset) / static_cast<double>(result.size_bytes));
    const MutableBytes piece =
        MutableBytes(buffer).first(static_cast<size_t>(std::min(kPieceBytes, result.size_bytes - offset)));
    stack.plain->read(offset, piece);
    result.bytes_written += write_sparse(file, offset, piece);
  }
  file.finish(result.size_bytes);
  return result;
}

CheckResult check(Request& request, Operator& person) {
  std::vector<VolumeReport> unreadable;  // stays empty: the disks were named
  const std::vector<OpenDisk> disks = open_disks(request, unreadable, person);
  std::vector<Volume> volumes = look(disks, request, person);
  CheckResult result;
  bool device_error = false;
  for (Volume& volume : volumes) {
    std::optional<ntfs::CheckReport> checked;
    if (volume.ntfs && !volume.report.verdict) {
      try {
        if (request.replay_first) replay(volume, request, person);
        checked = ntfs::check_full(*volume.ntfs, [&](double fraction) {
          stop_if_asked(person);
          person.progress(Phase::kCheck, volume.name, fraction);
        });
      } catch (const Error& error) {
        if (std::string_view(error.id()) == "repair.stopped") throw;
        record_error(volume.report, error);
      }
    }
    if (!checked || !checked->clean()) result.exit_status = 1;
    device_error |= volume.report.device_error;
    result.volumes.push_back({std::move(volume.report), std::move(checked)});
  }
  if (result.volumes.empty()) result.exit_status = 3;
  if (device_error) result.exit_status = 4;
  return result;
}

nlohmann::ordered_json to_json(const CheckResult& result) {
  nlohmann::ordered_json volumes = nlohmann::ordered_json::array();
  for (const CheckedVolume& volume : result.volumes) {
    nlohmann::ordered_json json = to_json(volume.report);
    json["sound"] = volume.check && volume.check->clean();
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    if (volume.check) {
      for (const ntfs::Finding& finding : volume.check->findings) {
        findings.push_back({{"kind", ntfs::to_string(finding.kind)}, {"what", printable(finding.what)}});
        if (finding.record != ntfs::Finding::kNoRecord) findings.back()["record"] = finding.record;
        if (!finding.path.empty()) findings.back()["path"] = finding.path;
      }
      json["findings"] = std::move(findings);
      json["more_findings"] = volume.check->more_findings;
      json["files"] = volume.check->files;
      json["directories"] = volume.check->directories;
    }
    volumes.push_back(std::move(json));
  }
  return {{"volumes", std::move(volumes)}, {"exit_status", result.exit_status}};
}

}  // namespace mend::repair
