// SPDX-License-Identifier: GPL-3.0-or-later
// Finds GUIDs and recovery passwords in a line of text, whatever the words around them: those are localised.
// Used for text files and for cells of tables.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guid.h"

namespace mend::keys {

struct Finding {
  enum class Kind {
    kGuid,
    kKey,      // 48 digits; not checked further
    kNearKey,  // so many digits in a row that a recovery password was meant
  };
  Kind kind = Kind::kGuid;
  size_t offset = 0;  // in the text
  size_t length = 0;
  Guid guid;  // kGuid only
};

// In the order of their places. 48 digits are taken in one row or as eight groups of six with up to three
// separators between them; digits that touch a letter are none.
std::vector<Finding> scan(std::string_view text);

// A recovery object of Active Directory by its name, `2024-07-19T05:27:00-00:00{GUID}`, alone or in a
// distinguished name: the protector's ID, and when the key was stored.
struct DirectoryObject {
  Guid id;
  std::optional<Time> created;
};
std::optional<DirectoryObject> directory_object(std::string_view text);
// The computer's name out of a distinguished name; the text itself when it is none; empty when it names no
// computer.
std::string_view host_of(std::string_view text);

}  // namespace mend::keys
