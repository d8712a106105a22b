// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/conditions.h"

#include <algorithm>

#include "base/error.h"
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

}  // namespace

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
