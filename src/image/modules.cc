// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/modules.h"

#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/files.h"

namespace mend::image {
namespace {

constexpr uint64_t kMostModuleBytes = uint64_t{64} * 1024 * 1024;
constexpr uint64_t kMostListBytes = uint64_t{4} * 1024 * 1024;
constexpr uint64_t kMostXzMemory = uint64_t{256} * 1024 * 1024;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

[[noreturn]] void throw_line(const std::string& file, int line, const std::string& what) {
  throw Error(ErrorCode::kUsage, "image.modules.line", fmt::format("{}:{}: {}", file, line, what));
}

WantedModule parse_line(std::vector<std::string> words, const std::string& file, int line) {
  WantedModule wanted;
  wanted.line = line;
  for (const auto& [word, flag] : {std::pair("first", &wanted.first),
                                   {"always", &wanted.always},
                                   {"often", &wanted.often},
                                   {"later", &wanted.later},
                                   {"newer", &wanted.newer}}) {
    if (words.front() != word) continue;
    *flag = true;
    words.erase(words.begin());
    break;
  }
  if (words.empty() || !is_name(words.front()))
    throw_line(file, line, "the name of a kernel module was to come here");
  wanted.name = module_name(words.front());
  words.erase(words.begin());
  for (const std::string& word : words) {
    if (!is_name(word.substr(0, word.find('='))))
      throw_line(file, line, "'" + printable(word) + "' is no option of a module, such as delay_use=0");
    wanted.options += (wanted.options.empty() ? "" : " ") + word;
  }
  return wanted;
}

// "kernel/fs/fat/vfat.ko.xz" -> "vfat"; empty for what is no module.
std::string name_of_file(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".xz")) name.remove_suffix(3);
  if (!name.ends_with(".ko")) return {};
  name.remove_suffix(3);
  return module_name(name);
}

// The names in "pre: a b post: c", without the two words.
std::vector<std::string> names_in_soft_dependency(const std::string& text) {
  std::vector<std::string> names = words_of(text);
  std::erase_if(names, [](const std::string& word) { return word == "pre:" || word == "post:"; });
  for (std::string& name : names) name = module_name(name);
  return names;
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');)
    if (!name.empty()) names.push_back(module_name(name));
  return names;
}

ModuleSet::Module read_module(const ModuleTree& tree, const std::string& name) {
  ModuleSet::Module module;
  module.path = tree.path_of(name);
  module.content = tree.read(name);
  try {
    const ModuleInfo info = ModuleInfo::parse(module.content);
    for (const std::string& value : info.values("depends"))
      for (std::string& needed : split_commas(value)) module.needs.push_back(std::move(needed));
    module.aliases = info.values("alias");
    module.soft_deps = info.values("softdep");
  } catch (Error& error) {
    error.with_context(module.path);
    throw;
  }
  return module;
}

// The module and all that it needs.
void add_with_needs(const ModuleTree& tree, const std::string& first, ModuleSet& set) {
  std::vector<std::string> open{first};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    if (set.modules.count(name) != 0) continue;
    const ModuleSet::Module& module = set.modules[name] = read_module(tree, name);
    for (const std::string& needed : module.needs) {
      if (tree.is_module(needed)) {
        open.push_back(needed);
      } else if (!tree.is_built_in(needed)) {
        throw Error(
            ErrorCode::kCorrupt, "image.modules.needed",
            module.path + " needs the module " + needed + ", which the kernel's package does not have");
      }
    }
    // Unlike the ones above, these may be absent: then the kernel does without.
    for (const std::string& text : module.soft_deps)
      for (const std::string& soft : names_in_soft_dependency(text))
        if (tree.is_module(soft)) open.push_back(soft);
  }
}

// What a module needs, directly or not, the last to be loaded first.
void add_needs(const std::map<std::string, ModuleSet::Module>& modules, const std::string& name,
               std::set<std::string>& seen, std::vector<std::string>& loaded_in_order) {
  for (const std::string& needed : modules.at(name).needs) {
    if (modules.count(needed) == 0 || !seen.insert(needed).second) continue;  // built in, or there already
    add_needs(modules, needed, seen, loaded_in_order);
    loaded_in_order.push_back(modules.at(needed).path);
  }
}

}  // namespace

std::vector<WantedModule> parse_module_list(std::string_view text, const std::string& file) {
  std::vector<WantedModule> list;
  std::set<std::string> names;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::vector<std::string> words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) continue;
    list.push_back(parse_line(words, file, number));
    if (!names.insert(list.back().name).second)
      throw_line(file, number, list.back().name + " is named a second time");
  }
  return list;
}

ModuleTree::ModuleTree(std::string folder) : folder_(std::move(folder)) {
  for (const std::string& path : files_below(folder_)) {
    const std::string name = name_of_file(path);
    if (!name.empty()) files_.emplace(name, path);
  }
  if (files_.empty())
    throw Error(ErrorCode::kCorrupt, "image.modules.tree",
                "there are no kernel modules (.ko or .ko.xz) in " + folder_);
  const ByteVector built_in = read_file(folder_ + "/modules.builtin", kMostListBytes);
  std::istringstream lines{std::string(as_text(built_in))};
  for (std::string line; std::getline(lines, line);) built_in_[name_of_file(line)] = true;
}

std::string ModuleTree::path_of(const std::string& name) const {
  std::string path = files_.at(name);
  if (path.ends_with(".xz")) path.resize(path.size() - 3);
  return path;
}

ByteVector ModuleTree::read(const std::string& name) const {
  const std::string path = folder_ + "/" + files_.at(name);
  ByteVector content = read_file(path, kMostModuleBytes);
  if (!path.ends_with(".xz")) return content;
  try {
    return unpack_xz(content, kMostModuleBytes);
  } catch (Error& error) {
    error.with_context(path);
    throw;
  }
}

ModuleSet collect_modules(const ModuleTree& tree, const std::vector<WantedModule>& wanted,
                          const std::string& list_file) {
  ModuleSet set;
  std::string missing;
  for (const WantedModule& module : wanted) {
    if (tree.is_module(module.name)) {
      add_with_needs(tree, module.name, set);
      set.wanted.push_back(module);
    } else if (!module.newer && !tree.is_built_in(module.name)) {
      missing += fmt::format("\n{}:{}: {}", list_file, module.line, module.name);
    }
  }
  if (!missing.empty())
    throw Error(ErrorCode::kNotFound, "image.modules.none",
                "the kernel has neither a module of this name nor one that is built in; correct the name or "
                "take the line out:" +
                    missing);
  return set;
}

std::set<std::string> ModuleSet::often() const {
  std::set<std::string> names;
  std::vector<std::string> open;
  for (const WantedModule& module : wanted)
    if (module.first || module.always || module.often || module.later) open.push_back(module.name);
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    const auto module = modules.find(name);
    if (module == modules.end() || !names.insert(name).second) continue;  // built in, or there already
    open.insert(open.end(), module->second.needs.begin(), module->second.needs.end());
  }
  return names;
}

std::string ModuleSet::dependency_list() const {
  std::map<std::string, std::string> lines;
  for (const auto& [name, module] : modules) {
    std::set<std::string> seen{name};
    std::vector<std::string> order;
    add_needs(modules, name, seen, order);
    std::string& line = lines[module.path];
    line = module.path + ":";
    for (auto path = order.rbegin(); path != order.rend(); ++path) line += " " + *path;
  }
  std::string text;
  for (const auto& [path, line] : lines) text += line + "\n";
  return text;
}

std::string ModuleSet::alias_list() const {
  std::string text;
  for (const auto& [name, module] : modules)
    for (const std::string& alias : module.aliases) text += fmt::format("alias {} {}\n", alias, name);
  return text;
}

std::string ModuleSet::soft_dependency_list() const {
  std::set<std::string> aliases;
  for (const auto& [name, module] : modules) aliases.insert(module.aliases.begin(), module.aliases.end());
  std::string text;
  for (const auto& [name, module] : modules) {
    for (const std::string& soft : module.soft_deps) {
      std::string line, group;
      for (const std::string& word : words_of(soft)) {
        const std::string needed = module_name(word);
        if (word == "pre:" || word == "post:") {
          group = " " + word;
        } else if (modules.count(needed) != 0 || aliases.count(word) != 0) {
          line += group + " " + (modules.count(needed) != 0 ? needed : word);
          group.clear();
        }
      }
      if (!line.empty()) text += fmt::format("softdep {}{}\n", name, line);
    }
  }
  return text;
}

std::string ModuleSet::first_list() const {
  std::string text;
  for (const WantedModule& module : wanted) {
    if (!module.first) continue;
    std::set<std::string> seen{module.name};
    std::vector<std::string> order;
    add_needs(modules, module.name, seen, order);
    for (const std::string& path : order) text += path + " ";
    text += modules.at(module.name).path + "\n";
  }
  return text;
}

std::string ModuleSet::always_list() const {
  std::string text;
  for (const WantedModule& module : wanted)
    if (module.always) text += module.name + "\n";
  return text;
}

std::string ModuleSet::later_list() const {
  std::string text;
  for (const WantedModule& module : wanted)
    if (module.later) text += module.name + "\n";
  return text;
}

std::string ModuleSet::option_list() const {
  std::string text;
  for (const WantedModule& module : wanted)
    if (!module.options.empty()) text += fmt::format("options {} {}\n", module.name, module.options);
  return text;
}

ByteVector unpack_xz(Bytes packed, uint64_t limit_bytes) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kMostXzMemory, LZMA_CONCATENATED) != LZMA_OK)
    throw Error(ErrorCode::kIo, "image.modules.xz_start", "cannot start to unpack: no memory");
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  ByteVector out;
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK && out.size() <= limit_bytes) {
    const size_t done = out.size();
    out.resize(done + std::max<size_t>(packed.size() * 4, 65536));
    stream.next_out = out.data() + done;
    stream.avail_out = out.size() - done;
    result = lzma_code(&stream, LZMA_FINISH);
    out.resize(out.size() - stream.avail_out);
  }
  lzma_end(&stream);
  if (out.size() > limit_bytes)
    throw Error(ErrorCode::kRefused, "image.modules.xz_size",
                fmt::format("unpacked, it is larger than the {} bytes allowed", limit_bytes));
  if (result != LZMA_STREAM_END)
    throw Error(ErrorCode::kCorrupt, "image.modules.xz", "it is damaged, or no file of xz");
  return out;
}

}  // namespace mend::image
