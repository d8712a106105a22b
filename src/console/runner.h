// SPDX-License-Identifier: GPL-3.0-or-later
// A run on a thread of its own, so that the screens answer at once whatever the disks do. An Operator: what
// the run tells becomes events for the Dialog, and what it asks waits for the answer.
//
// Invariants
//   RU-1  Events reach the Dialog on the screens' thread, in their order; of progress, the latest every 50
//   ms. RU-2  One run at a time. The destructor answers what is asked with no, and waits for the run to end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "console/dialog.h"
#include "repair/operator.h"

namespace mend::console {

class Runner : public repair::Operator {
 public:
  using Event = std::function<void(Dialog&)>;

  Runner();
  ~Runner() override;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // --- on the screens' thread ---
  // What a run may ask: for keys; for a yes before anything is written too; or nothing.
  enum class Asks { kNothing, kKeys, kKeysAndConsent };
  // Runs `work`, which gives the last event. REQUIRES: !running().
  void start(Asks asks, std::function<Event(Runner&)> work);
  // The same beside a run, for what takes a while: another stick's files. One at a time; false: not now.
  bool start_beside(std::function<Event()> work);
  bool running() const { return running_; }
  // Readable when there are events.
  int fd() const { return fd_; }
  std::vector<Event> take_events();
  void answer(repair::KeyAnswer answer);
  void answer(bool consent);
  void set_has_key() { has_key_ = true; }

  // --- on any thread ---
  void post(Event event);

  // --- the run's ---
  void progress(repair::Phase phase, std::string_view what, double fraction) override;
  void tell(std::string_view message) override;
  void disk(const repair::DiskReport& report) override;
  void volume(const repair::VolumeReport& report) override;
  void searching(const repair::KeyQuestion& question) override;
  bool has_key() override { return has_key_; }
  repair::KeyAnswer key(const repair::KeyQuestion& question) override;
  repair::Consent consent(const std::vector<const repair::VolumeReport*>& planned) override;
  // On the stick nobody interrupts: a key pressed by mistake must not end a repair.
  bool wants_to_stop() override { return ending_; }

 private:
  int fd_ = -1;
  std::thread thread_, beside_;
  std::atomic<bool> running_ = false, running_beside_ = false, has_key_ = false, ending_ = false;
  Asks asks_ = Asks::kNothing;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<Event> events_;
  std::optional<repair::KeyAnswer> key_answer_;
  std::optional<bool> consent_answer_;
  // The run's thread only.
  std::optional<repair::Phase> phase_;
  std::string what_;
  uint64_t told_at_ns_ = 0;
};

}  // namespace mend::console
