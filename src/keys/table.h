// SPDX-License-Identifier: GPL-3.0-or-later
// The one table that all key files of a customer become: what `mendstick keys import` writes, and what every
// reader of tables here reads. FORMAT.md, "The normalised table".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bitlocker/keys.h"

namespace mend::keys {

inline constexpr const char* kTableName = "recovery-keys.csv";  // in a customer's folder of keys

// UTF-8, a header, a line for each recovery password, sorted by host and ID: the same keys give the same
// bytes. Startup keys and passwords are not in it.
Secret write_table(const bitlocker::Credentials& credentials);

// The text as a cell of a table, by RFC 4180.
std::string table_cell(const std::string& text);
// The word that stands for it in the table.
std::string_view to_string(bitlocker::KeySource source);
std::optional<bitlocker::KeySource> parse_source(std::string_view word);

}  // namespace mend::keys
