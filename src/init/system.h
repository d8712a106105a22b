// SPDX-License-Identifier: GPL-3.0-or-later
// What init asks of the kernel: mounts, the stick, the end. Thin, since it can only be shown right by
// starting a machine; whatever decides something stands elsewhere. Nothing here throws.
#pragma once

#include <string>
#include <vector>

#include "init/sysfs.h"

namespace mend::init {

inline constexpr const char* kStickDirectory = "/stick";

// devtmpfs, proc, sysfs, and memory at /run and /tmp. What failed, for the screen.
std::vector<std::string> mount_kernel_trees();
// Paths of the terminals that the kernel calls its console: tty0, the one in front, becomes the first one.
std::vector<std::string> console_devices(const Roots& roots);
// "6.12.117+deb12-amd64".
std::string kernel_release();

enum class Access { kReadOnly, kReadWrite };
// The FAT volume at kStickDirectory, programs and devices on it disabled; 0 or the errno value.
int mount_stick(const std::string& volume, Access access);
// The same volume, mounted before, from now on writable; 0 or the errno value.
int make_stick_writable();
// Writes out all that is pending, then unmounts. What is still in use is made read-only instead.
void unmount_stick();

// Makes every disk write down what its own cache holds. `first` is done first, and the rest even if it fails.
void flush_disks(const Roots& roots, const std::string& first);

// Asks the firmware to show its setup at the next start; empty, or why it cannot.
std::string request_firmware_setup(const Roots& roots);
// "on", "off", or why it is not known.
std::string secure_boot_state(const Roots& roots);

// These return when the kernel refuses.
void restart_machine();
void power_off_machine();

}  // namespace mend::init
