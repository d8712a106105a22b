// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/conditions.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace mend::repair {
namespace {

std::string spaced_hex(Bytes bytes) {
  std::string text;
  for (uint8_t byte : bytes) text += (text.empty() ? "" : " ") + to_hex(Bytes(&byte, 1));
  return text;
}

// "nothing else can be decided from zeros": content that our readers refuse refuses the rule.
template <typename Read>
auto content(Read read) {
  try {
    return read();
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUnsupported) throw;
    throw Error(
        ErrorCode::kRefused, "repair.condition.content",
        std::string("the rule looks at the file's content, which cannot be read here: ") + error.what());
  }
}

std::optional<std::string> header_fails(const ByteVector& wanted, ntfs::Volume& volume,
                                        const ntfs::FileInfo& file) {
  const ByteVector found = content([&] {
    return volume.read_file(file.reference, 0, std::min<uint64_t>(wanted.size(), file.size_bytes));
  });
  if (found == wanted) return std::nullopt;
  return "its first bytes are " + (found.empty() ? "none" : spaced_hex(found)) + ", not " +
         spaced_hex(wanted);
}

std::optional<std::string> time_fails(const char* what, Time found, const std::optional<Time>& before,
                                      const std::optional<Time>& after) {
  if (before && !(found < *before)) {
    return std::string("it was ") + what + " " + to_iso8601(found) + ", not before " + to_iso8601(*before);
  }
  if (after && found < *after) {
    return std::string("it was ") + what + " " + to_iso8601(found) + ", before " + to_iso8601(*after);
  }
  return std::nullopt;
}

std::optional<std::string> build_fails(const manifest::Conditions& when, std::optional<uint32_t> build) {
  if (!when.build_min && !when.build_max) return std::nullopt;
  if (!build) {
    throw Error(ErrorCode::kRefused, "repair.condition.build",
                "the rule asks for the build of Windows, which could not be read from its registry");
  }
  if (when.build_min && *build < *when.build_min) {
    return "Windows is build " + std::to_string(*build) + ", older than " + std::to_string(*when.build_min);
  }
  if (when.build_max && *build > *when.build_max) {
    return "Windows is build " + std::to_string(*build) + ", newer than " + std::to_string(*when.build_max);
  }
  return std::nullopt;
}

std::optional<std::string> size_fails(const manifest::Conditions& when, uint64_t size) {
  if (when.size_min && size < *when.size_min) {
    return "it has " + std::to_string(size) + " bytes, fewer than " + std::to_string(*when.size_min);
  }
  if (when.size_max && size > *when.size_max) {
    return "it has " + std::to_string(size) + " bytes, more than " + std::to_string(*when.size_max);
  }
  return std::nullopt;
}

// "it has at least 1 bytes", and so on: what has to hold, in the order of first_failing().
std::vector<std::string> what_holds(const manifest::Conditions& when) {
  std::vector<std::string> held;
  const auto add = [&](const auto& given, const char* words, const auto& show) {
    if (given) held.push_back(words + show(*given));
  };
  const auto number = [](auto value) { return std::to_string(value); };
  add(when.build_min, "Windows is at least build ", number);
  add(when.build_max, "Windows is at most build ", number);
  add(when.size_min, "its size in bytes is at least ", number);
  add(when.size_max, "its size in bytes is at most ", number);
  add(when.modified_before, "it was modified before ", to_iso8601);
  add(when.modified_after, "it was modified at or after ", to_iso8601);
  add(when.created_before, "it was created before ", to_iso8601);
  add(when.created_after, "it was created at or after ", to_iso8601);
  add(when.header, "its first bytes are ", [](const ByteVector& bytes) { return spaced_hex(bytes); });
  if (!when.sha256.empty())
    held.push_back("its SHA-256 is one of " + std::to_string(when.sha256.size()) + " listed");
  return held;
}

}  // namespace

std::string in_words(const manifest::Rule& rule) {
  std::string text = std::string(manifest::to_string(rule.action)) + " " + printable(rule.path_text);
  if (rule.action == manifest::Action::kRename) text += " to " + printable(to_utf8(rule.new_name));
  const std::vector<std::string> held = what_holds(rule.when);
  for (size_t i = 0; i < held.size(); ++i)
    text += (i == 0 ? ", if " : i + 1 == held.size() ? " and " : ", ") + held[i];
  return text;
}

std::string sha256_of_file(ntfs::Volume& volume, const ntfs::FileInfo& file) {
  crypto::Sha256 hash;
  volume.read_file_to(file.reference, [&](Bytes piece) { hash.update(piece); });
  return to_hex(hash.finish());
}

std::optional<std::string> first_failing(const manifest::Conditions& when, ntfs::Volume& volume,
                                         const ntfs::FileInfo& file, std::optional<uint32_t> build) {
  if (file.is_directory) return "it is a folder, and rules act on files";
  if (auto why = build_fails(when, build)) return why;
  if (auto why = size_fails(when, file.size_bytes)) return why;
  if (auto why = time_fails("modified", file.modified, when.modified_before, when.modified_after)) return why;
  if (auto why = time_fails("created", file.created, when.created_before, when.created_after)) return why;
  if (when.header) {
    if (auto why = header_fails(*when.header, volume, file)) return why;
  }
  if (!when.sha256.empty()) {
    const std::string found = content([&] { return sha256_of_file(volume, file); });
    const bool listed =
        std::any_of(when.sha256.begin(), when.sha256.end(),
                    [&](const crypto::Sha256Digest& digest) { return to_hex(digest) == found; });
    if (!listed) return "its SHA-256 is " + found + ", which is not on the rule's list";
  }
  return std::nullopt;
}

}  // namespace mend::repair
