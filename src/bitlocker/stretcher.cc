// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/stretcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "crypto/stretch_pair.h"

namespace mend::bitlocker {
namespace {

constexpr std::chrono::milliseconds kBetweenProgress{100};

// What the workers share.
class Pool {
 public:
  Pool(std::span<const StretchTask> tasks, const StretchPlan::Open& open) : tasks_(tasks), open_(open) {}

  std::optional<StretchPlan::Fit> run(const std::function<void(double)>& progress) {
    const size_t count = std::min<size_t>(tasks_.size(), std::max(1u, std::thread::hardware_concurrency()));
    workers_ = count;
    std::vector<std::jthread> workers;
    // Declared after `workers`, so that an exception of `progress` stops them before they are joined.
    struct StopOnExit {
      std::atomic<bool>& stop;
      ~StopOnExit() { stop = true; }
    } stop_on_exit{stop_};
    while (workers.size() < count && start(workers)) continue;
    if (workers.empty()) work();
    wait(progress);
    if (failure_) std::rethrow_exception(failure_);
    return std::move(fit_);
  }

 private:
  // False when the system has no thread to give: those that run will do, or the caller's own.
  bool start(std::vector<std::jthread>& workers) {
    count_running(1);
    try {
      workers.emplace_back([this] { work(); });
      return true;
    } catch (const std::system_error&) {
      if (!workers.empty()) count_running(-1);
      return false;
    }
  }

  void count_running(int change) {
    const std::lock_guard lock(mutex_);
    running_ += change;
    if (running_ == 0) changed_.notify_all();
  }

  void work() noexcept {
    try {
      for (auto tasks = take(); !tasks.empty() && !stop_; tasks = take()) try_tasks(tasks);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
    }
    count_running(-1);
  }

  // The next one; or two, when there are enough for every worker to have two.
  std::span<const StretchTask> take() {
    const std::lock_guard lock(mutex_);
    const size_t left = tasks_.size() - next_;
    const bool two = crypto::can_stretch_pairs() && left >= 2 * workers_;
    const auto taken = tasks_.subspan(next_, std::min<size_t>(two ? 2 : 1, left));
    next_ += taken.size();
    return taken;
  }

  void try_tasks(std::span<const StretchTask> tasks) {
    const auto input = [](const StretchTask& task) {
      return crypto::StretchInput{task.initial.bytes(), *task.protector->salt};
    };
    if (tasks.size() == 2) {
      const auto keys =
          crypto::stretch_pair(input(tasks[0]), input(tasks[1]), crypto::kStretchRounds, &rounds_, &stop_);
      for (size_t i = 0; i < keys.size(); ++i) try_key(tasks[i], keys[i]);
      return;
    }
    const crypto::StretchInput one = input(tasks[0]);
    try_key(tasks[0], crypto::stretch(one.initial, one.salt, crypto::kStretchRounds, &rounds_, &stop_));
  }

  void try_key(const StretchTask& task, const Secret& key) {
    if (key.empty()) return;
    std::optional<Secret> vmk = open_(*task.protector, key.bytes());
    if (!vmk) return;
    const std::lock_guard lock(mutex_);
    if (!fit_) fit_ = StretchPlan::Fit{task.protector, std::move(*vmk)};
    stop_ = true;
  }

  void wait(const std::function<void(double)>& progress) {
    const double total = static_cast<double>(tasks_.size()) * static_cast<double>(crypto::kStretchRounds);
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kBetweenProgress, [this] { return running_ == 0; })) {
      if (!progress) continue;
      lock.unlock();
      progress(static_cast<double>(rounds_.load()) / total);
      lock.lock();
    }
  }

  std::span<const StretchTask> tasks_;
  const StretchPlan::Open& open_;
  size_t next_ = 0;     // guarded by mutex_
  size_t workers_ = 1;  // set before the first one starts
  std::atomic<uint64_t> rounds_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  std::optional<StretchPlan::Fit> fit_;
  std::exception_ptr failure_;
};

}  // namespace

bool StretchPlan::Order::operator()(size_t a, size_t b) const {
  if (tasks[a].protector != tasks[b].protector) return std::less<>()(tasks[a].protector, tasks[b].protector);
  const Bytes left = tasks[a].initial.bytes(), right = tasks[b].initial.bytes();
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
}

void StretchPlan::add(const Protector& protector, Bytes initial) {
  tasks_.push_back({&protector, Secret(initial)});
  if (!order_.insert(tasks_.size() - 1).second) tasks_.pop_back();
}

std::optional<StretchPlan::Fit> StretchPlan::run(size_t first, const Open& open,
                                                 const std::function<void(double)>& progress) const {
  if (first >= tasks_.size()) return std::nullopt;
  if (progress) progress(0);
  std::optional<Fit> fit = Pool(std::span(tasks_).subspan(first), open).run(progress);
  if (progress) progress(1);
  return fit;
}

}  // namespace mend::bitlocker
