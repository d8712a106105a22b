// SPDX-License-Identifier: GPL-3.0-or-later
// The PC that never was: its Windows, its user, and when things happened to it.
#pragma once

#include <string>

#include "base/clock.h"
#include "tools/brokenpc/brokenpc.h"

namespace mend::brokenpc {

inline uint64_t filetime(std::string_view iso8601) {
  return to_filetime(*parse_iso8601(iso8601));
}

struct Machine {
  std::string host;
  std::string user = "m.berger";
  // Windows 11 calls itself Windows 10 in ProductName; the build number tells.
  std::string product = "Windows 10 Pro";
  std::string edition = "Professional";
  std::string display_version = "23H2";
  uint32_t build = 22631;
  uint32_t ubr = 3880;
  std::string time_zone = "W. Europe Standard Time";
  bool hiberboot = true;

  uint64_t built = filetime("2022-05-07T05:19:25Z");        // the files of the release
  uint64_t installed = filetime("2023-03-14T09:12:40Z");    // the volume, the user
  uint64_t updated = filetime("2024-07-10T01:37:05Z");      // the last monthly update
  uint64_t worked = filetime("2024-07-18T15:48:22Z");       // the user's last day
  uint64_t last_boot = filetime("2024-07-19T04:02:51Z");    // the last that came up
  uint64_t bad_channel = filetime("2024-07-19T04:09:28Z");  // the update that broke it
  uint64_t crashed = filetime("2024-07-19T04:11:03Z");
  uint64_t good_channel = filetime("2024-07-19T05:27:46Z");  // the one that does not
};

}  // namespace mend::brokenpc
