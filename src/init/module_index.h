// SPDX-License-Identifier: GPL-3.0-or-later
// Which kernel module a device asks for, and what must be loaded before it: modules.alias, modules.dep and
// modules.softdep of /lib/modules/<version>, in the text form that depmod writes. Knows nothing of the kernel
// that runs; loader.h does the loading.
//
// Invariants
//   MI-1  '-' and '_' are one letter in names and, outside of brackets, in aliases.
//   MI-2  order() ends for whatever lists, also where they name each other in circles; no module is in it
//   twice. MI-3  A line that is not understood is left out; a list that is absent is an empty one.
// A value; copyable.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mend::init {

// The name of a module out of its name or its file's path: "kernel/drivers/mfd/intel-lpss.ko" and
// "intel-lpss" are both "intel_lpss".
std::string module_name(std::string_view name_or_path);

class ModuleIndex {
 public:
  ModuleIndex() = default;
  // The three lists in `directory`.
  static ModuleIndex read(const std::string& directory);
  // The same from texts.
  ModuleIndex(std::string directory, std::string_view dependencies, std::string_view aliases,
              std::string_view soft_dependencies);

  // Names of the modules whose alias matches, in the order of the list, each once.
  std::vector<std::string> matching(std::string_view modalias) const;
  // What to load for a module, itself among it: what it needs before, what is to follow after. Empty when
  // there is no such module, as for what is built into the kernel.
  std::vector<std::string> order(std::string_view name) const;
  bool has(const std::string& name) const { return modules_.count(name) != 0; }
  // The path of a module's file; empty when there is no such module.
  std::string file(const std::string& name) const;
  size_t size() const { return modules_.size(); }

 private:
  struct Module {
    std::string file;                        // below directory_
    std::vector<std::string> dependencies;   // in the order in which they are to be loaded
    std::vector<std::string> before, after;  // softdep: names or aliases
  };
  struct Alias {
    std::string_view pattern, module;  // parts of alias_text_
  };

  void add_dependencies(std::string_view line);
  void add_alias(std::string_view line);
  void add_soft_dependencies(std::string_view line);
  void visit(const std::string& name, std::vector<std::string>& seen, std::vector<std::string>& order) const;
  void visit_soft(const std::vector<std::string>& wanted, std::vector<std::string>& seen,
                  std::vector<std::string>& order) const;

  std::string directory_;
  std::map<std::string, Module, std::less<>> modules_;
  std::shared_ptr<const std::string> alias_text_;  // shared by copies, which point into it
  // By what stands before the first colon; those with a wildcard there under "".
  std::map<std::string_view, std::vector<Alias>> aliases_;
};

}  // namespace mend::init
