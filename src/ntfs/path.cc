// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/path.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs {
namespace {

std::string append(const std::string& folder, std::u16string_view name) {
  std::string path = folder;
  if (!path.empty()) path += '\\';
  path += to_utf8(name);
  return path;
}

DirectoryEntry root_entry() {
  DirectoryEntry root;
  root.reference = root.parent = kRootDirectory;
  root.name = std::u16string(1, u'.');
  root.name_space = NameSpace::kWin32AndDos;
  root.attributes = file_attribute::kDirectory;
  return root;
}

enum class Kind { kFolder, kOther, kReparsePoint };

// By the file's own record: the index's copy may be stale.
Kind kind_of(Volume& volume, MftReference reference) {
  const File file = volume.open(reference);
  if (file.find(AttributeType::kReparsePoint) != nullptr) return Kind::kReparsePoint;
  return file.is_directory() ? Kind::kFolder : Kind::kOther;
}

[[noreturn]] void refuse_reparse(const std::string& path) {
  throw Error(
      ErrorCode::kRefused, "ntfs.path.reparse",
      fmt::format("\"{}\" is a reparse point (a link to another place); a path through it is not followed",
                  printable(path)));
}

// A DOS name stands for the long name that it was made for.
void lead_back_to_long_name(Volume& volume, DirectoryEntry& entry) {
  if (entry.name_space != NameSpace::kDos) return;
  for (Link& link : volume.stat(entry.reference).links) {
    if (link.parent != entry.parent || link.name_space != NameSpace::kWin32) continue;
    entry.name = std::move(link.name);
    entry.name_space = link.name_space;
    return;
  }
  throw Error(ErrorCode::kCorrupt, "ntfs.path.dos",
              fmt::format("file {} has a DOS name without a long one", entry.reference.record));
}

// Calls `use(DirectoryEntry)` for each name in `folder` that one component matches; `use` returns false to
// stop.
template <typename Use>
void match_component(Volume& volume, MftReference folder, const NamePattern& pattern, size_t pattern_units,
                     Use&& use) {
  volume.for_each_entry(
      folder,
      [&](const EntryView& view) {
        if (pattern.is_literal()) {
          // Begins with the whole name; longer ones are sorted behind all that equal it.
          if (view.key.name_le().size() != 2 * pattern_units) return false;
        } else if (view.key.name_space() == NameSpace::kDos || !pattern.matches_le(view.key.name_le())) {
          return true;
        }
        return use(view.to_entry());
      },
      pattern.prefix());
}

}  // namespace

std::vector<std::u16string> split_path(std::string_view path) {
  std::vector<std::u16string> components;
  while (!path.empty()) {
    const size_t end = std::min(path.find_first_of("\\/"), path.size());
    if (end != 0) components.push_back(to_utf16(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return components;
}

std::string join_path(std::span<const std::u16string> components) {
  std::string path;
  for (const std::u16string& component : components) path = append(path, component);
  return path;
}

Resolution resolve(Volume& volume, std::string_view path) {
  return resolve(volume, split_path(path));
}

Resolution resolve(Volume& volume, std::span<const std::u16string> components) {
  Resolution result;
  DirectoryEntry at = root_entry();
  for (size_t i = 0; i < components.size(); ++i) {
    result.absent_component = i;
    if (i != 0) {
      const Kind kind = kind_of(volume, at.reference);
      if (kind == Kind::kReparsePoint) refuse_reparse(result.path);
      if (kind == Kind::kOther) {
        result.absent_component = i - 1;
        result.not_a_directory = true;
        return result;
      }
    }
    std::optional<DirectoryEntry> next = volume.find(at.reference, components[i]);
    if (!next) return result;
    at = std::move(*next);
    result.path = append(result.path, at.name);
  }
  result.entry = std::move(at);
  return result;
}

GlobResult glob(Volume& volume, std::span<const std::u16string> components, size_t limit) {
  GlobResult result;
  std::vector<GlobMatch> folders{{root_entry(), ""}};
  if (components.empty()) {
    result.matches = std::move(folders);
    return result;
  }
  for (size_t i = 0; i < components.size() && !folders.empty(); ++i) {
    const bool last = i + 1 == components.size();
    const NamePattern pattern(components[i], volume.upcase());
    result.absent_component = i;
    result.searched_in = folders.front().path;
    std::vector<GlobMatch> next;
    for (const GlobMatch& folder : folders) {
      match_component(
          volume, folder.entry.reference, pattern, components[i].size(), [&](DirectoryEntry entry) {
            if (!last && !entry.is_directory()) return true;
            if (last && next.size() == limit) {
              result.limit_reached = true;
              return false;
            }
            lead_back_to_long_name(volume, entry);
            std::string path = append(folder.path, entry.name);
            if (!last) {
              const Kind kind = kind_of(volume, entry.reference);
              if (kind == Kind::kReparsePoint && pattern.is_literal()) refuse_reparse(path);
              if (kind == Kind::kReparsePoint && result.passed_over.size() < GlobResult::kMaximumPassedOver)
                result.passed_over.push_back(path);
              if (kind != Kind::kFolder) return true;
            }
            next.push_back({std::move(entry), std::move(path)});
            return true;
          });
      if (result.limit_reached) break;
    }
    folders = std::move(next);
  }
  result.matches = std::move(folders);
  return result;
}

}  // namespace mend::ntfs
