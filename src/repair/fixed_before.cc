// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/fixed_before.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "crypto/random.h"
#include "crypto/sealing.h"

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

}  // namespace

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
    if (entry.path().extension() != kSuffix) continue;
    try {
      const auto when = latest_in(entry.path().string(), report);
      if (when && (!latest || *when > *latest)) latest = when;
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a file that cannot be read tells nothing
    }
  }
  return latest;
}

}  // namespace mend::repair
