// SPDX-License-Identifier: GPL-3.0-or-later
// A report as lines of text for a person, and its verdict in two words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "repair/copy.h"
#include "repair/report.h"

namespace mend::console {

// "partition 3 of /dev/sda", as progress and questions name it; the disk, where it has no partitions.
std::string name_of(const repair::VolumeReport& volume);
// "476.3 GiB", with powers of 1024.
std::string in_units(uint64_t bytes);
// ASCII letters only.
std::string upper(std::string_view text);
// What the whole comes to, in capitals: "FIXED", "NEEDS YOU", …; empty when there is nothing to say.
std::string headline(const repair::Report& report);
// One volume, what was done to it, and its verdict with the reason.
std::string show_volume(const repair::VolumeReport& volume);
std::string show_repair(const repair::Report& report);
std::string show_scan(const repair::Report& report);
std::string show_check(const repair::CheckResult& result);

}  // namespace mend::console
