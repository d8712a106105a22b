// SPDX-License-Identifier: GPL-3.0-or-later
// Which of a kernel's modules are on the stick: those that modules.conf names and all that they need,
// unpacked out of the kernel's package, with the lists that init reads. The head of image/modules.conf
// describes both texts.
//
// Invariants
//   MO-1  What is named is in the result or built into the kernel; else the build fails with the line.
//   MO-2  The result is closed: what a module needs is there too, or built in.
//   MO-3  A module's bytes are those that were signed: unpacked, and nothing else.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "image/cpio.h"
#include "image/modinfo.h"

namespace mend::image {

struct WantedModule {
  std::string name;     // '_' for '-'
  std::string options;  // "delay_use=0"; may be empty
  bool always = false;
  bool first = false;
  bool often = false;  // nearly every PC wants it
  bool later = false;  // loaded on every machine, when nothing else is to be done
  bool newer = false;  // an older kernel may be without it
  int line = 0;
};

// kUsage "image.modules.line", with `file` and the line: a line that is not understood, or a name twice.
std::vector<WantedModule> parse_module_list(std::string_view text, const std::string& file);

class ModuleTree {
 public:
  // `folder`: lib/modules/VERSION of an unpacked kernel package. kCorrupt "image.modules.tree" when it is
  // none.
  explicit ModuleTree(std::string folder);

  bool is_module(const std::string& name) const { return files_.count(name) != 0; }
  bool is_built_in(const std::string& name) const { return built_in_.count(name) != 0; }
  // Below the folder, without what it is packed with: "kernel/fs/fat/vfat.ko".
  std::string path_of(const std::string& name) const;
  // The module's bytes, unpacked. REQUIRES: is_module(name).
  ByteVector read(const std::string& name) const;

 private:
  std::string folder_;
  std::map<std::string, std::string> files_;  // name -> path below the folder, as it is packed
  std::map<std::string, bool> built_in_;
};

struct ModuleSet {
  struct Module {
    std::string path;  // below lib/modules/VERSION
    ByteVector content;
    std::vector<std::string> needs;      // names, directly
    std::vector<std::string> aliases;    // patterns of hardware, and of what else asks for it
    std::vector<std::string> soft_deps;  // "pre: a b post: c"
  };
  std::map<std::string, Module> modules;  // by name
  std::vector<WantedModule> wanted;       // as named, without what is built in

  // Those that are loaded on nearly every PC: the `first`, `always`, `often` and `later` ones, and what they
  // need.
  std::set<std::string> often() const;
  // The texts of the lists.
  std::string dependency_list() const;       // modules.dep
  std::string alias_list() const;            // modules.alias
  std::string soft_dependency_list() const;  // modules.softdep
  std::string first_list() const;            // modules.first
  std::string always_list() const;           // modules.load
  std::string later_list() const;            // modules.later
  std::string option_list() const;           // modules.options
};

// kNotFound "image.modules.none" names all that are neither modules nor built in (MO-1).
ModuleSet collect_modules(const ModuleTree& tree, const std::vector<WantedModule>& wanted,
                          const std::string& list_file);

// The content of a file that xz made. kCorrupt "image.modules.xz"; kRefused when it is more than
// `limit_bytes`.
ByteVector unpack_xz(Bytes packed, uint64_t limit_bytes);

}  // namespace mend::image
