// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/wanted_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace mend::console {
namespace {

constexpr std::string_view kHeader = "protector_id,host,description,serial,first_wanted\n";
constexpr uint64_t kMostBytes = uint64_t{16} << 20;

// RFC 4180.
std::string field(std::string_view text) {
  std::string shown = printable(text);
  if (shown.find_first_of(",\"\r\n") == std::string::npos) return shown;
  std::string out = "\"";
  for (const char c : shown) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// "PC01 C: 19/07/2024": the computer's name begins it.
std::string host_in(const std::string& description) {
  const size_t colon = description.find(": ");
  return colon == std::string::npos || colon < 3 ? "" : description.substr(0, colon - 2);
}

[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorCode::kIo, "console.wanted.write",
              "cannot write " + path + ": " + std::strerror(errno) +
                  "; the keys wanted are on the screen and in the log");
}

void replace(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(path);
  const bool written =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) fail(path);
  const int folder = ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::syncfs(folder);
  ::close(folder);
}

}  // namespace

size_t note_wanted_keys(const std::string& path, const repair::Report& report, const std::string& serial,
                        Time now) {
  std::string text;
  if (::access(path.c_str(), F_OK) == 0) text = std::string(as_text(read_file(path, kMostBytes)));
  if (text.empty()) text = kHeader;
  if (text.back() != '\n') text += '\n';
  size_t added = 0;
  for (const repair::VolumeReport& volume : report.volumes) {
    if (volume.verdict != repair::Verdict::kLocked || !volume.encryption) continue;
    for (const std::string& id : volume.encryption->recovery_ids) {
      if (lower_ascii(text).find(lower_ascii(id)) != std::string::npos) continue;  // WK-1
      const std::string& description = volume.encryption->description;
      text += id + "," + field(host_in(description)) + "," + field(description) + "," + field(serial) + "," +
              to_iso8601(now).substr(0, 10) + "\n";
      ++added;
    }
  }
  if (added != 0) replace(path, text);
  return added;
}

}  // namespace mend::console
