// SPDX-License-Identifier: GPL-3.0-or-later
// Small reads from the kernel's text trees (/sys, /proc). Every function takes paths whose root the caller
// gives, so that tests look at trees of their own. What cannot be read is empty, never an error: a device may
// go at any moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mend::init {

// Where the kernel's trees are.
struct Roots {
  std::string sys = "/sys";
  std::string dev = "/dev";
  std::string proc = "/proc";
};

// All of a small file, at most 64 KiB.
std::string read_text(const std::string& path);
// The same without white space around it, fit for a line of a screen.
std::string read_line(const std::string& path);
// Decimal; nothing when it is no number.
std::optional<int64_t> read_number(const std::string& path);
// Hexadecimal with or without 0x; nothing when it is no number.
std::optional<uint32_t> read_hex(const std::string& path);

struct Entry {
  std::string name;
  uint64_t inode = 0;  // of the entry itself: a device that comes again has another one
};
// By name, without "." and "..".
std::vector<Entry> list(const std::string& directory);
// The last part of where a symbolic link leads, such as a device's driver; empty when there is none.
std::string link_name(const std::string& path);

// Tells whether any device has come, gone or changed since the last question, for the price of one small
// read: the kernel counts what it announces of devices, after their files are there.
class DeviceChanges {
 public:
  explicit DeviceChanges(const std::string& sys_root) : path_(sys_root + "/kernel/uevent_seqnum") {}
  // True at the first question, and always where the kernel does not count.
  bool any();

 private:
  std::string path_;
  std::optional<int64_t> seen_;
};

// Words between white space.
std::vector<std::string_view> words(std::string_view text);
std::vector<std::string_view> lines(std::string_view text);
// They would point into what is gone.
std::vector<std::string_view> words(std::string&& text) = delete;
std::vector<std::string_view> lines(std::string&& text) = delete;

}  // namespace mend::init
