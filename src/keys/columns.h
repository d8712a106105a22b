// SPDX-License-Identifier: GPL-3.0-or-later
// What a column of a table, or a member of a JSON object, holds, by its name. FORMAT.md lists the names.
#pragma once

#include <string_view>

namespace mend::keys {

enum class Role {
  kNone,
  kKey,       // a name that means a recovery password and nothing else
  kVagueKey,  // "Key"
  kId,        // a name that means a protector's ID and nothing else
  kVagueId,   // "Id": the protector's only where the key is vague as well; beside a named key it may be a
              // device's
  kHost,
  kVagueHost,  // "Name"
  kPath,       // a distinguished name, which may hold both
  kDate,       // when the key was made or stored, as a date alone or with the time
  kTime,       // of that day
  kOffset,     // of that time, from UTC
  kSource,     // what kind of file the key was in, of the normalised table
};

// Case, spaces and punctuation do not count.
Role role_of(std::string_view name);

}  // namespace mend::keys
