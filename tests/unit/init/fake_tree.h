// SPDX-License-Identifier: GPL-3.0-or-later
// A sysfs of our own in a temporary folder, as the kernel lays it out, as far as init looks.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "init/sysfs.h"
#include "tests/support/temp_folder.h"

namespace mend::test {

class FakeTree {
 public:
  init::Roots roots() const { return {root_ / "sys", root_ / "dev", root_ / "proc"}; }
  std::string sys() const { return root_ / "sys"; }

  // Below the root: "sys/…".
  void file(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root_.path() / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
  }
  void link(const std::string& path, const std::string& target) const {
    const std::filesystem::path full = root_.path() / path;
    std::filesystem::create_directories(full.parent_path());
    std::filesystem::create_symlink(root_.path() / target, full);
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root_.path() / path); }

  // A device of a bus, with the alias that its uevent tells.
  void device(const std::string& bus, const std::string& name, const std::string& modalias) const {
    file("sys/devices/" + bus + "/" + name + "/uevent", "DRIVER=x\nMODALIAS=" + modalias + "\nOTHER=1\n");
    link("sys/bus/" + bus + "/devices/" + name, "sys/devices/" + bus + "/" + name);
  }
  void unplug(const std::string& bus, const std::string& name) const {
    remove("sys/bus/" + bus + "/devices/" + name);
    remove("sys/devices/" + bus + "/" + name);
  }
  // A disk or, with `parent`, a partition; `place` is where its device stands, such as "usb1/1-1".
  void block(const std::string& place, const std::string& name, const std::string& parent = "") const {
    std::string path = "sys/devices/" + place + "/block/";
    if (!parent.empty()) {
      path += parent + "/";
      file(path + name + "/partition", "1\n");
    }
    path += name;
    file(path + "/size", "2048\n");
    link("sys/class/block/" + name, path);
  }

 private:
  TempFolder root_;
};

}  // namespace mend::test
