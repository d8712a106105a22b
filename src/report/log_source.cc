// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/log_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/text.h"
#include "block/file_device.h"
#include "image/content.h"
#include "image/fat_reader.h"
#include "image/fat_remove.h"
#include "image/files.h"
#include "profile/stick.h"

namespace mend::report {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

// FAT compares names without regard to case; our own are always written in this one.
bool is_file_of_logs(const std::string& name) {
  return is_log(name) || is_journal(name);
}

// A stick that is mounted, or a folder of logs.
class FolderSource : public LogSource {
 public:
  explicit FolderSource(const std::string& path) : folder_(path) {
    name_ = path;
    std::error_code error;
    if (fs::is_directory(folder_ / stick::kLogs, error)) folder_ /= stick::kLogs;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file(error) && !entry.is_symlink(error) && is_file_of_logs(name)) {
        files_.push_back({name, entry.file_size(error)});
      } else {
        others_.push_back(name);
      }
    }
    std::sort(files_.begin(), files_.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  }

  void read(const SourceFile& file, const std::function<void(Bytes)>& piece) override {
    const fs::path path = folder_ / file.name;
    std::ifstream stream(path, std::ios::binary);
    ByteVector buffer(kPieceBytes);
    while (stream) {
      stream.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
      piece(Bytes(buffer).first(static_cast<size_t>(stream.gcount())));
    }
    if (!stream.eof())
      throw Error(ErrorCode::kIo, "report.source.read", "cannot read " + printable(path.string()));
  }

  void remove(const std::vector<SourceFile>& files) override {
    for (const SourceFile& file : files) {
      const std::string path = (folder_ / file.name).string();
      if (::unlink(path.c_str()) != 0)
        throw_errno("report.source.remove", "cannot remove " + printable(path), errno);
    }
    image::sync_folder(folder_.string());
  }

  bool holds(const std::string& folder) const override {
    struct stat here {};
    struct stat there {};
    return ::stat(folder_.c_str(), &here) == 0 && ::stat(folder.c_str(), &there) == 0 &&
           here.st_dev == there.st_dev;
  }

 private:
  fs::path folder_;
};

// A stick's volume, by our own reader.
class VolumeSource : public LogSource {
 public:
  explicit VolumeSource(const std::string& path)
      : disk_(block::FileDevice::open(path, block::Access::kRead)) {
    name_ = path;
    find_volume();
    notes_ = content_.faults;
    const std::string folder = std::string(stick::kLogs) + "/";
    bool is_stick = false;
    for (const image::FatEntry& entry : content_.entries) {
      is_stick |= entry.path == stick::kImageInfo || entry.path == stick::kLogs;
      if (!entry.path.starts_with(folder)) continue;
      const std::string name = entry.path.substr(folder.size());
      if (!entry.is_folder && name.find('/') == std::string::npos && is_file_of_logs(name)) {
        files_.push_back({name, entry.size_bytes});
      } else {
        others_.push_back(name);
      }
    }
    if (!is_stick) {
      throw Error(
          ErrorCode::kUsage, "report.source.stick",
          printable(path) + " is no stick of Mendstick: it has no folder " + std::string(stick::kLogs));
    }
    std::sort(files_.begin(), files_.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  }

  void read(const SourceFile& file, const std::function<void(Bytes)>& piece) override {
    uint64_t left = file.size_bytes;
    for (const image::FatEntry::Piece& run : entry_of(file).pieces) {
      for (uint64_t at = 0; at < run.size_bytes && left != 0; at += kPieceBytes) {
        const uint64_t length = std::min({kPieceBytes, run.size_bytes - at, left});
        piece(disk_->read_bytes(run.offset + at, length));
        left -= length;
      }
    }
    if (left != 0) {
      throw Error(ErrorCode::kCorrupt, "report.source.short",
                  fmt::format("{} on {} lacks its last {} bytes: the volume is damaged", printable(file.name),
                              printable(name_), left));
    }
  }

  void remove(const std::vector<SourceFile>& files) override {
    std::vector<std::string> paths;
    paths.reserve(files.size());
    for (const SourceFile& file : files) paths.push_back(entry_of(file).path);
    disk_->make_writable();
    image::remove_files(*disk_, volume_offset_, paths);
  }

  bool holds(const std::string&) const override { return false; }

 private:
  // Where a build puts it, or a stick without a partition table.
  void find_volume() {
    for (const uint64_t offset : {image::kMiB, uint64_t{0}}) {
      try {
        content_ = image::read_fat32(*disk_, offset);
        volume_offset_ = offset;
        return;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kCorrupt || offset == 0) throw;
      }
    }
  }

  const image::FatEntry& entry_of(const SourceFile& file) const {
    const std::string path = std::string(stick::kLogs) + "/" + file.name;
    return *std::find_if(content_.entries.begin(), content_.entries.end(), [&](const image::FatEntry& entry) {
      return entry.path == path && !entry.is_folder;
    });
  }

  std::unique_ptr<block::FileDevice> disk_;
  image::FatContent content_;
  uint64_t volume_offset_ = 0;
};

}  // namespace

bool is_log(const std::string& name) {
  return name.ends_with(".jsonl") || name.ends_with(".jsonl.sealed");
}

bool is_journal(const std::string& name) {
  return name.ends_with(".undo");
}

std::unique_ptr<LogSource> open_source(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ErrorCode::kNotFound, "report.source.missing",
                "'" + printable(path) +
                    "' is not there; name a stick's image, its disk, or the folder it is mounted at");
  }
  if (fs::is_directory(path, error)) return std::make_unique<FolderSource>(path);
  return std::make_unique<VolumeSource>(path);
}

}  // namespace mend::report
