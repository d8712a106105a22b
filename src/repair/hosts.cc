// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/hosts.h"

#include <algorithm>

#include "profile/hosts.h"

namespace mend::repair {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// The names that fit no pattern.
std::vector<std::string> strange_hosts(const Volume& volume, const std::vector<std::string>& patterns) {
  std::vector<std::string> strange;
  for (const WindowsReport& windows : volume.report.windows) {
    if (!profile::fits_hosts(patterns, windows.host))
      strange.push_back(windows.host.empty() ? "without a name that can be read" : windows.host);
  }
  return strange;
}

}  // namespace

void caution_about_hosts(std::vector<Work>& work, const std::vector<std::string>& patterns,
                         Operator& person) {
  if (patterns.empty()) return;
  std::vector<std::string> all;
  bool windows_found = false;
  for (const Work& one : work) {
    const std::vector<std::string> strange = strange_hosts(*one.volume, patterns);
    all.insert(all.end(), strange.begin(), strange.end());
    windows_found |= one.volume->is_windows();
  }
  if (!windows_found) all.emplace_back("without a Windows that could name it");
  if (all.empty()) return;
  const std::string caution = "this PC is " + listed(all) + ", and the stick is for " + listed(patterns) +
                              " only: is it the right stick?";
  bool told = false;
  for (Work& one : work) {
    if (one.volume->is_windows() && strange_hosts(*one.volume, patterns).empty()) continue;
    one.volume->report.caution = caution;
    if (!told) person.tell("Caution: " + caution);
    told = true;
  }
}

}  // namespace mend::repair
