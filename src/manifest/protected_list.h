// SPDX-License-Identifier: GPL-3.0-or-later
// The list behind protected.h, as data. Paths are from a volume's root. A leading `*` stands for the Windows
// directory, whatever its name is (`Windows`, `WINNT`, a second installation). `*` and `?` match within one
// component; an entry that ends in `\**` names a directory and everything below it.
#pragma once

#include <span>
#include <string_view>

namespace mend::manifest {

// What NTFS and BitLocker keep for themselves; never to be touched, whatever a rule says.
std::span<const std::string_view> never_touched();
// Without these Windows does not start, or loses its state.
std::span<const std::string_view> needed_to_start();
// Drivers that the loader or the kernel needs before anything else runs. Each is protected in
// `*\System32\drivers` and in the driver store, where newer drivers are started from.
std::span<const std::string_view> boot_drivers();

}  // namespace mend::manifest
