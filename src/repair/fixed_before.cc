// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/fixed_before.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "audit/sealed.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/random.h"
#include "crypto/sealing.h"
#include "journal/journal.h"

namespace mend::repair {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = "mendstick fixed 1 ";
constexpr const char* kSuffix = ".fixed";
constexpr size_t kSaltBytes = 16;
constexpr uint64_t kMaximumBytes = uint64_t{1} << 20;

// What a volume is known by across starts; empty when there is nothing.
std::string name_of(const VolumeReport& volume, const Report& report) {
  if (volume.partition_guid) return volume.partition_guid->to_string();
  for (const DiskReport& disk : report.disks) {
    if (disk.path == volume.disk && !disk.serial.empty())
      return disk.serial + "/" + std::to_string(volume.partition);
  }
  return {};
}

std::string mark_of(Bytes salt, const std::string& volume, const std::string& manifest) {
  std::array<uint8_t, 32> mark{};
  const std::array<uint8_t, 1> zero{};
  crypto::blake2b({}, {salt, as_bytes(volume), zero, as_bytes(manifest)}, mark);
  return to_hex(mark);
}

template <typename Wanted>
std::vector<std::string> marks_of(const Report& report, Bytes salt, Wanted wanted) {
  std::vector<std::string> marks;
  for (const VolumeReport& volume : report.volumes) {
    const std::string name = name_of(volume, report);
    if (name.empty() || !wanted(volume)) continue;
    for (const ManifestReport& manifest : report.manifests) marks.push_back(mark_of(salt, name, manifest.id));
  }
  return marks;
}

// The latest of the file's marks that are the report's.
std::optional<Time> latest_in(const std::string& path, const Report& report) {
  const ByteVector content = read_file(path, kMaximumBytes);
  std::istringstream lines{std::string(as_text(content))};
  std::string line;
  if (!std::getline(lines, line) || !line.starts_with(kHead)) return std::nullopt;
  const ByteVector salt = from_hex(std::string_view(line).substr(kHead.size()));
  const std::vector<std::string> marks = marks_of(report, salt, [](const VolumeReport&) { return true; });
  std::optional<Time> latest;
  for (std::string time, mark; lines >> time >> mark;) {
    if (std::find(marks.begin(), marks.end(), mark) == marks.end()) continue;
    const auto when = parse_iso8601(time);
    if (when && (!latest || *when > *latest)) latest = when;
  }
  return latest;
}

bool is_of(const journal::Target& target, const VolumeReport& volume, const Report& report) {
  if (target.partition_guid != volume.partition_guid.value_or(Guid{})) return false;
  if (volume.partition_guid) return true;
  if (target.partition_offset != volume.offset || target.disk_serial.empty()) return false;
  return std::any_of(report.disks.begin(), report.disks.end(), [&](const DiskReport& disk) {
    return disk.path == volume.disk && disk.serial == target.disk_serial;
  });
}

void keep_later(std::optional<Time>& latest, const std::optional<Time>& when) {
  if (when && (!latest || *when > *latest)) latest = when;
}

// Whether a run came to its end: FAT may keep a file's name and lose its content when power is cut.
bool has_whole_marks(const fs::path& path) {
  try {
    const ByteVector content = read_file(path.string(), kMaximumBytes);
    const std::string_view text = as_text(content);
    return text.starts_with(kHead) && text.ends_with('\n') && text.find('\0') == std::string_view::npos;
  } catch (const Error&) {
    return false;
  }
}

// Of the run that a sealed log is of, and that has left no marks.
std::optional<Time> latest_journal(const std::string& directory, const std::string& stem,
                                   const Report& report) {
  std::optional<Time> latest;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const bool of_run =
        entry.path().extension() == ".undo" && entry.path().filename().string().starts_with(stem + "-");
    if (of_run) keep_later(latest, committed_by(entry.path().string(), report));
  }
  return latest;
}

}  // namespace

std::optional<Time> committed_by(const std::string& path, const Report& report) {
  try {
    const journal::Journal journal = journal::Journal::open(path);
    const bool is_ours =
        journal.state() == journal::State::kClosed &&
        std::any_of(report.volumes.begin(), report.volumes.end(),
                    [&](const VolumeReport& volume) { return is_of(journal.target(), volume, report); });
    if (is_ours) return journal.created();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a file that cannot be read tells nothing
  }
  return std::nullopt;
}

void note_fixed(const std::string& directory, const std::string& stem, const Report& report) {
  std::array<uint8_t, kSaltBytes> salt{};
  crypto::random_bytes(salt);
  const std::vector<std::string> marks =
      marks_of(report, salt, [](const VolumeReport& volume) { return volume.verdict == Verdict::kFixed; });
  if (marks.empty()) return;
  std::string text = std::string(kHead) + to_hex(salt) + "\n";
  for (const std::string& mark : marks) text += to_iso8601(report.finished) + " " + mark + "\n";
  write_secret_file(directory + "/" + stem + kSuffix, as_bytes(text));
}

std::optional<Time> fixed_before(const std::string& directory, const Report& report) {
  std::optional<Time> latest;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(audit::kSealedSuffix)) {
      const std::string stem = name.substr(0, name.size() - audit::kSealedSuffix.size());
      if (!has_whole_marks(fs::path(directory) / (stem + kSuffix)))
        keep_later(latest, latest_journal(directory, stem, report));
    }
    if (entry.path().extension() != kSuffix) continue;
    try {
      keep_later(latest, latest_in(entry.path().string(), report));
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a file that cannot be read tells nothing
    }
  }
  return latest;
}

}  // namespace mend::repair
