// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/runner.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

namespace mend::console {
namespace {

constexpr uint64_t kProgressNs = 50'000'000;

}  // namespace

Runner::Runner() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0)
    throw Error(ErrorCode::kIo, "console.runner.eventfd", "the kernel has no event descriptor left");
}

Runner::~Runner() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  answered_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (beside_.joinable()) beside_.join();
  ::close(fd_);
}

void Runner::start(Asks asks, std::function<Event(Runner&)> work) {
  if (thread_.joinable()) thread_.join();
  asks_ = asks;
  has_key_ = false;
  phase_.reset();
  running_ = true;
  thread_ = std::thread([this, work = std::move(work)] {
    Event last = work(*this);
    running_ = false;
    post(std::move(last));
  });
}

bool Runner::start_beside(std::function<Event()> work) {
  if (running_beside_) return false;
  if (beside_.joinable()) beside_.join();
  running_beside_ = true;
  beside_ = std::thread([this, work = std::move(work)] {
    Event last = work();
    running_beside_ = false;
    post(std::move(last));
  });
  return true;
}

void Runner::post(Event event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  const uint64_t one = 1;
  if (::write(fd_, &one, sizeof one) < 0) return;  // full: it is readable already
}

std::vector<Runner::Event> Runner::take_events() {
  uint64_t count = 0;
  if (::read(fd_, &count, sizeof count) < 0) return {};
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

void Runner::answer(repair::KeyAnswer answer) {
  {
    const std::lock_guard lock(mutex_);
    key_answer_ = std::move(answer);
    has_key_ = false;
  }
  answered_.notify_all();
}

void Runner::answer(bool consent) {
  {
    const std::lock_guard lock(mutex_);
    consent_answer_ = consent;
  }
  answered_.notify_all();
}

void Runner::progress(repair::Phase phase, std::string_view what, double fraction) {
  const uint64_t now_ns = monotonic_ns();
  const bool same = phase_ == phase && what_ == what;
  if (same && now_ns - told_at_ns_ < kProgressNs) return;
  phase_ = phase;
  what_ = what;
  told_at_ns_ = now_ns;
  post([phase, text = std::string(what), fraction](Dialog& dialog) {
    dialog.progress(phase, text, fraction);
  });
}

void Runner::tell(std::string_view message) {
  post([text = std::string(message)](Dialog& dialog) { dialog.tell(text); });
}

void Runner::disk(const repair::DiskReport& report) {
  post([report](Dialog& dialog) { dialog.disk(report); });
}

void Runner::volume(const repair::VolumeReport& report) {
  post([report](Dialog& dialog) { dialog.volume(report); });
}

void Runner::searching(const repair::KeyQuestion& question) {
  post([question](Dialog& dialog) { dialog.searching(question); });
}

repair::KeyAnswer Runner::key(const repair::KeyQuestion& question) {
  if (asks_ == Asks::kNothing) return {};
  {
    const std::lock_guard lock(mutex_);
    key_answer_.reset();
  }
  post([question](Dialog& dialog) { dialog.ask_key(question); });
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return key_answer_ || ending_; });
  return key_answer_ ? std::move(*std::exchange(key_answer_, std::nullopt)) : repair::KeyAnswer();
}

repair::Consent Runner::consent(const std::vector<const repair::VolumeReport*>& planned) {
  if (asks_ != Asks::kKeysAndConsent) return repair::Consent::kNotAsked;
  std::vector<repair::VolumeReport> reports;
  reports.reserve(planned.size());
  for (const repair::VolumeReport* report : planned) reports.push_back(*report);
  {
    const std::lock_guard lock(mutex_);
    consent_answer_.reset();
  }
  post([reports](Dialog& dialog) { dialog.ask_consent(reports); });
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return consent_answer_ || ending_; });
  return consent_answer_.value_or(false) ? repair::Consent::kYes : repair::Consent::kNo;
}

}  // namespace mend::console
