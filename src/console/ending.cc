// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/ending.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "console/history.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Style;

// "2026-11-25 12:00 UTC"
std::string for_people(Time time) {
  const std::string iso = to_iso8601(time);
  return iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC";
}

// What to do about the worst of what was found; why it is so stands with each volume.
std::vector<std::string> next_step(const repair::Report& report) {
  if (report.stuck_journal) return {texts::kStuckJournal};
  if (!report.verdict) return {texts::kNoWindows};
  switch (*report.verdict) {
    case repair::Verdict::kLocked:
      return {texts::kLocked1, texts::kLocked2};
    case repair::Verdict::kUnsafe:
      return {texts::kUnsafe};
    case repair::Verdict::kRefused:
      return {texts::kRefused};
    case repair::Verdict::kUnsupported:
      return {texts::kUnsupported};
    case repair::Verdict::kDamaged:
      return {texts::kDamaged};
    case repair::Verdict::kFailed:
      return {texts::kFailed};
    default:
      return {texts::kSeeVolumes};
  }
}

Ending needs_you(std::vector<std::string> advice, const std::string& contact) {
  Ending ending{texts::kNeedsYou, Style::kBad, std::move(advice)};
  if (!contact.empty()) ending.advice.push_back(texts::kCall + contact);
  return ending;
}

}  // namespace

Ending ending_of(const repair::Report& report, const std::string& logs, const std::string& contact) {
  const auto is = [&](repair::Verdict verdict) { return report.verdict == verdict; };
  if (report.exit_status == 0 && is(repair::Verdict::kFixed))
    return {texts::kFixed, Style::kGood, {texts::kCanStart}};
  if (report.exit_status == 0 && is(repair::Verdict::kNotAffected)) {
    if (const auto earlier = earlier_fix(logs, report)) {
      return {
          texts::kFixedEarlier, Style::kGood, {fmt::format(texts::kRepairedOn, for_people(earlier->when))}};
    }
    return {texts::kNothingFound, Style::kGood, {texts::kNothingHere, texts::kOtherCause}};
  }
  std::vector<std::string> advice = next_step(report);
  if (!report.wrote) advice.emplace_back(texts::kUnchanged);
  return needs_you(std::move(advice), contact);
}

Ending ending_of_scan() {
  return {texts::kLookedOnly, Style::kStrong, {texts::kNothingChanged}};
}

Ending ending_of_undo(const repair::Report& report, const std::string& contact) {
  const bool good = report.exit_status == 0;
  if (good) return {texts::kUndone, Style::kStrong, {texts::kUndoneAdvice}};
  return needs_you({texts::kNotUndone}, contact);
}

Ending ending_of(const Error& error) {
  Ending ending{texts::kNeedsYou, Style::kBad, {texts::kUnchanged}};
  const std::string_view id = error.id();
  if (id.starts_with("audit.") || id.starts_with("repair.record.")) {
    ending.without_log = true;
    ending.advice.emplace_back(texts::kNoLog1);
    ending.advice.emplace_back(texts::kNoLog2);
  }
  return ending;
}

Ending ending_without_disk() {
  return {texts::kNeedsYou, Style::kBad, {}};
}

}  // namespace mend::console
