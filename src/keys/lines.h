// SPDX-License-Identifier: GPL-3.0-or-later
// The lines of a text from any system: ended by CR, LF or both. Used for texts and lists without columns;
// copies nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mend::keys {

template <typename Use>  // (line, its number)
void for_each_line(std::string_view text, Use use) {
  size_t number = 1;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    use(text.substr(at, end - at), number);
    at = end + (text.substr(end).starts_with("\r\n") ? 2 : 1);
  }
}

}  // namespace mend::keys
