// SPDX-License-Identifier: GPL-3.0-or-later
// A page of recovery keys for a technician with a scanner and no stick: each key in digits, as Code 128 and
// as a QR code. HTML in one file, with no script and nothing from elsewhere, made for A4 and Letter paper.
//
// Invariants
//   SH-1  Only keys of the hosts that were named are on it.
//   SH-2  The text is in memory that is wiped; what the symbols are drawn from is not: the library that makes
//         them knows no such memory.
//   SH-3  Whatever a file says is text on the page, never markup.
#pragma once

#include <string>
#include <vector>

#include "bitlocker/keys.h"

namespace mend::keys {

struct SheetRequest {
  std::vector<std::string> hosts;
  Time made{};
  Time expires{};  // the day on which it is to be destroyed
};

struct Sheet {
  Secret html;
  size_t keys = 0;
  std::vector<std::string> hosts_without;  // named, and without a key
};

Sheet make_sheet(const bitlocker::Credentials& credentials, const SheetRequest& request);

}  // namespace mend::keys
