// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/apt.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "image/files.h"
#include "image/program.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kFreshFor{24};

// What is asked of apt beyond this machine's own settings. Its hooks would act on the machine's lists and
// archives, which are not the ones at work here; other indexes than those of packages are not needed. As
// root, apt's downloads run as root too, since the cache is root's.
constexpr std::string_view kSettings = R"(
Dir::State "@/state";
Dir::State::status "@/status";
Dir::Cache "@/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
APT::Get::Allow-Downgrades "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
#clear Acquire::Languages;
Acquire::Languages { "none"; };
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
)";

std::string replace_all(std::string_view text, char mark, const std::string& by) {
  std::string out;
  for (const char c : text) out += c == mark ? by : std::string(1, c);
  return out;
}

// The size of what is in a folder so far.
uint64_t bytes_in(const std::string& folder) {
  uint64_t sum = 0;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    std::error_code ignored;
    const uint64_t size = entry->file_size(ignored);
    if (!ignored) sum += size;
  }
  return sum;
}

std::string digest_of(const std::string& path) {
  return to_hex(hash_file(path));
}

}  // namespace

Apt::Apt(const std::string& cache, std::vector<std::string> options, Progress& progress)
    : cache_(fs::absolute(cache).string()),
      folder_(cache_ + "/apt"),
      options_(std::move(options)),
      progress_(progress) {
  if (cache_.find_first_of("\"\\\n;{}") != std::string::npos)
    throw Error(ErrorCode::kUsage, "image.apt.path",
                "apt cannot work in " + printable(cache_) + ": name a cache without \" \\ ; { } in its path");
  make_folders(folder_ + "/state/lists/partial");
  make_folders(folder_ + "/cache/archives/partial");
  make_folders(cache_ + "/packages");
  write_configuration();
}

void Apt::write_configuration() const {
  write_file(folder_ + "/apt.conf", as_bytes(replace_all(kSettings, '@', folder_)));
  write_file(folder_ + "/status", {});
}

std::vector<std::string> Apt::command(const std::string& program) const {
  std::vector<std::string> words{program, "--config-file", folder_ + "/apt.conf", "--quiet=2"};
  for (const std::string& option : options_) {
    words.emplace_back("--option");
    words.push_back(option);
  }
  return words;
}

bool Apt::has_lists() const {
  for (const std::string& name : files_below(folder_ + "/state/lists"))
    if (name.find("_Packages") != std::string::npos) return true;
  return false;
}

void Apt::refresh(bool always) {
  const std::string stamp = folder_ + "/refreshed";
  struct stat status {};
  const bool known = ::stat(stamp.c_str(), &status) == 0 && has_lists();
  const auto age = std::chrono::system_clock::now() - std::chrono::system_clock::from_time_t(status.st_mtime);
  if (known && !always && age < kFreshFor && age > -kFreshFor) return;

  progress_.step("bringing the package lists up to date", -1);
  std::vector<std::string> update = command("apt-get");
  update.insert(update.end(), {"--option", "APT::Update::Error-Mode=any", "update"});
  RunOptions options;
  options.while_running = [this] { progress_.step("bringing the package lists up to date", -1); };
  const Outcome outcome = run_program(update, options);
  if (outcome.status == 0) return write_file(stamp, {});
  if (!has_lists())
    throw Error(ErrorCode::kIo, "image.apt.lists",
                "no package lists could be fetched, and none are in the cache " + cache_ +
                    ". Connect this machine to its package sources, or take a base that was made elsewhere. "
                    "apt says: " +
                    outcome.last_words());
  progress_.note("some package lists could not be brought up to date; the older ones are used. apt says: " +
                 outcome.last_words());
}

std::vector<Offer> Apt::offers(const std::vector<std::string>& names) {
  std::vector<std::string> show = command("apt-cache");
  show.insert(show.end(), {"show", "--no-all-versions"});
  show.insert(show.end(), names.begin(), names.end());
  // Its status tells of names that it does not know; so does their absence.
  return parse_offers(run_program(show).output);
}

std::vector<std::string> Apt::names_with(const std::string& prefix) {
  std::vector<std::string> list = command("apt-cache");
  list.insert(list.end(), {"pkgnames", prefix});
  std::istringstream lines(run_successfully(list, "listing packages").output);
  std::vector<std::string> names;
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  return names;
}

bool Apt::is_newer(const std::string& version, const std::string& than) {
  return run_program({"dpkg", "--compare-versions", version, "gt", than}).status == 0;
}

std::string Apt::fetch(const Offer& offer) {
  std::string path = cache_ + "/packages/" + offer.file_name();
  const std::string what = "downloading " + offer.name + " " + offer.version;
  std::error_code problem;
  if (fs::exists(path, problem) && digest_of(path) == offer.sha256) return path;
  fs::remove(path, problem);

  progress_.step(what, 0);
  const Scratch scratch(cache_);
  RunOptions options;
  options.directory = scratch.path();
  options.while_running = [&] {
    const auto done = static_cast<double>(bytes_in(scratch.path()));
    progress_.step(what, std::min(1.0, done / static_cast<double>(std::max<uint64_t>(offer.size_bytes, 1))));
  };
  std::vector<std::string> download = command("apt-get");
  download.insert(download.end(), {"download", offer.name + "=" + offer.version});
  const Outcome outcome = run_program(download, options);
  const std::vector<std::string> files = files_below(scratch.path());
  if (outcome.status != 0 || files.size() != 1)
    throw Error(ErrorCode::kIo, "image.apt.download",
                fmt::format("cannot download {} {} ({} bytes, to {}): {}", offer.name, offer.version,
                            offer.size_bytes, cache_, outcome.last_words()));
  const std::string found = scratch / files.front();
  if (const std::string digest = digest_of(found); digest != offer.sha256)
    throw Error(ErrorCode::kCorrupt, "image.apt.hash",
                fmt::format("{} was downloaded with SHA-256 {}, and apt's records say {}; it is thrown away",
                            offer.name, digest, offer.sha256));
  fs::rename(found, path, problem);
  if (problem) throw_errno("image.apt.keep", "cannot keep " + path, problem.value());
  return path;
}

}  // namespace mend::image
