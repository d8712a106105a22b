// SPDX-License-Identifier: GPL-3.0-or-later
// Stretches keys on all cores until one fits. Private to this folder; used by unlock() only.
//
// Invariants
//   T-1  No (protector, key) pair is stretched twice.
//   T-2  Threads are joined before run() returns or throws.
#pragma once

#include <functional>
#include <set>
#include <span>

#include "bitlocker/metadata.h"

namespace mend::bitlocker {

struct StretchTask {
  const Protector* protector;  // REQUIRES: salt and sealed_vmk are there
  Secret initial;              // 32 bytes: the hash of what was typed
};

class StretchPlan {
 public:
  StretchPlan() = default;
  StretchPlan(const StretchPlan&) = delete;
  StretchPlan& operator=(const StretchPlan&) = delete;
  // Nothing happens when the same pair was added before.
  void add(const Protector& protector, Bytes initial);
  size_t size() const { return tasks_.size(); }
  const StretchTask& operator[](size_t index) const { return tasks_[index]; }

  struct Fit {
    const Protector* protector;
    Secret vmk;
  };
  // Opens a protector with a stretched key: the VMK, or nothing. Called on any thread.
  using Open = std::function<std::optional<Secret>(const Protector&, Bytes key)>;
  // Works on the tasks from `first` on, in their order, and stops at the first that fits.
  std::optional<Fit> run(size_t first, const Open& open, const std::function<void(double)>& progress) const;

 private:
  // By what the tasks hold, so that a key stays where it is: in its task.
  struct Order {
    const std::vector<StretchTask>& tasks;
    bool operator()(size_t a, size_t b) const;
  };

  std::vector<StretchTask> tasks_;
  std::set<size_t, Order> order_{Order{tasks_}};
};

}  // namespace mend::bitlocker
