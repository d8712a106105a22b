// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the distribution's packages a stick is made of: image/packages.conf, and what apt has on offer for
// it. Only apt knows where packages come from; nothing here holds an address.
//
// Invariants
//   PK-1  A package that is not on offer is an error that names its line, never left out.
//   PK-2  The kernel is the one with the highest version of those that the list allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/base.h"

namespace mend::image {

struct PackageLine {
  enum class Kind { kBoot, kTool, kShell, kKernel };
  Kind kind = Kind::kBoot;
  std::string name;     // for a kernel a pattern: N is a number
  std::string licence;  // of the content, where the package's own copyright file does not tell it
  int line = 0;
};

// kUsage "image.packages.line", with `file` and the line.
std::vector<PackageLine> parse_package_list(std::string_view text, const std::string& file);

// Whether a package's name fits a pattern: N stands for a number, all else for itself.
bool fits_pattern(std::string_view pattern, std::string_view name);

// A package as apt's records have it.
struct Offer {
  std::string name, version, architecture, depends, sha256;
  uint64_t size_bytes = 0;  // of the .deb
  uint64_t unpacked_bytes = 0;
  std::string file_name() const;  // in our cache
};
// The stanzas that `apt-cache show` prints; those without a name, a version or a SHA-256 are left out.
std::vector<Offer> parse_offers(std::string_view text);

// One package that another one asks for: "linux-image-6.12.1-amd64 (= 6.12.1-1)".
struct Dependency {
  std::string name, exact_version;  // empty: any
};
// Of alternatives the first.
std::vector<Dependency> parse_dependencies(std::string_view text);

// Where offers come from; Apt is the real one.
class PackageSource {
 public:
  virtual ~PackageSource() = default;
  // What is on offer of these names (or NAME=VERSION), each at most once.
  virtual std::vector<Offer> offers(const std::vector<std::string>& names) = 0;
  virtual std::vector<std::string> names_with(const std::string& prefix) = 0;
  virtual bool is_newer(const std::string& version, const std::string& than) = 0;
};

struct Selection {
  struct Package {
    Offer offer;
    PackageUse use = PackageUse::kUnpacked;
    std::string licence;
  };
  std::vector<Package> packages;  // in the order of the list, the kernel's last
  std::string kernel_version;     // such as "6.12.117+deb12-amd64"
};

// kNotFound "image.packages.none", "image.packages.kernel" (PK-1).
Selection select_packages(const std::vector<PackageLine>& list, const std::string& file,
                          PackageSource& source);

}  // namespace mend::image
