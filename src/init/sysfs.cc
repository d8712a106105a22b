// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/text.h"

namespace mend::init {
namespace {

constexpr size_t kMaximumBytes = size_t{64} * 1024;

template <typename T>
std::optional<T> number_in(std::string_view text, int base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::string read_text(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() < kMaximumBytes) {
    const ssize_t count = ::read(file, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(piece.data(), static_cast<size_t>(count));
  }
  ::close(file);
  return text;
}

std::string read_line(const std::string& path) {
  return printable(trim_ascii(read_text(path)));
}

std::optional<int64_t> read_number(const std::string& path) {
  return number_in<int64_t>(read_line(path), 10);
}

std::optional<uint32_t> read_hex(const std::string& path) {
  const std::string text = read_line(path);
  const std::string_view digits = text;
  return number_in<uint32_t>(digits.substr(0, 2) == "0x" ? digits.substr(2) : digits, 16);
}

std::vector<Entry> list(const std::string& directory) {
  std::vector<Entry> entries;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (open == nullptr) return entries;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_ino});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

std::string link_name(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length <= 0) return {};
  const std::string_view text(target.data(), static_cast<size_t>(length));
  return std::string(text.substr(text.rfind('/') + 1));  // npos + 1 is 0
}

bool DeviceChanges::any() {
  const std::optional<int64_t> count = read_number(path_);
  const bool changed = !count || count != seen_;
  seen_ = count;
  return changed;
}

std::vector<std::string_view> words(std::string_view text) {
  return split(text, " \t\r\n");
}

std::vector<std::string_view> lines(std::string_view text) {
  return split(text, "\r\n");
}

}  // namespace mend::init
