// SPDX-License-Identifier: GPL-3.0-or-later
// What the replay of a log that is as full as it gets costs.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace mend::bench {

// Fills the log of the plain volume at `offset` of the image with changes of the times of its files. Delivers
// how many there are.
nlohmann::ordered_json fill_log(const std::string& image, uint64_t offset);
// Replays it in memory, and against that reads the log once and then each of `records` targets, writing it
// back as it is.
nlohmann::ordered_json replay(const std::string& image, uint64_t offset, uint64_t records);

}  // namespace mend::bench
