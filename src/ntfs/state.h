// SPDX-License-Identifier: GPL-3.0-or-later
// May this volume be written to? Its dirty flag, its log, its hibernation file. Reads only; policy
// is the caller's. Layouts and their sources: FORMAT.md.
//
// Invariants
//   NST-1  Doubt counts as unsafe: a header that is not known is never "not hibernated", a log that
//          cannot be read is never "clean".
#pragma once

#include "ntfs/volume.h"

namespace mend::ntfs {

enum class LogState {
  kClean,        // closed properly, or checked since: nothing to replay
  kEmpty,        // filled with 0xFF: nothing to replay
  kUnclean,      // Windows stopped without closing it: needs a replay
  kDamaged,      // neither restart page can be read
  kUnsupported,  // of a version that is not known, or open with pages of a size that is not
};
std::string_view to_string(LogState state);

enum class Hibernation {
  kNoFile,       // no hiberfil.sys
  kAwake,        // zeros or `wake`: nothing in it
  kFastStartup,  // `hibr`, by a shutdown: the kernel's session waits in it, nobody's open work
  kHibernated,   // `hibr`: a session with open work waits in it; or which of the two cannot be told
  kResuming,     // `RSTR`: a resume was under way and did not end
  kUnknown,      // shorter than a header page, or a header that is not known
};
std::string_view to_string(Hibernation state);
bool is_hibernated(Hibernation state);  // all but kNoFile and kAwake

struct VolumeState {
  bool dirty = false;
  uint16_t volume_flags = 0;  // of $VOLUME_INFORMATION
  uint8_t major_version = 0, minor_version = 0;
  LogState log = LogState::kDamaged;
  uint16_t log_major = 0, log_minor = 0;  // where a restart page could be read
  Hibernation hibernation = Hibernation::kNoFile;
  std::optional<MftReference> hiberfil;
  std::u16string label;
  // What is in the way and what the technician can do, a sentence or more for each; empty: nothing is.
  std::string text;

  // Another judgement of hiberfil.sys, by somebody who knows more; `text` follows.
  void set_hibernation(Hibernation value);
  bool log_needs_replay() const { return log != LogState::kClean && log != LogState::kEmpty; }
  bool safe() const { return !dirty && !log_needs_replay() && !is_hibernated(hibernation); }
};
// kCorrupt when $Volume itself cannot be read.
VolumeState read_state(Volume& volume);

// What changes as soon as Windows has used the volume: both restart pages of the log and the record of
// $Volume. In bytes of the volume.
std::vector<Range> witness_ranges(Volume& volume);
// The first page of hiberfil.sys, which holds its header; empty without one or when it is shorter.
std::vector<Range> hibernation_header_ranges(Volume& volume);

}  // namespace mend::ntfs
