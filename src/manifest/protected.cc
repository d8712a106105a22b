// SPDX-License-Identifier: GPL-3.0-or-later
#include "manifest/protected.h"

#include "base/text.h"
#include "manifest/fold.h"
#include "manifest/path.h"
#include "manifest/protected_list.h"

namespace mend::manifest {
namespace {

using Components = std::vector<std::u16string>;

struct Entry {
  Components components;  // folded; without the `**`
  bool with_contents = false;
  Protection level = Protection::kNone;
  std::string text;
};

Entry make_entry(std::string text, Protection level) {
  Entry entry{{}, false, level, std::move(text)};
  std::u16string component;
  for (char16_t c : to_utf16(entry.text) + u"\\") {
    if (c != u'\\') {
      component.push_back(folded(c));
    } else if (component == u"**") {
      entry.with_contents = true;
    } else {
      entry.components.push_back(std::move(component));
      component.clear();
    }
  }
  return entry;
}

// What must never be touched comes first, so that the first entry that fits has the highest level.
std::vector<Entry> make_entries() {
  std::vector<Entry> entries;
  for (std::string_view text : never_touched())
    entries.push_back(make_entry(std::string(text), Protection::kNever));
  for (std::string_view text : needed_to_start()) {
    entries.push_back(make_entry(std::string(text), Protection::kStartup));
  }
  for (std::string_view driver : boot_drivers()) {
    for (std::string_view folder :
         {R"(*\System32\drivers\)", R"(*\System32\DriverStore\FileRepository\*\)"}) {
      entries.push_back(make_entry(std::string(folder) + std::string(driver), Protection::kStartup));
    }
  }
  return entries;
}

const std::vector<Entry>& all_entries() {
  static const std::vector<Entry> entries = make_entries();
  return entries;
}

// Is there a name that both match? One row of the usual table at a time: row[j] is whether the rests from i
// and j on have a name in common.
bool globs_meet(std::u16string_view a, std::u16string_view b) {
  const auto star = [](char16_t c) { return c == u'*'; };
  const auto meet = [&](char16_t x, char16_t y) { return x == y || x == u'?' || y == u'?'; };
  if (!a.empty() && !b.empty()) {  // most pairs differ in their first or last letter
    if (!star(a.front()) && !star(b.front()) && !meet(a.front(), b.front())) return false;
    if (!star(a.back()) && !star(b.back()) && !meet(a.back(), b.back())) return false;
  }
  std::vector<bool> row(b.size() + 1);
  for (size_t i = a.size() + 1; i-- > 0;) {
    bool diagonal = false;  // row[j + 1] of the rest from i + 1
    for (size_t j = b.size() + 1; j-- > 0;) {
      const bool below = i < a.size() && row[j];
      const bool right = j < b.size() && row[j + 1];
      bool here = i == a.size() && j == b.size();
      if (i < a.size() && star(a[i])) here = below || right;
      if (j < b.size() && star(b[j])) here = here || below || right;
      if (i < a.size() && j < b.size() && !star(a[i]) && !star(b[j])) here = meet(a[i], b[j]) && diagonal;
      diagonal = below;
      row[j] = here;
    }
  }
  return row[0];
}

enum class Given { kName, kPattern };

// Below a directory that is protected as a whole, a pattern counts only when it names that directory; see
// PR-2.
bool names_directory(std::u16string_view entry, std::u16string_view pattern) {
  return has_wildcard(entry) || !has_wildcard(pattern);
}

bool meets(const Entry& entry, const Components& path, Given given) {
  const size_t depth = entry.components.size();
  if (path.size() < depth || (path.size() > depth && !entry.with_contents)) return false;
  for (size_t i = 0; i < depth; ++i) {
    if (!globs_meet(entry.components[i], path[i])) return false;
    if (given == Given::kPattern && path.size() > depth && !names_directory(entry.components[i], path[i]))
      return false;
  }
  return true;
}

Protected look_up(Path path, Given given) {
  Components components;
  for (const std::u16string& component : path) components.push_back(folded(component));
  for (const Entry& entry : all_entries()) {
    if (meets(entry, components, given)) return {entry.level, entry.text};
  }
  return {};
}

}  // namespace

Protected protection_of(Path path) {
  return look_up(path, Given::kName);
}

Protected could_match(Path pattern) {
  return look_up(pattern, Given::kPattern);
}

std::vector<std::u16string> rename_target(const Rule& rule) {
  std::vector<std::u16string> target = rule.components;
  if (!target.empty()) target.back() = rule.new_name;
  return target;
}

bool may_match_protected(const Rule& rule) {
  if (could_match(rule.components).level != Protection::kNone) return true;
  return rule.action == Action::kRename && could_match(rename_target(rule)).level != Protection::kNone;
}

std::optional<std::string> why_refused(const Rule& rule, Path path) {
  const Protected found = protection_of(path);
  switch (found.level) {
    case Protection::kNone:
      return std::nullopt;
    case Protection::kNever:
      return "it is one of the files that NTFS or BitLocker keeps for itself (" + found.entry + ")";
    case Protection::kStartup:
      if (rule.allow_protected) return std::nullopt;
      return "Windows may not start without it (" + found.entry + "), and rule '" + rule.id +
             "' does not say allow_protected = true";
  }
  return std::nullopt;
}

}  // namespace mend::manifest
