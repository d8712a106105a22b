// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/installation.h"

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "windows/hive_facts.h"

namespace mend::windows {
namespace {

using ntfs::DirectoryEntry;
using ntfs::MftReference;
using ntfs::Volume;

constexpr size_t kMostFolders = 1000;  // at the root; one with more is no Windows root
constexpr uint64_t kMostSystemBytes = 512ULL << 20;
constexpr uint64_t kMostSoftwareBytes = 1ULL << 30;

bool is_plain_folder(const DirectoryEntry& entry) {
  return entry.is_directory() && (entry.attributes & ntfs::file_attribute::kReparsePoint) == 0;
}

bool same_name(std::u16string_view a, std::string_view ascii) {
  return lower_ascii(to_utf8(a)) == lower_ascii(ascii);
}

// Folders that hold an old or half-made installation, or none by their nature: they cost reads and cannot
// start.
bool cannot_start(std::u16string_view name) {
  return name.empty() || name.front() == u'$' || same_name(name, "Windows.old") ||
         same_name(name, "System Volume Information");
}

std::optional<DirectoryEntry> find_folder(Volume& volume, MftReference parent, std::u16string_view name) {
  std::optional<DirectoryEntry> entry = volume.find(parent, name);
  return entry && is_plain_folder(*entry) ? entry : std::nullopt;
}

struct Candidate {
  DirectoryEntry folder;  // "Windows"
  DirectoryEntry config;  // "Windows\System32\config"
  DirectoryEntry system;  // the hive
};

std::optional<Candidate> examine(Volume& volume, const DirectoryEntry& folder) {
  const auto system32 = find_folder(volume, folder.reference, u"System32");
  if (!system32) return std::nullopt;
  const auto kernel = volume.find(system32->reference, u"ntoskrnl.exe");
  if (!kernel || kernel->is_directory()) return std::nullopt;
  const auto config = find_folder(volume, system32->reference, u"config");
  if (!config) return std::nullopt;
  const auto system = volume.find(config->reference, u"SYSTEM");
  if (!system || system->is_directory()) return std::nullopt;
  return Candidate{folder, *config, *system};
}

std::vector<DirectoryEntry> list_folders(Volume& volume, std::vector<std::string>& warnings) {
  std::vector<DirectoryEntry> folders;
  volume.for_each_entry(ntfs::kRootDirectory, [&](const ntfs::EntryView& view) {
    DirectoryEntry entry = view.to_entry();
    if (entry.name_space == ntfs::NameSpace::kDos || !is_plain_folder(entry) || cannot_start(entry.name))
      return true;
    if (folders.size() == kMostFolders) {
      warnings.push_back(fmt::format(
          "the volume's root has more than {} folders; only those were looked at for Windows", kMostFolders));
      return false;
    }
    folders.push_back(std::move(entry));
    return true;
  });
  return folders;
}

// Reads a hive into memory and hands it on. Nothing that goes wrong leaves here but as a warning (W-1).
void read_hive(Volume& volume, MftReference reference, const char* name, uint64_t most_bytes,
               Installation& into, void (*use)(HiveMemory&, Installation&)) {
  const auto warn = [&](const std::string& why) {
    into.warnings.push_back(
        fmt::format("the hive {} could not be read: {}. What it would tell is missing", name, why));
  };
  try {
    const uint64_t size = volume.stat(reference).size_bytes;
    struct sysinfo host {};
    const uint64_t memory_bytes =
        ::sysinfo(&host) == 0 ? uint64_t{host.totalram} * host.mem_unit : UINT64_MAX;
    if (size > most_bytes || size > memory_bytes / 2) {
      return warn(fmt::format("it has {} bytes, more than is read into memory here", size));
    }
    const ByteVector start = volume.read_file(reference, 0, std::min<uint64_t>(size, 4));
    if (as_text(start) != "regf") return warn("it is not a registry hive");
    HiveMemory memory;
    volume.read_file_to(reference, [&](Bytes piece) { memory.append(piece); });
    use(memory, into);
  } catch (const Error& error) {
    warn(error.what());
  }
}

Installation describe(Volume& volume, const Candidate& candidate) {
  Installation installation;
  installation.windows_directory = printable(to_utf8(candidate.folder.name));
  read_hive(volume, candidate.system.reference, "SYSTEM", kMostSystemBytes, installation, read_system_hive);
  const auto software = volume.find(candidate.config.reference, u"SOFTWARE");
  if (software && !software->is_directory()) {
    read_hive(volume, software->reference, "SOFTWARE", kMostSoftwareBytes, installation, read_software_hive);
  } else {
    installation.warnings.push_back("there is no hive SOFTWARE: product and build are not known");
  }
  return installation;
}

}  // namespace

std::vector<Installation> find_installations(ntfs::Volume& volume) {
  std::vector<std::string> warnings;
  std::vector<Installation> installations;
  for (const DirectoryEntry& folder : list_folders(volume, warnings)) {
    std::optional<Candidate> candidate;
    try {
      candidate = examine(volume, folder);
    } catch (const Error& error) {
      // A damaged folder of another name says nothing about Windows; a failing device concerns everything.
      if (error.code() == ErrorCode::kIo || same_name(folder.name, "Windows")) throw;
      warnings.push_back(fmt::format("the folder {} could not be looked at: {}",
                                     printable(to_utf8(folder.name)), error.what()));
    }
    if (candidate) installations.push_back(describe(volume, *candidate));
  }
  for (Installation& installation : installations) {
    installation.warnings.insert(installation.warnings.end(), warnings.begin(), warnings.end());
  }
  return installations;
}

}  // namespace mend::windows
