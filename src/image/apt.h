// SPDX-License-Identifier: GPL-3.0-or-later
// apt of this machine, made to work in a folder of our own: its sources, keys and proxies, but package lists
// and downloads in the cache. Needs no root, installs nothing, and never asks the machine's own package
// state.
//
// Invariants
//   AP-1  apt's verification is on, whatever this machine's configuration says.
//   AP-2  fetch() returns a file only when its SHA-256 is that of apt's records; one in the cache that is not
//   is
//         downloaded again.
//   AP-3  Files in the cache get their names when they are whole.
// The cache belongs to one program at a time: the caller holds a FolderLock on it.
#pragma once

#include <string>
#include <vector>

#include "image/packages.h"
#include "image/progress.h"

namespace mend::image {

class Apt : public PackageSource {
 public:
  // kUsage "image.apt.path" for a cache whose path apt's configuration cannot hold.
  Apt(const std::string& cache, std::vector<std::string> options, Progress& progress);

  // Brings the package lists up to date when they are older than a day, or always. That it does not work is a
  // note, and an error only when there are no lists at all: kIo "image.apt.lists".
  void refresh(bool always);

  std::vector<Offer> offers(const std::vector<std::string>& names) override;
  std::vector<std::string> names_with(const std::string& prefix) override;
  bool is_newer(const std::string& version, const std::string& than) override;

  // The path of the .deb in the cache. kIo "image.apt.download", kCorrupt "image.apt.hash".
  std::string fetch(const Offer& offer);

 private:
  std::vector<std::string> command(const std::string& program) const;
  void write_configuration() const;
  bool has_lists() const;

  std::string cache_, folder_;
  std::vector<std::string> options_;
  Progress& progress_;
};

}  // namespace mend::image
