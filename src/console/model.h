// SPDX-License-Identifier: GPL-3.0-or-later
// What the technician's screens show, as plain values: filled by dialog.h, drawn by pages.h, told by plain.h.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "console/ending.h"
#include "console/key_field.h"
#include "repair/machine.h"
#include "repair/operator.h"
#include "repair/report.h"
#include "screen/lines.h"

namespace mend::console {

using Clock = std::chrono::steady_clock;

inline constexpr int kPassphraseGroups = 5;  // of a keyring
inline constexpr int kMostRows = 100'000;    // that can be scrolled over

// What is always in sight.
struct Heading {
  std::string tool, customer, incident, built;  // built: a date
  std::string note;                             // "Asks before anything is changed."; may be empty
  std::string warning;                          // shown as long as the session lasts; may be empty
  repair::Machine machine;
};

enum class Page {
  kWorking,  // a run is on its way
  kKey,      // a key is typed
  kPlan,     // consent is asked for
  kVerdict,
  kMenu,     // what one can do then
  kConfirm,  // a choice of the menu that changes a disk
  kReceipt,
  kText,  // the log
};

enum class Choice {
  kUndo,
  kAgain,
  kScan,
  kShowLog,
  kSaveLog,
  kReceipt,
  kRestart,
  kPowerOff,
  kFirmware,
  kBack
};
const char* words_of(Choice choice);

struct Message {
  std::string text;
  screen::Style style = screen::Style::kPlain;
};

struct Progress {
  repair::Phase phase = repair::Phase::kLook;
  std::string what;
  double fraction = -1;
};

struct KeyEntry {
  repair::KeyQuestion question;
  bool asked = false;  // the run waits; else keys at hand are being tried, and the person types meanwhile
  bool visible = false;
  bool trying = false;           // the answer is on its way
  bool skip_once = false;        // F6 was pressed
  bool waits_for_stick = false;  // the answer is held back until the stick is there again
  int layout = 0;                // of the keyboard, for passwords
  KeyField field{kRecoveryShape};
  Message message;
};

// Grouped by meaning, which costs a few bytes of the one there is.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct Model {
  Heading heading;
  Page page = Page::kWorking;
  std::vector<repair::DiskReport> disks;
  std::vector<repair::VolumeReport> volumes;
  std::optional<Progress> progress;
  std::vector<Message> messages;  // only added to
  size_t messages_of_run = 0;     // those that came before its verdict
  size_t messages_of_page = 0;    // those that came before this page
  bool stick_away = false;        // the session's own
  std::chrono::seconds elapsed{0};

  std::optional<KeyEntry> key;
  std::vector<repair::VolumeReport> plan;
  bool yes_chosen = false;  // of kPlan and kConfirm: where Enter goes

  std::optional<Ending> ending;
  std::optional<repair::Report> report;  // of the last run that had one
  bool scanned = false;                  // it was one that only looks
  std::string receipt;                   // what the QR code says; empty: none
  bool stick_can_be_pulled = false;
  bool powers_off = false;  // what Enter does at the end, instead of a restart
  std::optional<std::chrono::seconds> by_itself;

  std::vector<Choice> menu;
  size_t chosen = 0;
  Choice to_confirm = Choice::kBack;
  std::string text_title;
  std::vector<std::string> text;  // lines of kText
  int scroll = 0;                 // rows that are above the screen; drawing holds it within its bounds
};

}  // namespace mend::console
