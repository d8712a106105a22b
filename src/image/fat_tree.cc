// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr uint64_t kEntryBytes = 32;
constexpr uint64_t kLargestFileBytes = 0xFFFFFFFF;
constexpr uint64_t kLargestFolderBytes = 65536 * kEntryBytes;
constexpr uint8_t kArchive = 0x20;
constexpr uint8_t kFolder = 0x10;
constexpr uint8_t kLabel = 0x08;

class Builder {
 public:
  explicit Builder(const FatRequest& request) : request_(request) {
    tree_.push_back({.is_folder = true});
    for (const FatFolder& folder : request.folders) {
      FatNode& node = tree_[folder_at(folder.path)];
      node.room_bytes = std::max(node.room_bytes, folder.room_bytes);
    }
    for (size_t i = 0; i < request.files.size(); ++i) add_file(i);
  }

  std::vector<FatNode> finish() {
    for (size_t i = 0; i < tree_.size(); ++i) {
      if (!tree_[i].is_folder) continue;
      std::sort(tree_[i].children.begin(), tree_[i].children.end(),
                [&](size_t a, size_t b) { return tree_[a].name < tree_[b].name; });
      give_short_names(tree_[i]);
      measure(i);
    }
    return std::move(tree_);
  }

 private:
  // The folder of that path, made with those above it where it is not there.
  size_t folder_at(std::string_view path) {
    size_t at = 0;
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      at = child(at, path.substr(0, slash), true);
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return at;
  }

  void add_file(size_t index) {
    const FatFile& file = request_.files[index];
    const size_t slash = file.path.rfind('/');
    const bool in_root = slash == std::string::npos;
    const size_t folder = in_root ? 0 : folder_at(file.path.substr(0, slash));
    const size_t node = child(folder, std::string_view(file.path).substr(in_root ? 0 : slash + 1), false);
    if (file.content.size_bytes() > kLargestFileBytes) {
      throw Error(ErrorCode::kRefused, "image.fat.large",
                  fmt::format("{} has {}; a file on FAT has less than 4 GiB", printable(file.path),
                              size_text(file.content.size_bytes())));
    }
    tree_[node].file = index;
    tree_[node].size_bytes = file.content.size_bytes();
  }

  // A file is always new; a folder may be there.
  size_t child(size_t parent, std::string_view name, bool is_folder) {
    if (const auto fault = fat_name_fault(name)) {
      throw Error(ErrorCode::kUsage, "image.fat.name",
                  fmt::format("\"{}\" cannot be a name on the stick: {}", printable(name), *fault));
    }
    const auto [place, is_new] = names_.emplace(std::pair(parent, folded_fat_name(name)), tree_.size());
    if (!is_new) {
      const FatNode& there = tree_[place->second];
      if (is_folder && there.is_folder && there.name == name) return place->second;
      throw Error(ErrorCode::kUsage, "image.fat.same",
                  fmt::format("\"{}\" and \"{}\" are the same name on the stick", printable(there.name),
                              printable(name)));
    }
    tree_.push_back({.name = std::string(name), .is_folder = is_folder, .parent = parent});
    tree_[parent].children.push_back(place->second);
    return place->second;
  }

  // Names that are short ones by themselves keep theirs, whatever comes before them.
  void give_short_names(const FatNode& folder) {
    std::set<ShortName> taken;
    std::vector<size_t> others;
    for (size_t child : folder.children) {
      const auto plain = plain_short_name(tree_[child].name);
      if (plain && taken.insert(*plain).second) {
        tree_[child].short_name = *plain;
      } else {
        others.push_back(child);
      }
    }
    for (size_t child : others) tree_[child].short_name = numbered_short_name(tree_[child].name, taken);
  }

  void measure(size_t index) {
    FatNode& folder = tree_[index];
    uint64_t entries = index == 0 ? 1 : 2;  // the label; "." and ".."
    for (size_t child : folder.children) {
      const FatNode& node = tree_[child];
      entries += 1 + long_name_entries(node.name, node.short_name).size() / kEntryBytes;
    }
    folder.size_bytes = align_up(entries * kEntryBytes + folder.room_bytes + kEntryBytes, kBlockBytes);
    if (folder.size_bytes > kLargestFolderBytes) {
      throw Error(ErrorCode::kRefused, "image.fat.folder",
                  fmt::format("the folder \"{}\" holds more files than FAT takes in one", folder.name));
    }
  }

  const FatRequest& request_;
  std::vector<FatNode> tree_;
  std::map<std::pair<size_t, std::u16string>, size_t> names_;  // of a folder, folded
};

struct FatTime {
  uint16_t date = 0;
  uint16_t time = 0;
};

// FAT knows 1980 to 2107, in steps of two seconds.
FatTime fat_time(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<seconds> clock(floor<seconds>(time - day));
  const int year = static_cast<int>(date.year());
  if (year < 1980) return {0x21, 0};
  if (year > 2107) return {0xFF9F, 0};
  const unsigned packed_date = static_cast<unsigned>(year - 1980) << 9 |
                               static_cast<unsigned>(date.month()) << 5 | static_cast<unsigned>(date.day());
  const auto packed_time =
      clock.hours().count() << 11 | clock.minutes().count() << 5 | clock.seconds().count() / 2;
  return {static_cast<uint16_t>(packed_date), static_cast<uint16_t>(packed_time)};
}

class EntryWriter {
 public:
  EntryWriter(ByteVector& bytes, Time time) : bytes_(bytes), time_(fat_time(time)) {}

  void add(const ShortName& name, uint8_t attributes, uint32_t cluster, uint32_t size_bytes) {
    const MutableBytes entry = slice(MutableBytes(bytes_), at_, kEntryBytes);
    std::copy(name.begin(), name.end(), entry.begin());
    entry[11] = attributes;
    if (attributes != kLabel) {
      write_le<uint16_t>(entry, 14, time_.time);  // made
      write_le<uint16_t>(entry, 16, time_.date);
      write_le<uint16_t>(entry, 18, time_.date);  // read
    }
    write_le<uint16_t>(entry, 20, static_cast<uint16_t>(cluster >> 16));
    write_le<uint16_t>(entry, 22, time_.time);  // written
    write_le<uint16_t>(entry, 24, time_.date);
    write_le<uint16_t>(entry, 26, static_cast<uint16_t>(cluster));
    write_le<uint32_t>(entry, 28, size_bytes);
    at_ += kEntryBytes;
  }
  void add(const ByteVector& entries) {
    const MutableBytes place = slice(MutableBytes(bytes_), at_, entries.size());
    std::copy(entries.begin(), entries.end(), place.begin());
    at_ += entries.size();
  }

 private:
  ByteVector& bytes_;
  FatTime time_;
  size_t at_ = 0;
};

ShortName short_name_of(std::string_view text) {
  ShortName name;
  name.fill(' ');
  std::copy(text.begin(), text.end(), name.begin());
  return name;
}

}  // namespace

std::vector<FatNode> make_fat_tree(const FatRequest& request) {
  return Builder(request).finish();
}

ByteVector directory_bytes(const std::vector<FatNode>& tree, size_t index, const FatRequest& request) {
  const FatNode& folder = tree[index];
  ByteVector bytes(static_cast<size_t>(folder.size_bytes));
  EntryWriter writer(bytes, request.time);
  if (index != 0) {
    writer.add(short_name_of("."), kFolder, folder.first_cluster, 0);
    // The root's cluster is written as 0 here.
    writer.add(short_name_of(".."), kFolder, folder.parent == 0 ? 0 : tree[folder.parent].first_cluster, 0);
  } else if (!request.label.empty()) {
    writer.add(short_name_of(request.label), kLabel, 0, 0);
  }
  for (size_t child : folder.children) {
    const FatNode& node = tree[child];
    writer.add(long_name_entries(node.name, node.short_name));
    writer.add(node.short_name, node.is_folder ? kFolder : kArchive, node.first_cluster,
               node.is_folder ? 0 : static_cast<uint32_t>(node.size_bytes));
  }
  return bytes;
}

}  // namespace mend::image
