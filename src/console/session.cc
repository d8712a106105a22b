// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "console/devices.h"
#include "console/other_sticks.h"
#include "console/own_stick.h"
#include "console/texts.h"
#include "console/work.h"
#include "disk/disk.h"
#include "repair/machine.h"
#include "repair/version.h"
#include "screen/screen.h"

namespace mend::console {
namespace {

using screen::Style;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLook{250};  // how often stick and devices are looked for
constexpr milliseconds kRefresh{
    200};  // of what changes by itself: a serial line takes 4 ms for 50 characters

bool is_pulled(const std::string& device) {
  return ::access(device.c_str(), F_OK) != 0;
}

Heading heading_of(const Session& session) {
  Heading heading;
  heading.tool = repair::kToolName;
  heading.customer = session.image.customer;
  heading.incident = session.image.incident;
  heading.built = to_iso8601(session.image.built).substr(0, 10);
  heading.machine = repair::read_machine();
  heading.warning = session.warning;
  if (session.mode == profile::Mode::kAsk) heading.note = texts::kAsks;
  if (session.mode == profile::Mode::kScan) heading.note = texts::kOnlyLooks;
  return heading;
}

// The loop of the screens' thread.
class Loop {
 public:
  Loop(Session& session, const ScreenOptions& options)
      : session_(session), screens_(options), dialog_(heading_of(session)) {}

  stick::Next run() {
    screens_.begin(dialog_.model());
    screens_.show(dialog_.model());
    session_.load(session_);
    for (const std::string& note : session_.key_notes) dialog_.tell(note);
    start(session_.mode == profile::Mode::kScan ? Choice::kScan : Choice::kAgain);
    while (!next_) {
      turn();
    }
    return *next_;
  }

 private:
  void start(Choice choice);
  void turn();
  void obey(const Effect& effect);
  void begin_verdict();
  void look_around(Clock::time_point now);
  void tell_change(const DeviceChange& change);
  void tell_of(const DeviceChange& change, const char* text);
  void examine_arrived();
  void watch_stick();
  void stick_is_back(const OwnStick& stick, Return how);
  void show_step();
  void save_log();
  OtherSticks other_sticks() const { return {session_.stick_device, session_.key_folders}; }

  Session& session_;
  Screens screens_;
  Dialog dialog_;
  Devices devices_;
  Runner runner_;  // after what its thread uses
  std::optional<stick::Next> next_;
  Clock::time_point started_ = Clock::now(), looked_{}, shown_{}, verdict_since_{};
  Page page_ = Page::kWorking;
  Choice choice_ = Choice::kAgain;     // of the last run
  std::vector<DeviceChange> arrived_;  // disks, not yet looked into
  bool stick_is_there_ = true;
  bool watches_ = false;  // the stick's going ends the session
  std::string step_;
};

void Loop::start(Choice choice) {
  choice_ = choice;
  std::vector<std::string> journals;
  if (choice == Choice::kUndo && dialog_.model().report) {
    for (const repair::VolumeReport& volume : dialog_.model().report->volumes)
      if (!volume.journal.empty()) journals.push_back(volume.journal);
  }
  dialog_.run_begins();
  started_ = Clock::now();
  if (choice == Choice::kUndo)
    return runner_.start(Runner::Asks::kKeys,
                         [this, journals](Runner& runner) { return undo_now(session_, journals, runner); });
  if (!session_.disks_named) find_disks(session_);
  if (choice == Choice::kScan || session_.mode == profile::Mode::kScan)
    return runner_.start(Runner::Asks::kNothing,
                         [this](Runner& runner) { return look_only(session_, runner); });
  if (session_.request.disks.empty()) {
    dialog_.tell(texts::kNoDisk, Style::kBad);
    return dialog_.run_ended(ending_without_disk(), std::nullopt, "", false);
  }
  const bool asks = session_.mode == profile::Mode::kAsk;
  runner_.start(asks ? Runner::Asks::kKeysAndConsent : Runner::Asks::kKeys,
                [this](Runner& runner) { return repair_now(session_, runner); });
}

// One turn: what came from the run and from the person, then what the screens show of it.
void Loop::turn() {
  const screen::Keys keys = screens_.wait(runner_.fd(), kLook, dialog_.model());
  watch_stick();  // before what came of its going
  for (const Runner::Event& event : runner_.take_events()) {
    event(dialog_);
    show_step();
  }
  const Clock::time_point now = Clock::now();
  for (const screen::Key& key : keys) dialog_.key(key);
  for (const Effect& effect : dialog_.take_effects()) obey(effect);
  if (now - looked_ >= kLook) look_around(now);
  const Page page = dialog_.model().page;
  const bool turned = page != page_;
  page_ = page;
  // What was typed before a page could be read answers nothing on it.
  if (turned && (page == Page::kVerdict || page == Page::kPlan)) screens_.forget_keys();
  if (turned && page == Page::kVerdict) begin_verdict();
  if (!turned && keys.empty() && now - shown_ < kRefresh) return;
  shown_ = now;
  screens_.show(dialog_.model());
  dialog_.limit_scroll(screens_.hidden_rows());
}

void Loop::begin_verdict() {
  watches_ = !session_.stick_device.empty() && !is_pulled(session_.stick_device);
  dialog_.set_end(watches_, session_.profile.at_end == profile::AtEnd::kPowerOff);
  verdict_since_ = Clock::now();
}

void Loop::look_around(Clock::time_point now) {
  looked_ = now;
  if (runner_.running()) dialog_.set_elapsed(std::chrono::duration_cast<seconds>(now - started_));
  for (const DeviceChange& change : devices_.look()) tell_change(change);
  examine_arrived();
  const Model& model = dialog_.model();
  const seconds after = session_.profile.restart_after;
  if (model.page != Page::kVerdict || after.count() == 0) return dialog_.set_by_itself(std::nullopt);
  const auto waited = std::chrono::duration_cast<seconds>(now - verdict_since_);
  if (waited >= after) next_ = model.powers_off ? stick::Next::kPowerOff : stick::Next::kRestart;
  dialog_.set_by_itself(after - waited);
}

void Loop::tell_change(const DeviceChange& change) {
  if (change.kind == DeviceChange::Kind::kKeyboard)
    return tell_of(change, change.came ? texts::kKeyboardCame : texts::kKeyboardWent);
  if (change.path == session_.stick_device) return;  // watch_stick() tells of it
  std::erase_if(arrived_, [&](const DeviceChange& disk) { return disk.path == change.path; });
  if (!change.came) return tell_of(change, texts::kDiskWent);
  arrived_.push_back(change);
}

void Loop::tell_of(const DeviceChange& change, const char* text) {
  dialog_.tell(fmt::format(fmt::runtime(text), change.name));
}

// What came may be the stick itself, put back; else another one, perhaps with a key on it.
void Loop::examine_arrived() {
  if (arrived_.empty()) return;
  const DeviceChange disk = arrived_.front();
  const OwnStick own{session_.stick, session_.stick_device, session_.request.origin.stick_id};
  const auto other = [this, disk] {
    tell_of(disk, runner_.running() ? texts::kDiskCameLater : texts::kDiskCame);
    if (dialog_.waits_for_key()) dialog_.key({screen::KeyCode::kFunction, 0, 4, {}});
  };
  if (stick_is_there_) {
    other();
  } else if (!runner_.start_beside([this, other, own, disk]() -> Runner::Event {
               OwnStick stick = own;
               const Return how = take_back(stick, disk.path);
               return [this, other, stick, how](Dialog&) {
                 how == Return::kAnother ? other() : stick_is_back(stick, how);
               };
             })) {
    return;  // not now
  }
  arrived_.erase(arrived_.begin());
}

// CO-2. A stick that went during the run cannot be waited for to go.
void Loop::watch_stick() {
  if (!stick_is_there_ || session_.stick_device.empty() || !is_pulled(session_.stick_device)) return;
  stick_is_there_ = false;
  dialog_.set_stick_away(true);
  if (!watches_ || runner_.running()) return dialog_.tell(texts::kStickWent, Style::kBad);
  next_ = dialog_.model().powers_off ? stick::Next::kPowerOff : stick::Next::kRestart;
}

// CO-4.
void Loop::stick_is_back(const OwnStick& stick, Return how) {
  session_.stick_device = stick.device;
  stick_is_there_ = true;
  if (how == Return::kNotWritable)
    dialog_.tell(texts::kStickBackReadOnly, Style::kBad);
  else
    dialog_.tell(texts::kStickBack, Style::kGood);
  dialog_.set_stick_away(false);
  if (runner_.running()) return;
  if (dialog_.model().ending && dialog_.model().ending->without_log) return start(choice_);
  begin_verdict();
}

void Loop::show_step() {
  const std::optional<Progress>& progress = dialog_.model().progress;
  if (!session_.debug || !progress) return;
  std::string step = fmt::format("{} {}", repair::to_string(progress->phase), progress->what);
  if (step == step_) return;
  dialog_.tell(fmt::format("[{:8.3f}] {}", static_cast<double>(monotonic_ns()) / 1e9, step));
  step_ = std::move(step);
}

void Loop::obey(const Effect& effect) {
  switch (effect.kind) {
    case Effect::Kind::kAnswerKey:
      return runner_.answer(dialog_.take_answer());
    case Effect::Kind::kKeyReady:
      return runner_.set_has_key();
    case Effect::Kind::kAnswerConsent:
      return runner_.answer(effect.yes);
    case Effect::Kind::kRun:
      if (!runner_.running()) start(effect.choice);
      return;
    case Effect::Kind::kReadKeysAgain:
    case Effect::Kind::kFindKeyFiles: {
      const bool others = effect.kind == Effect::Kind::kFindKeyFiles;
      const std::string folder = session_.stick + "/" + std::string(stick::kKeys);
      runner_.start_beside([others, folder, sticks = other_sticks()]() -> Runner::Event {
        auto found = std::make_shared<FoundKeys>(others ? find_keys(sticks) : keys_in(folder));
        return [found](Dialog& dialog) { dialog.keys_found(std::move(found->credentials), found->where); };
      });
      return;
    }
    case Effect::Kind::kShowLog:
      if (dialog_.model().report)
        dialog_.show_text(dialog_.model().report->log, read_log_for_people(dialog_.model().report->log));
      return;
    case Effect::Kind::kSaveLog:
      return save_log();
    case Effect::Kind::kLayout:
      return screens_.set_layout(effect.number);
    case Effect::Kind::kLeave:
      if (!runner_.running()) next_ = effect.next;
      return;
  }
}

void Loop::save_log() {
  const Model& model = dialog_.model();
  if (!model.report || model.report->log.empty()) return;
  dialog_.tell(texts::kSaving);
  runner_.start_beside([log = model.report->log, sticks = other_sticks()]() -> Runner::Event {
    std::string text;
    Style style = Style::kGood;
    try {
      text = fmt::format(texts::kSaved, save_files(sticks, {log}));
    } catch (const Error& error) {
      text = fmt::format(texts::kNotSaved, error.what());
      style = Style::kBad;
    }
    return [text, style](Dialog& dialog) { dialog.tell(text, style); };
  });
}

}  // namespace

void find_disks(Session& session) {
  const auto but_the_stick = [&](std::vector<std::string> disks) {
    std::erase(disks, session.stick_device);
    return disks;
  };
  session.request.disks = but_the_stick(disk::internal_disks());
  session.external_disks = but_the_stick(disk::external_disks());
}

stick::Next show_failure(const ScreenOptions& options, const std::string& stick_device,
                         const std::string& what) {
  screen::Screen screen = options.devices.empty() ? screen::Screen() : screen::Screen(options.devices);
  std::string_view rest = what;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    screen.line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  screen.line("");
  screen.line("    " + fmt::format(texts::kBig, texts::kNeedsYou), Style::kBad);
  screen.line("");
  screen.line(std::string("    ") + texts::kUnchanged);
  screen.forget_keys();  // before the line below, so that an answer to it counts
  screen.line("");
  const bool watches = !stick_device.empty() && !is_pulled(stick_device);
  screen.line(
      fmt::format(fmt::runtime(watches ? texts::kFailurePull : texts::kFailurePress), texts::kRestarts),
      Style::kStrong);
  for (;;) {
    if (const auto key = screen.key(kLook)) {
      if ((*key | 0x20) == 'p') return stick::Next::kPowerOff;
      if ((*key | 0x20) == 'f') return stick::Next::kFirmwareSetup;
      return stick::Next::kRestart;
    }
    if (watches && is_pulled(stick_device)) return stick::Next::kRestart;
  }
}

stick::Next run(Session& session, const ScreenOptions& options) {
  repair::Request& request = session.request;
  request.audit_directory = session.stick + "/" + std::string(stick::kLogs);
  request.disks_found = true;
  request.origin = {session.image.customer,
                    session.image.incident,
                    session.image.id,
                    stick_id(session.stick),
                    std::string(profile::to_string(session.mode)),
                    session.image.built,
                    session.image.build,
                    session.profile_signer,
                    session.profile.unsigned_files == trust::Unsigned::kAllow};
  try {
    return Loop(session, options).run();
  } catch (const Error& error) {
    return show_failure(options, session.stick_device, error.what());
  }
}

}  // namespace mend::console
