// SPDX-License-Identifier: GPL-3.0-or-later
// base.json: what a base's directory holds, so that it can be opened later and elsewhere. Written by
// assemble_base(), read by open_base(). JSON: "format" (1), "kernel_version", "sha256", "files"
// (path_on_stick, file, size_bytes, sha256), "packages" (name, version, architecture, use, sha256, licences).
// The boot code, the core and the menu's template are files too, without a path on the stick.
#pragma once

#include <string>
#include <string_view>

#include "image/base.h"

namespace mend::image {

inline constexpr std::string_view kBaseList = "base.json";
inline constexpr std::string_view kBootCodeFile = "boot-sector-code";
inline constexpr std::string_view kCoreFile = "bios-core";
inline constexpr std::string_view kMenuFile = "grub.cfg";

std::string to_json(const Base& base);
// Everything but `directory`, and without the content of the three files. kCorrupt "image.base.list".
Base base_from_json(std::string_view text);

// Over all of a base but its directory and its `sha256`.
crypto::Sha256Digest digest_of(const Base& base);

}  // namespace mend::image
