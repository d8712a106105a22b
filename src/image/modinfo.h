// SPDX-License-Identifier: GPL-3.0-or-later
// What a kernel module says of itself: the section ".modinfo" of its ELF file, a list of "key=value" texts.
// Used to find a module's dependencies and the hardware that it is for, so that no program of the build host
// has to be run over all modules of a kernel.
//
// Invariants
//   MD-1  Whatever the bytes, a list or an Error kCorrupt "image.modinfo.…"; no read outside of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace mend::image {

class ModuleInfo {
 public:
  // `module`: the unpacked .ko file.
  static ModuleInfo parse(Bytes module);

  // All values of a key, in the order of the file.
  std::vector<std::string> values(std::string_view key) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// A module's name as the kernel has it: '-' is '_'.
std::string module_name(std::string_view text);

}  // namespace mend::image
