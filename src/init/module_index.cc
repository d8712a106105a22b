// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/module_index.h"

#include <fnmatch.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "init/sysfs.h"

namespace mend::init {
namespace {

constexpr uint64_t kMaximumListBytes = uint64_t{16} * 1024 * 1024;

// MI-1. Inside of brackets a '-' is a range. A bracket that is left open ends with its line.
std::string with_underscores(std::string_view aliases) {
  std::string result(aliases);
  bool in_brackets = false;
  for (char& c : result) {
    if (c == '[') in_brackets = true;
    if (c == ']' || c == '\n') in_brackets = false;
    if (c == '-' && !in_brackets) c = '_';
  }
  return result;
}

// What aliases are filed under: "pci" of "pci:v*"; "" where that is no fixed text.
std::string_view bus_of(std::string_view alias) {
  const size_t end = alias.find_first_of(":*?[");
  return end == std::string_view::npos || alias[end] == ':' ? alias.substr(0, end) : std::string_view{};
}

// What stands before the first wildcard decides nearly always, and fnmatch takes its time.
bool matches(std::string_view pattern, const std::string& text) {
  const size_t wildcard = std::min(pattern.find_first_of("*?[\\"), pattern.size());
  if (text.compare(0, wildcard, pattern, 0, wildcard) != 0) return false;
  return ::fnmatch(std::string(pattern).c_str(), text.c_str(), 0) == 0;
}

std::string read_list(const std::string& path) {
  try {
    const ByteVector content = read_file(path, kMaximumListBytes);
    return std::string(as_text(content));
  } catch (const Error&) {
    return {};  // MI-3
  }
}

void add_once(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

template <typename T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

std::string module_name(std::string_view name_or_path) {
  std::string_view name = name_or_path.substr(name_or_path.rfind('/') + 1);  // npos + 1 is 0
  name = name.substr(0, name.find(".ko"));
  std::string result(name);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

ModuleIndex ModuleIndex::read(const std::string& directory) {
  return {directory, read_list(directory + "/modules.dep"), read_list(directory + "/modules.alias"),
          read_list(directory + "/modules.softdep")};
}

ModuleIndex::ModuleIndex(std::string directory, std::string_view dependencies, std::string_view aliases,
                         std::string_view soft_dependencies)
    : directory_(std::move(directory)),
      alias_text_(std::make_shared<const std::string>(with_underscores(aliases))) {
  for (const std::string_view line : lines(dependencies)) add_dependencies(line);
  for (const std::string_view line : lines(*alias_text_)) add_alias(line);
  for (const std::string_view line : lines(soft_dependencies)) add_soft_dependencies(line);
}

// "kernel/a.ko: kernel/b.ko kernel/c.ko": c is needed by b, so it comes first.
void ModuleIndex::add_dependencies(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  Module module;
  module.file = std::string(line.substr(0, colon));
  for (const std::string_view path : words(line.substr(colon + 1)))
    module.dependencies.push_back(module_name(path));
  std::reverse(module.dependencies.begin(), module.dependencies.end());
  const std::string name = module_name(module.file);
  modules_.insert_or_assign(name, std::move(module));
}

// `line` is a part of alias_text_: there are thousands, so that nothing of them is copied.
void ModuleIndex::add_alias(std::string_view line) {
  constexpr std::string_view kWord = "alias ";
  if (line.substr(0, kWord.size()) != kWord) return;
  line.remove_prefix(kWord.size());
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || line.find(' ', blank + 1) != std::string_view::npos) return;
  const std::string_view pattern = line.substr(0, blank);
  aliases_[bus_of(pattern)].push_back({pattern, line.substr(blank + 1)});
}

void ModuleIndex::add_soft_dependencies(std::string_view line) {
  const std::vector<std::string_view> parts = words(line);
  if (parts.size() < 3 || parts[0] != "softdep") return;
  const auto module = modules_.find(module_name(parts[1]));
  if (module == modules_.end()) return;
  std::vector<std::string>* list = nullptr;
  for (size_t i = 2; i < parts.size(); ++i) {
    if (parts[i] == "pre:") {
      list = &module->second.before;
    } else if (parts[i] == "post:") {
      list = &module->second.after;
    } else if (list != nullptr) {
      list->emplace_back(parts[i]);
    }
  }
}

std::vector<std::string> ModuleIndex::matching(std::string_view modalias) const {
  const std::string text = with_underscores(modalias);
  std::vector<std::string> names;
  for (const std::string_view bus : {bus_of(text), std::string_view{}}) {
    const auto found = aliases_.find(bus);
    if (found == aliases_.end()) continue;
    for (const Alias& alias : found->second) {
      if (matches(alias.pattern, text)) add_once(names, alias.module);
    }
    if (bus.empty()) break;
  }
  return names;
}

void ModuleIndex::visit_soft(const std::vector<std::string>& wanted, std::vector<std::string>& seen,
                             std::vector<std::string>& order) const {
  for (const std::string& name_or_alias : wanted) {
    visit(module_name(name_or_alias), seen, order);
    for (const std::string& name : matching(name_or_alias)) visit(name, seen, order);
  }
}

void ModuleIndex::visit(const std::string& name, std::vector<std::string>& seen,
                        std::vector<std::string>& order) const {
  const auto module = modules_.find(name);
  if (module == modules_.end() || contains(seen, name)) return;  // MI-2
  seen.push_back(name);
  visit_soft(module->second.before, seen, order);
  for (const std::string& dependency : module->second.dependencies) visit(dependency, seen, order);
  order.push_back(name);
  visit_soft(module->second.after, seen, order);
}

std::vector<std::string> ModuleIndex::order(std::string_view name) const {
  std::vector<std::string> seen;
  std::vector<std::string> order;
  visit(module_name(name), seen, order);
  return order;
}

std::string ModuleIndex::file(const std::string& name) const {
  const auto module = modules_.find(name);
  return module == modules_.end() ? std::string() : directory_ + "/" + module->second.file;
}

}  // namespace mend::init
