// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a program of the system without a shell: no quoting, no environment but PATH and what is given.
#pragma once

#include <string>
#include <vector>

namespace mend::brokenpc {

// Waits for it; its output is thrown away unless it fails. kNotFound when it is not installed (`package` is
// what the message suggests), kIo with the end of its output when it fails. `environment` holds "NAME=value".
void run_program(const std::vector<std::string>& command, const std::string& package,
                 const std::vector<std::string>& environment = {});

}  // namespace mend::brokenpc
