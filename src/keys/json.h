// SPDX-License-Identifier: GPL-3.0-or-later
// JSON exports: the Graph API's answers, what management tools write, and the same within a cell of a table.
//
// Read by a small reader of our own: a library's lexer keeps the text of its tokens in memory that is not
// wiped (nlohmann-json: lexer::token_string), and ours gives each object its line. Nothing is built: strings
// are views into the text, and only one with an escape is copied, into memory that is wiped.
#pragma once

#include <string_view>

#include "keys/collector.h"

namespace mend::keys {

inline constexpr size_t kMaximumJsonDepth = 64;

// Starts an object or an array as JSON does; `{GUID}` and `[text]` do not.
bool looks_like_json(std::string_view text);

// One value, or several in a row (JSON Lines). `context` gives the line it starts in, and host, ID and path
// where an object has none. What is malformed is a problem with line and column; what was complete before it
// counts.
void read_json(std::string_view text, const Entry& context, Collector& into);

}  // namespace mend::keys
