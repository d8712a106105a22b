// SPDX-License-Identifier: GPL-3.0-or-later
// The person in front of a run, as the run sees them: told of progress and of what is found, asked for a key
// where none fits and for consent before anything is written. `mend` on a terminal is one, the stick's
// console is another. All functions are called from the thread that runs the repair; a question may take as
// long as the person does, since nothing is written yet. Whoever answers nothing gets a run without
// questions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bitlocker/keys.h"
#include "bitlocker/metadata.h"

namespace mend::repair {

enum class Phase { kLook, kUnlock, kReplay, kPlan, kApply, kVerify, kCommit, kCheck, kCopy };
std::string_view to_string(Phase phase);

struct DiskReport;
struct VolumeReport;

enum class Consent { kNotAsked, kYes, kNo };

// What is locked, as far as it tells without a key.
struct KeyQuestion {
  enum class Kind { kVolume, kKeyring };
  Kind kind = Kind::kVolume;
  std::string name;         // "partition 3 of /dev/sda"; the keyring's file
  std::string disk;         // kVolume: as in its VolumeReport
  uint32_t partition = 0;   // kVolume: as there
  uint64_t size_bytes = 0;  // kVolume
  // kVolume: the clear-text description, "PC01 C: 19/07/2024"; kKeyring: what it says of itself. Printable.
  std::string description;
  std::vector<bitlocker::ProtectorInfo> protectors;  // kVolume
  bool digits = true;   // kKeyring: the passphrase is five checked groups of digits; else a text
  std::string why_not;  // why the last answer did not open it, a sentence; empty at the first question

  bool takes(bitlocker::ProtectorType type) const;
};

// What the person came up with: all of it is tried. Nothing at all: the volume or the keyring is skipped.
struct KeyAnswer {
  bitlocker::Credentials credentials;  // kVolume
  Secret passphrase;                   // kKeyring: UTF-8, as typed, without line end

  bool skips() const { return credentials.empty() && passphrase.empty(); }
};

class Operator {
 public:
  virtual ~Operator() = default;
  // `what` is the disk or volume; `fraction` from 0 to 1, below 0 when it is not known. May be called often.
  virtual void progress(Phase phase, std::string_view what, double fraction) = 0;
  // One finished sentence.
  virtual void tell(std::string_view message) = 0;
  // A disk was found; a volume was found, or there is news of it. The report counts only during the call.
  virtual void disk(const DiskReport&) {}
  virtual void volume(const VolumeReport&) {}
  // Keys at hand are going to be tried on this, one after the other; key() may never be asked.
  virtual void searching(const KeyQuestion&) {}
  // True when the person has a key ready meanwhile: the search ends and key() is asked at once.
  virtual bool has_key() { return false; }
  // No key at hand opens this. Asked again, with why_not, as long as what comes does not open it.
  virtual KeyAnswer key(const KeyQuestion& question);
  // Asked once, when every change is verified and nothing is written yet. kNo ends the run there. A volume
  // with a caution in its report is written only after a kYes: whoever asks shows it.
  virtual Consent consent(const std::vector<const VolumeReport*>& planned);
  // True once the person asked to stop. Looked at until the commit begins, never within it.
  virtual bool wants_to_stop() = 0;
};

// kRefused "repair.stopped" once the person asked to stop.
void stop_if_asked(Operator& person);

}  // namespace mend::repair
