// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/cpio.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr uint32_t kDirectoryMode = S_IFDIR | 0755U;

bool is_good_name(std::string_view name) {
  if (name.empty() || name == kTrailer || name.find('\0') != std::string_view::npos) return false;
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

void append(ByteVector& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

void pad(ByteVector& bytes, uint64_t unit) {
  bytes.resize(align_up(bytes.size(), unit));
}

// The header of 110 characters, the name with its NUL, the content; the last two padded to four bytes.
void append_entry(ByteVector& to, std::string_view name, uint32_t inode, uint32_t mode, Bytes content) {
  const uint32_t links = S_ISDIR(mode) ? 2 : 1;
  append(to,
         fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
                     inode, mode, 0, 0, links, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0));
  append(to, name);
  to.push_back(0);
  pad(to, 4);
  to.insert(to.end(), content.begin(), content.end());
  pad(to, 4);
}

}  // namespace

void CpioArchive::add(const std::string& name, Entry&& entry) {
  if (!is_good_name(name))
    throw Error(ErrorCode::kUsage, "image.cpio.name",
                "an archive cannot hold the name '" + printable(name) + "'");
  if (entry.content.size() > std::numeric_limits<uint32_t>::max())
    throw Error(ErrorCode::kUsage, "image.cpio.size", name + " is too large for an archive: 4 GiB or more");
  const auto [place, is_new] = entries_.try_emplace(name, std::move(entry));
  if (!is_new) throw Error(ErrorCode::kUsage, "image.cpio.twice", name + " is twice in one archive");
}

void CpioArchive::add_directory(const std::string& name, uint32_t permissions) {
  add(name, {S_IFDIR | permissions, {}});
}

void CpioArchive::add_file(const std::string& name, ByteVector content, uint32_t permissions) {
  add(name, {S_IFREG | permissions, std::move(content)});
}

ByteVector CpioArchive::bytes() const {
  // In the order of a map a name comes before all that it begins, so a directory before what lies in it.
  std::map<std::string_view, const Entry*> all;
  const Entry directory{kDirectoryMode, {}};
  for (const auto& [name, entry] : entries_) {
    for (size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1))
      all.try_emplace(std::string_view(name).substr(0, end), &directory);
    all[name] = &entry;
  }
  ByteVector out;
  uint32_t inode = 0;
  for (const auto& [name, entry] : all) append_entry(out, name, ++inode, entry->mode, entry->content);
  append_entry(out, kTrailer, 0, 0, {});
  pad(out, 512);
  return out;
}

}  // namespace mend::image
