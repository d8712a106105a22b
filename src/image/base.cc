// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/base.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "image/apt.h"
#include "image/assemble.h"
#include "image/base_file.h"
#include "image/files.h"
#include "image/program.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostFileBytes = uint64_t{256} * 1024 * 1024;
constexpr std::chrono::hours kKeptUnused{24 * 30};
constexpr uint64_t kBaseBytes = uint64_t{64} * 1024 * 1024;  // of a base itself, generously

// What a run that was killed has left, and what no run has used for a month: the cache would grow with each
// kernel. The caller holds the lock of the cache.
void clear_up(const std::string& folder) {
  const auto long_ago = fs::file_time_type::clock::now() - kKeptUnused;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    const bool ours = name.starts_with("base-") || name.ends_with(".deb");
    if (name.starts_with("scratch-") || (ours && entry->last_write_time(ignored) < long_ago && !ignored))
      fs::remove_all(entry->path(), ignored);
  }
}

void mark_as_used(const std::string& path) {
  std::error_code ignored;
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
}

Selection choose(const BaseParts& parts, Apt& apt) {
  const auto list = parse_package_list(parts.package_list, parts.package_list_file);
  apt.refresh(false);
  try {
    return select_packages(list, parts.package_list_file, apt);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
  }
  apt.refresh(true);  // the lists may be those of other sources than this machine has now
  return select_packages(list, parts.package_list_file, apt);
}

void check_space(const std::string& cache, const Selection& selection) {
  uint64_t needed = kBaseBytes;
  for (const Selection::Package& package : selection.packages) {
    needed += package.offer.unpacked_bytes;
    if (!fs::exists(cache + "/packages/" + package.offer.file_name())) needed += package.offer.size_bytes;
  }
  struct statvfs status {};
  if (::statvfs(cache.c_str(), &status) != 0) return;  // the writing will tell
  const uint64_t available = uint64_t{status.f_bavail} * status.f_frsize;
  constexpr uint64_t kMebibyte = uint64_t{1024} * 1024;
  if (available < needed)
    throw Error(
        ErrorCode::kIo, "image.base.space",
        fmt::format("the cache {} has {} MiB left, and making a base takes {} MiB there; free some, or "
                    "name another cache",
                    cache, available / kMebibyte, needed / kMebibyte + 1));
}

// All packages in one folder.
void unpack(const Selection& selection, Apt& apt, const std::string& folder, Progress& progress) {
  make_folders(folder);
  for (const Selection::Package& package : selection.packages) {
    const std::string path = apt.fetch(package.offer);
    mark_as_used(path);
    const std::string what = "unpacking " + package.offer.name;
    RunOptions options;
    options.while_running = [&] { progress.step(what, -1); };
    progress.step(what, -1);
    run_successfully({"dpkg-deb", "--extract", path, folder}, what, options);
  }
}

void make_in_cache(const BaseParts& parts, const Selection& selection, Apt& apt, const std::string& cache,
                   const std::string& directory, Progress& progress) {
  check_space(cache, selection);
  const Scratch scratch(cache);
  const std::string unpacked = scratch / "packages", made = scratch / "base";
  unpack(selection, apt, unpacked, progress);
  make_folders(made);
  assemble_base(parts, selection, unpacked, made, progress);
  std::error_code problem;
  fs::rename(made, directory, problem);
  if (problem) throw_errno("image.base.rename", "cannot keep the base as " + directory, problem.value());
  sync_folder(cache);
}

std::string parent_of(const std::string& directory) {
  const fs::path path = fs::absolute(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).parent_path().string();
}

}  // namespace

std::string default_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/mendstick";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/mendstick";
  throw Error(ErrorCode::kUsage, "image.base.home",
              "neither XDG_CACHE_HOME nor HOME says where a cache can be; name one");
}

Base base_in_cache(const BaseRequest& request, Progress& progress) {
  const BaseParts parts = read_parts(request.parts);
  const std::string cache = fs::absolute(request.cache.empty() ? default_cache() : request.cache).string();
  make_folders(cache);
  const FolderLock lock(cache, [&] {
    progress.note(
        fmt::format("another mendstick is at work in the cache {}; waiting until it has ended", cache));
  });
  clear_up(cache);
  clear_up(cache + "/packages");
  Apt apt(cache, request.apt_options, progress);
  const Selection selection = choose(parts, apt);
  const std::string directory = cache + "/base-" + fingerprint(parts, selection);
  if (fs::exists(directory)) {
    try {
      Base base = open_base(directory);
      mark_as_used(directory);
      return base;
    } catch (const Error& error) {
      progress.note(std::string(error.what()) + "; it is made anew");
      fs::remove_all(directory);
    }
  }
  make_in_cache(parts, selection, apt, cache, directory, progress);
  return open_base(directory);
}

Base make_base(const BaseRequest& request, const std::string& directory, Progress& progress) {
  const auto refuse_existing = [&] {
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(directory, ignored)))
      throw Error(ErrorCode::kRefused, "image.base.exists",
                  directory + " is there already; a base is never written over. Remove it or name another");
  };
  refuse_existing();
  const Base cached = base_in_cache(request, progress);
  const std::string parent = parent_of(directory);
  make_folders(parent);
  const Scratch scratch(parent);
  const std::string copy = scratch / "base";
  make_folders(copy);
  for (const std::string& name : files_below(cached.directory))
    write_file(fmt::format("{}/{}", copy, name),
               read_file(fmt::format("{}/{}", cached.directory, name), kMostFileBytes));
  sync_folder(copy);
  refuse_existing();
  std::error_code problem;
  fs::rename(copy, directory, problem);
  if (problem) throw_errno("image.base.place", "cannot make the base " + directory, problem.value());
  sync_folder(parent);
  return open_base(directory);
}

void hold_in_memory(Base& base) {
  for (BaseFile& file : base.files) {
    const std::string path = base.directory + "/" + file.file;
    auto content = std::make_shared<const ByteVector>(read_file(path, kMostFileBytes));
    if (content->size() != file.size_bytes || crypto::sha256(*content) != file.sha256)
      throw Error(ErrorCode::kCorrupt, "image.base.changed", path + " has changed since the base was opened");
    file.held = std::move(content);
  }
}

}  // namespace mend::image
