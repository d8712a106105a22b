// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/packages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

using Kind = PackageLine::Kind;

constexpr std::string_view kImagePrefix = "linux-image-";
// What later kernels have in packages of their own.
constexpr std::string_view kKernelParts[] = {"linux-binary-", "linux-modules-"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Both become part of a file's name in the cache.
bool is_whole(const Offer& offer) {
  const std::string all = offer.name + offer.version + offer.architecture;
  return !offer.name.empty() && !offer.version.empty() && offer.sha256.size() == 64 &&
         all.find('/') == std::string::npos;
}

bool is_package_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '+' || c == '-' || c == '.' || c == 'N';
  });
}

PackageUse use_of(Kind kind) {
  if (kind == Kind::kTool) return PackageUse::kTool;
  return kind == Kind::kShell ? PackageUse::kShell : PackageUse::kUnpacked;
}

PackageLine parse_line(const std::string& text, const std::string& file, int number) {
  const auto fault = [&](const std::string& what) {
    return Error(ErrorCode::kUsage, "image.packages.line", fmt::format("{}:{}: {}", file, number, what));
  };
  PackageLine line;
  line.line = number;
  std::istringstream words(text);
  std::string kind, more;
  words >> kind >> line.name >> line.licence >> more;
  if (kind == "boot") {
    line.kind = Kind::kBoot;
  } else if (kind == "tool") {
    line.kind = Kind::kTool;
  } else if (kind == "shell") {
    line.kind = Kind::kShell;
  } else if (kind == "kernel") {
    line.kind = Kind::kKernel;
  } else {
    throw fault("'" + printable(kind) + "' is not one of boot, tool, shell, kernel");
  }
  if (!is_package_name(line.name)) throw fault("the name of a package was to come after '" + kind + "'");
  if (!more.empty()) throw fault("'" + printable(more) + "' is more than a use, a name and a licence");
  if (line.kind == Kind::kKernel && !line.name.starts_with(kImagePrefix))
    throw fault("a kernel's package has a name that starts with linux-image-");
  return line;
}

uint64_t to_number(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void set_field(Offer& offer, std::string_view field, const std::string& value) {
  if (field == "Package") offer.name = value;
  if (field == "Version") offer.version = value;
  if (field == "Architecture") offer.architecture = value;
  if (field == "Depends") offer.depends = value;
  if (field == "SHA256") offer.sha256 = value;
  if (field == "Size") offer.size_bytes = to_number(value);
  if (field == "Installed-Size") offer.unpacked_bytes = to_number(value) * 1024;
}

const Offer* find(const std::vector<Offer>& offers, const std::string& name) {
  const auto found =
      std::find_if(offers.begin(), offers.end(), [&](const Offer& offer) { return offer.name == name; });
  return found == offers.end() ? nullptr : &*found;
}

std::string advice() {
  return "; this machine's apt does not offer it. Look at its sources (/etc/apt) and at what "
         "`apt-get update` says";
}

// The package that a kernel's line leads to: the highest version of all names that fit.
Offer choose_kernel(const std::vector<PackageLine>& list, const std::string& file, PackageSource& source) {
  std::set<std::string> names;
  std::string lines;
  const std::vector<std::string> all = source.names_with(std::string(kImagePrefix));
  for (const PackageLine& line : list) {
    if (line.kind != Kind::kKernel) continue;
    lines += fmt::format("\n{}:{}: {}", file, line.line, line.name);
    for (const std::string& name : all)
      if (fits_pattern(line.name, name)) names.insert(name);
  }
  Offer best;
  if (!names.empty())
    for (Offer& offer : source.offers({names.begin(), names.end()}))
      if (best.name.empty() || source.is_newer(offer.version, best.version)) best = std::move(offer);
  if (best.name.empty())
    throw Error(ErrorCode::kNotFound, "image.packages.kernel",
                lines.empty() ? file + " names no kernel" : "no kernel" + advice() + ":" + lines);
  return best;
}

// What a dependency names, in the version that it asks for.
Offer follow(const Dependency& dependency, const Offer& from, PackageSource& source) {
  const std::string wanted =
      dependency.exact_version.empty() ? dependency.name : dependency.name + "=" + dependency.exact_version;
  const std::vector<Offer> offers = source.offers({wanted});
  const Offer* found = find(offers, dependency.name);
  if (found == nullptr)
    throw Error(ErrorCode::kNotFound, "image.packages.needed",
                fmt::format("{} needs the package {}{}", from.name, wanted, advice()));
  return *found;
}

void add_kernel(const Offer& chosen, PackageSource& source, Selection& selection) {
  Offer image = chosen;
  for (const Dependency& dependency : parse_dependencies(chosen.depends)) {
    if (!dependency.name.starts_with(kImagePrefix)) continue;
    image = follow(dependency, chosen, source);
    break;
  }
  selection.kernel_version = image.name.substr(kImagePrefix.size());
  for (const Dependency& dependency : parse_dependencies(image.depends))
    for (const std::string_view part : kKernelParts)
      if (dependency.name.starts_with(part))
        selection.packages.push_back({follow(dependency, image, source), PackageUse::kUnpacked, {}});
  selection.packages.push_back({image, PackageUse::kUnpacked, {}});
}

}  // namespace

std::string Offer::file_name() const {
  std::string version_part = version;
  std::replace(version_part.begin(), version_part.end(), ':', '%');
  return name + "_" + version_part + "_" + architecture + ".deb";
}

std::vector<PackageLine> parse_package_list(std::string_view text, const std::string& file) {
  std::vector<PackageLine> list;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string content(trim_ascii(line.substr(0, line.find('#'))));
    if (!content.empty()) list.push_back(parse_line(content, file, number));
  }
  return list;
}

bool fits_pattern(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (name.empty()) return false;
    if (pattern.front() == 'N') {
      if (!is_digit(name.front())) return false;
      while (!name.empty() && is_digit(name.front())) name.remove_prefix(1);
    } else {
      if (pattern.front() != name.front()) return false;
      name.remove_prefix(1);
    }
    pattern.remove_prefix(1);
  }
  return name.empty();
}

std::vector<Offer> parse_offers(std::string_view text) {
  std::vector<Offer> offers;
  std::istringstream lines{std::string(text) + "\n\n"};
  Offer offer;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      if (is_whole(offer)) offers.push_back(offer);
      offer = {};
      continue;
    }
    const size_t colon = line.find(':');
    if (colon != std::string::npos && line.front() != ' ')
      set_field(offer, line.substr(0, colon), std::string(trim_ascii(line.substr(colon + 1))));
  }
  return offers;
}

std::vector<Dependency> parse_dependencies(std::string_view text) {
  std::vector<Dependency> dependencies;
  std::istringstream items{std::string(text)};
  for (std::string item; std::getline(items, item, ',');) {
    const std::string first(trim_ascii(item.substr(0, item.find('|'))));
    Dependency dependency;
    dependency.name = first.substr(0, first.find_first_of(" (:"));
    if (const size_t at = first.find("(= "); at != std::string::npos)
      dependency.exact_version = first.substr(at + 3, first.find(')', at) - at - 3);
    if (!dependency.name.empty()) dependencies.push_back(std::move(dependency));
  }
  return dependencies;
}

Selection select_packages(const std::vector<PackageLine>& list, const std::string& file,
                          PackageSource& source) {
  std::vector<std::string> names;
  for (const PackageLine& line : list)
    if (line.kind != Kind::kKernel) names.push_back(line.name);
  const std::vector<Offer> offers = names.empty() ? std::vector<Offer>() : source.offers(names);
  Selection selection;
  std::string missing;
  for (const PackageLine& line : list) {
    if (line.kind == Kind::kKernel) continue;
    const Offer* offer = find(offers, line.name);
    if (offer == nullptr) {
      missing += fmt::format("\n{}:{}: {}", file, line.line, line.name);
      continue;
    }
    selection.packages.push_back({*offer, use_of(line.kind), line.licence});
  }
  if (!missing.empty())
    throw Error(ErrorCode::kNotFound, "image.packages.none",
                "a package is missing" + advice() + ":" + missing);
  add_kernel(choose_kernel(list, file, source), source, selection);
  return selection;
}

}  // namespace mend::image
