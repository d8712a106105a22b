// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/remedy.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace mend::report {
namespace {

struct Remedy {
  const char* verdict;
  const char* text;
};

constexpr std::array kRemedies = {
    Remedy{"locked",
           "Find the recovery key by the ID that the machine's page names (Entra ID, Active "
           "Directory, MBAM), put it into the customer's folder keys/, build the stick anew, and "
           "start the PC from it again. The sticks list the keys they missed in wanted-keys.csv, for "
           "`mendstick keys import --only`."},
    Remedy{"refused",
           "A rule or a safety check forbids the repair. Read the reason; where the manifest is too "
           "narrow, correct it and start the PC again, else repair this PC by hand."},
    Remedy{
        "unsafe",
        "Windows left its drive in a state in which a repair could do harm. For a PC that was shut down "
        "with fast startup, set discard_hibernation = \"fast-startup\" in the profile; for a hibernated one "
        "\"all\" (work that was open is lost); for a dirty volume let Windows check it, or set allow_dirty."},
    Remedy{"unsupported",
           "This kind of disk or encryption is not handled. Repair this PC with Windows' own "
           "recovery environment."},
    Remedy{"damaged",
           "The drive's own structures are damaged. Copy the disk before anything else, then repair "
           "or replace it."},
    Remedy{"failed",
           "A disk or the stick failed in the middle. Copy the disk, keep the stick's journal "
           "(*.undo), and run `mend resume` with both."},
    Remedy{"interrupted",
           "The run did not come to its end: power was cut, or the stick was pulled out. Start the "
           "PC from the same stick again; it finishes what was begun."},
    Remedy{"stopped",
           "An error ended the run before anything was written. Do what the reason says and start "
           "again."},
    Remedy{"undone", "The repair was taken back. Start the PC from a stick again when it shall be repaired."},
    Remedy{"would-fix", "Only a dry run was made. Start the PC from a stick that repairs."},
    Remedy{"no-windows",
           "No Windows was found. Is it the right disk? Look whether the firmware hides it behind a "
           "RAID mode."},
    Remedy{"nothing-to-do",
           "There was nothing to resume, and no repair was seen. Start the PC from a stick."},
    Remedy{"never-seen",
           "Nobody has started this PC from a stick whose logs are here. Find it and visit it."},
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '\\' ||
         c == '/' || c == ':' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// A number, an identifier or a path: what has a digit, or a separator of paths.
bool differs(std::string_view word) {
  constexpr size_t kLongestSwitch = 3;  // "/s" of a command is no path
  return word.size() > kLongestSwitch ? word.find_first_of("0123456789\\/") != std::string_view::npos
                                      : word.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

std::string remedy_for(const std::string& verdict) {
  for (const Remedy& remedy : kRemedies) {
    if (verdict == remedy.verdict) return remedy.text;
  }
  return {};
}

std::string common_part(const std::string& reason) {
  constexpr size_t kLongest = 600;
  std::string common;
  for (size_t at = 0; at < reason.size() && common.size() < kLongest;) {
    if (!is_word(reason[at])) {
      common += reason[at++];
      continue;
    }
    size_t end = at;
    while (end < reason.size() && is_word(reason[end])) ++end;
    size_t tail = end;  // a colon or a full stop behind a word belongs to the sentence
    while (tail > at && (reason[tail - 1] == ':' || reason[tail - 1] == '.')) --tail;
    const std::string_view word = std::string_view(reason).substr(at, tail - at);
    common += differs(word) ? std::string_view("…") : word;
    common.append(reason, tail, end - tail);
    at = end;
  }
  return common.size() < kLongest ? common : common + " …";
}

}  // namespace mend::report
