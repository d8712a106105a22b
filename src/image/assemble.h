// SPDX-License-Identifier: GPL-3.0-or-later
// Puts a base together out of packages that are unpacked already. The part of making a base that depends on
// nothing but its input: no download, no clock, no setting of this machine (IB-1 in image/base.h).
#pragma once

#include <map>
#include <string>

#include "image/base.h"
#include "image/packages.h"

namespace mend::image {

// The parts directory, read.
struct BaseParts {
  ByteVector init, mend;
  std::string package_list, module_list, menu_template, components;
  std::string package_list_file, module_list_file;  // for messages
  std::map<std::string, std::string> copyrights;    // package -> its copyright file
};

// kUsage "image.parts.…" names the file that is absent or cannot go onto a stick.
BaseParts read_parts(const std::string& directory);

// Which base these parts and packages make: 16 hexadecimal digits, before anything is made.
std::string fingerprint(const BaseParts& parts, const Selection& selection);

// Writes all files of a base and base.json into `directory`, which is there and empty. `unpacked`: one folder
// with all packages of the selection in it. kCorrupt "image.base.unsigned" when one of the programs that the
// firmware checks has no signature.
Base assemble_base(const BaseParts& parts, const Selection& selection, const std::string& unpacked,
                   const std::string& directory, Progress& progress);

}  // namespace mend::image
