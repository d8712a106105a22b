// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/licences.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

#include "base/text.h"

namespace mend::image {
namespace {

struct Family {
  std::string_view debian, spdx;
};
// Those of which SPDX has a name for "this version" and one for "or later".
constexpr Family kFamilies[] = {
    {"gpl-1", "GPL-1.0"},     {"gpl-1.0", "GPL-1.0"}, {"gpl-2", "GPL-2.0"},     {"gpl-2.0", "GPL-2.0"},
    {"gpl-3", "GPL-3.0"},     {"gpl-3.0", "GPL-3.0"}, {"lgpl-2", "LGPL-2.0"},   {"lgpl-2.0", "LGPL-2.0"},
    {"lgpl-2.1", "LGPL-2.1"}, {"lgpl-3", "LGPL-3.0"}, {"lgpl-3.0", "LGPL-3.0"},
};
constexpr Family kNames[] = {
    {"apache-2.0", "Apache-2.0"},
    {"artistic", "Artistic-1.0-Perl"},
    {"bsd-2-clause", "BSD-2-Clause"},
    {"bsd-3-clause", "BSD-3-Clause"},
    {"bsd-4-clause", "BSD-4-Clause"},
    {"bsl-1.0", "BSL-1.0"},
    {"cc-by-sa-3.0", "CC-BY-SA-3.0"},
    {"cc0", "CC0-1.0"},
    {"cc0-1.0", "CC0-1.0"},
    {"expat", "MIT"},
    {"isc", "ISC"},
    {"mit", "MIT"},
    {"zlib", "Zlib"},
};

const std::string_view* look_up(const Family* begin, const Family* end, std::string_view name) {
  const Family* found = std::find_if(begin, end, [&](const Family& family) { return family.debian == name; });
  return found == end ? nullptr : &found->spdx;
}

std::vector<std::string> split(const std::string& text, std::string_view by) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(by, start), text.size());
    const std::string part(trim_ascii(std::string_view(text).substr(start, end - start)));
    if (!part.empty()) parts.push_back(part);
    start = end + by.size();
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view by) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : by).append(part);
  return text;
}

void add_once(std::vector<std::string>& to, const std::string& text) {
  if (!text.empty() && std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

// "GPL-2 or MIT, and Zlib" -> "(GPL-2.0-only OR MIT)", "Zlib".
void add_expression(std::vector<std::string>& to, const std::string& expression) {
  for (const std::string& all : split(expression, " and ")) {
    std::vector<std::string> alternatives;
    for (const std::string& one : split(all, " or ")) {
      std::string name = one;
      while (!name.empty() && name.back() == ',') name.pop_back();
      alternatives.push_back(spdx_name(name));
    }
    const std::string text = join(alternatives, " OR ");
    add_once(to, alternatives.size() > 1 ? "(" + text + ")" : text);
  }
}

// One paragraph of the machine-readable form: field -> text of its first line, and for Files of all of them.
using Stanza = std::map<std::string, std::string>;

std::vector<Stanza> stanzas_of(std::string_view text) {
  std::vector<Stanza> stanzas(1);
  std::istringstream lines{std::string(text)};
  std::string field;
  for (std::string line; std::getline(lines, line);) {
    if (trim_ascii(line).empty()) {
      if (!stanzas.back().empty()) stanzas.emplace_back();
    } else if (line.front() == ' ' || line.front() == '\t') {
      if (field == "Files") stanzas.back()[field] += line;
    } else if (const size_t colon = line.find(':'); colon != std::string::npos) {
      field = line.substr(0, colon);
      stanzas.back()[field] = std::string(trim_ascii(line.substr(colon + 1)));
    }
  }
  return stanzas;
}

bool is_packaging(const std::string& files) {
  std::istringstream words(files);
  for (std::string word; words >> word;)
    if (!word.starts_with("debian/")) return false;
  return true;
}

std::vector<std::string> from_stanzas(const std::vector<Stanza>& stanzas, bool packaging) {
  std::vector<std::string> found;
  for (const Stanza& stanza : stanzas) {
    const auto files = stanza.find("Files");
    const auto licence = stanza.find("License");
    if (files != stanza.end() && licence != stanza.end() && is_packaging(files->second) == packaging)
      add_expression(found, licence->second);
  }
  return found;
}

std::vector<std::string> from_references(std::string_view text) {
  constexpr std::string_view kFolder = "/usr/share/common-licenses/";
  std::vector<std::string> found;
  for (size_t at = text.find(kFolder); at != std::string_view::npos; at = text.find(kFolder, at + 1)) {
    std::string_view name = text.substr(at + kFolder.size());
    name = name.substr(
        0, name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+"));
    while (name.ends_with('.')) name.remove_suffix(1);
    add_once(found, std::string(name));
  }
  return found;
}

}  // namespace

std::string spdx_name(std::string_view short_name) {
  std::string name = lower_ascii(trim_ascii(short_name));
  if (const std::string_view* known = look_up(std::begin(kNames), std::end(kNames), name))
    return std::string(*known);
  const bool or_later = name.ends_with('+');
  if (or_later) name.pop_back();
  if (const std::string_view* known = look_up(std::begin(kFamilies), std::end(kFamilies), name))
    return std::string(*known) + (or_later ? "-or-later" : "-only");
  return printable(trim_ascii(short_name));
}

std::string licences_in(std::string_view copyright_file) {
  const std::vector<Stanza> stanzas = stanzas_of(copyright_file);
  std::vector<std::string> found;
  if (stanzas.front().count("Format") != 0) {
    found = from_stanzas(stanzas, false);
    if (found.empty()) found = from_stanzas(stanzas, true);
  }
  if (found.empty()) found = from_references(copyright_file);
  return join(found, " AND ");
}

}  // namespace mend::image
