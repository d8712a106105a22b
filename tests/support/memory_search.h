// SPDX-License-Identifier: GPL-3.0-or-later
// Looks for a secret through the memory of this process. So it must not be in the program itself: a test
// makes it in a child, and knows it here only turned over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::test {

// The line of /proc/self/maps of the first memory that can be written to and holds `length` bytes that
// is_here(the first of them) takes.
template <typename IsHere>
std::optional<std::string> find_in_memory(size_t length, IsHere is_here) {
  std::ifstream maps("/proc/self/maps");
  std::ifstream memory;
  memory.rdbuf()->pubsetbuf(nullptr, 0);  // a buffer of its own would keep what passed through it
  memory.open("/proc/self/mem", std::ios::binary);
  ByteVector content;
  for (std::string line; std::getline(maps, line);) {
    uint64_t from = 0, to = 0;
    char dash = 0;
    std::string rights;
    std::istringstream fields(line);
    fields >> std::hex >> from >> dash >> to >> rights;
    if (rights.substr(0, 2) != "rw" || to - from > uint64_t{512} << 20) continue;
    content.resize(static_cast<size_t>(to - from));
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
    const auto size = static_cast<size_t>(memory.gcount());
    bool found = false;
    for (size_t i = 0; i + length <= size && !found; ++i) found = is_here(content.data() + i);
    wipe(content);  // what was copied is not to be found the next time
    if (found) return line;
  }
  return std::nullopt;
}

}  // namespace mend::test
