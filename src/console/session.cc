// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "console/history.h"
#include "console/show.h"
#include "console/watcher.h"
#include "crypto/random.h"
#include "repair/machine.h"
#include "repair/run.h"
#include "repair/version.h"

namespace mend::console {
namespace {

using screen::Style;
using std::chrono::seconds;

constexpr std::chrono::milliseconds kLook{250};  // how often the stick is looked for while waiting
constexpr size_t kStickIdBytes = 8;
constexpr const char* kUnchanged = "No disk of this PC was changed.";

// "2026-11-25 12:00 UTC"
std::string for_people(Time time) {
  const std::string iso = to_iso8601(time);
  return iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC";
}

void show_heading(const Session& session, screen::Screen& screen) {
  screen.clear();
  screen.line(fmt::format("{}   for {}   image of {}", repair::kToolName, session.image.customer,
                          to_iso8601(session.image.built).substr(0, 10)),
              Style::kStrong);
  if (!session.image.incident.empty()) screen.line(session.image.incident, Style::kStrong);
  const repair::Machine machine = repair::read_machine();
  std::string text = "This PC:";
  for (const std::string* part : {&machine.vendor, &machine.model}) {
    if (!part->empty()) text += " " + *part;
  }
  if (machine.vendor.empty() && machine.model.empty()) text += " its firmware does not name it";
  screen.line(text + (machine.serial.empty() ? "" : ", serial number " + machine.serial));
  switch (session.mode) {
    case profile::Mode::kAuto:
      break;
    case profile::Mode::kAsk:
      screen.line("Asks before anything is changed.");
      break;
    case profile::Mode::kScan:
      screen.line("Only looks; changes nothing.");
      break;
  }
  screen.line("");
}

// What the big word means, and what to do next.
struct Ending {
  std::string word;
  Style style = Style::kPlain;
  std::vector<std::string> advice;
};

// What to do about the worst of what was found; why it is so stands with each volume.
std::vector<std::string> next_step(const repair::Report& report) {
  if (report.stuck_journal)
    return {"Work that was interrupted here cannot be finished: keep this stick, and get help."};
  if (!report.verdict) return {"No Windows was found on this PC."};
  switch (*report.verdict) {
    case repair::Verdict::kLocked:
      return {"No key on this stick opens the drive. Find the recovery key with the ID above,",
              "put it into a text file in the folder keys of the stick, and start again."};
    case repair::Verdict::kUnsafe:
      return {"Windows left its drive in a state in which a repair could do harm: see above."};
    case repair::Verdict::kRefused:
      return {"A rule or a safety check forbids this repair: see above."};
    case repair::Verdict::kUnsupported:
      return {"This is a kind of disk or drive that cannot be repaired from here: see above."};
    case repair::Verdict::kDamaged:
      return {"The drive's own structures are damaged: make a copy of it before anything else."};
    case repair::Verdict::kFailed:
      return {"A disk or the stick failed: see above. Make a copy of the disk before anything else."};
    default:
      return {"See above."};
  }
}

Ending ending_of(const repair::Report& report, const Session& session) {
  const auto is = [&](repair::Verdict verdict) { return report.verdict == verdict; };
  if (report.exit_status == 0 && is(repair::Verdict::kFixed))
    return {"FIXED", Style::kGood, {"Windows can start."}};
  if (report.exit_status == 0 && is(repair::Verdict::kNotAffected)) {
    if (const auto earlier = earlier_fix(session.request.audit_directory, report)) {
      return {"FIXED EARLIER",
              Style::kGood,
              {fmt::format("This stick repaired this PC on {}; nothing is left to do.",
                           for_people(earlier->when))}};
    }
    return {"NOTHING FOUND",
            Style::kGood,
            {"None of what this stick repairs is on this PC.",
             "If it still does not start, the cause is another one."}};
  }
  Ending ending{"NEEDS YOU", Style::kBad, next_step(report)};
  if (!report.wrote) ending.advice.emplace_back(kUnchanged);
  if (!session.profile.contact.empty()) ending.advice.push_back("Call: " + session.profile.contact);
  return ending;
}

void show_ending(const Ending& ending, screen::Screen& screen) {
  screen.line("");
  screen.line(fmt::format("    *** {} ***", ending.word), ending.style);
  screen.line("");
  for (const std::string& line : ending.advice) screen.line("    " + line);
}

void show_report(const repair::Report& report, screen::Screen& screen) {
  for (const std::string& note : report.notes) screen.line(note);
  for (const repair::VolumeReport& volume : report.volumes) show_lines(screen, show_volume(volume));
  if (report.closing_sha256.empty()) return;
  screen.line("Log: " + report.log.substr(report.log.rfind('/') + 1));
  screen.line("Its closing SHA-256:");
  screen.line(report.closing_sha256);
  screen.line("Its receipt, to note or to read over the phone: " + report.receipt);
}

bool is_pulled(const std::string& device) {
  return ::access(device.c_str(), F_OK) != 0;
}

// What the technician can do when a run could not begin.
std::vector<std::string> advice_for(const Error& error) {
  std::vector<std::string> advice = {kUnchanged};
  const std::string_view id = error.id();
  if (id.starts_with("audit.") || id.starts_with("repair.record.")) {
    advice.emplace_back(
        "Without a log on the stick nothing is written to a disk. Is the stick full? Move old");
    advice.emplace_back("logs away from it. Has it a switch against writing? Else take another stick.");
  }
  return advice;
}

// CO-2. A stick that went during the run cannot be waited for to go.
stick::Next wait_for_person(screen::Screen& screen, const std::string& stick_device, profile::AtEnd at_end,
                            seconds restart_after) {
  const bool restarts = at_end == profile::AtEnd::kRestart;
  const stick::Next next = restarts ? stick::Next::kRestart : stick::Next::kPowerOff;
  screen.forget_keys();  // before the line below, so that an answer to it counts
  screen.line("");
  const bool watches = !stick_device.empty() && !is_pulled(stick_device);
  screen.line(fmt::format("{} a key to {}. P: power off. F: firmware setup.",
                          watches ? "Pull the stick or press" : "Press", restarts ? "restart" : "power off"),
              Style::kStrong);
  const auto start = std::chrono::steady_clock::now();
  seconds shown{-1};
  for (;;) {
    if (const auto key = screen.key(kLook)) {
      if (*key == 'p' || *key == 'P') return stick::Next::kPowerOff;
      if (*key == 'f' || *key == 'F') return stick::Next::kFirmwareSetup;
      return next;
    }
    if (watches && is_pulled(stick_device)) return next;
    const auto waited = std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - start);
    if (restart_after.count() == 0) continue;
    if (waited >= restart_after) return next;
    if (waited == shown) continue;
    shown = waited;
    screen.status(fmt::format("in {} seconds by itself", (restart_after - waited).count()));
  }
}

void look_only(Session& session, screen::Screen& screen) {
  Watcher watcher(screen, false, session.debug);
  session.request.disks.insert(session.request.disks.end(), session.external_disks.begin(),
                               session.external_disks.end());
  const repair::Report report = repair::scan(session.request, watcher);
  show_lines(screen, show_scan(report));
  show_ending({"LOOKED ONLY", Style::kStrong, {"Nothing was changed."}}, screen);
}

void repair_now(Session& session, screen::Screen& screen) {
  Watcher watcher(screen, session.mode == profile::Mode::kAsk, session.debug);
  const repair::Report report = repair::repair(session.request, watcher);
  show_report(report, screen);
  for (const std::string& disk : session.external_disks)
    screen.line(disk + " is not built into this PC and was left alone.");
  show_ending(ending_of(report, session), screen);
}

}  // namespace

std::string stick_id(const std::string& stick) {
  const std::string path = stick + "/" + std::string(stick::kStickId);
  try {
    const ByteVector text = read_file(path, 64);
    std::string id(trim_ascii(as_text(text)));
    const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (id.size() == 2 * kStickIdBytes && std::all_of(id.begin(), id.end(), hex)) return id;
  } catch (const Error&) {  // the first boot, or what a power cut left of it
  }
  std::array<uint8_t, kStickIdBytes> bytes{};
  crypto::random_bytes(bytes);
  std::string id = to_hex(bytes);
  const std::string line = id + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return {};
  const bool written =
      ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  return written ? id : std::string();
}

stick::Next show_failure(screen::Screen& screen, const std::string& stick_device, const std::string& what) {
  show_lines(screen, what);
  show_ending({"NEEDS YOU", Style::kBad, {kUnchanged}}, screen);
  return wait_for_person(screen, stick_device, profile::AtEnd::kRestart, seconds(0));
}

stick::Next run(Session& session, screen::Screen& screen) {
  show_heading(session, screen);
  repair::Request& request = session.request;
  request.audit_directory = session.stick + "/" + std::string(stick::kLogs);
  request.disks_found = true;
  request.origin = {session.image.customer,
                    session.image.incident,
                    session.image.id,
                    stick_id(session.stick),
                    std::string(profile::to_string(session.mode)),
                    session.image.built};
  for (const std::string& note : session.key_notes) screen.line(note);
  try {
    if (request.disks.empty() && session.mode != profile::Mode::kScan) {
      screen.line("No disk is built into this PC, or the kernel on this stick does not know its controller.");
      show_ending({"NEEDS YOU", Style::kBad, {}}, screen);
    } else if (session.mode == profile::Mode::kScan) {
      look_only(session, screen);
    } else {
      repair_now(session, screen);
    }
  } catch (const Error& error) {
    // repair() throws before it has written to a disk; later trouble is in its report.
    screen.line(error.what());
    show_ending({"NEEDS YOU", Style::kBad, advice_for(error)}, screen);
  }
  return wait_for_person(screen, session.stick_device, session.profile.at_end, session.profile.restart_after);
}

}  // namespace mend::console
