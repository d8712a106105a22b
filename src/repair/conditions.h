// SPDX-License-Identifier: GPL-3.0-or-later
// Does a file meet a rule's conditions? Where not, which one fails and what was found.
#pragma once

#include <optional>
#include <string>

#include "manifest/manifest.h"
#include "ntfs/volume.h"

namespace mend::repair {

// A file's content hashed, in pieces. Errors as ntfs::Volume::read_file_to.
std::string sha256_of_file(ntfs::Volume& volume, const ntfs::FileInfo& file);

// Nullopt: all hold. Otherwise a phrase for the technician, such as "header is 00 00 00 00, not AA AA AA AA".
// kRefused when a condition cannot be decided: content that only Windows can read, or a build that is not
// known.
std::optional<std::string> first_failing(const manifest::Conditions& when, ntfs::Volume& volume,
                                         const ntfs::FileInfo& file, std::optional<uint32_t> build);

// "quarantine Windows\System32\x*.sys, if its first bytes are aa aa and it was modified before 2024-…": for
// the person who is asked for consent.
std::string in_words(const manifest::Rule& rule);

}  // namespace mend::repair
