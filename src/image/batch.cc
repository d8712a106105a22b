// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr unsigned kMostJobs = 64;

class Batch {
 public:
  Batch(const Base& base, const BatchRequest& request, std::vector<std::string> folders,
        const std::atomic<bool>& stop, Progress& progress)
      : base_(base), request_(request), folders_(std::move(folders)), stop_(stop), progress_(progress) {}

  BatchResult run() {
    const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
    const unsigned wanted = std::min(request_.jobs != 0 ? request_.jobs : processors, kMostJobs);
    std::vector<std::thread> workers;
    for (size_t i = 1; i < std::min<size_t>(wanted, folders_.size()); ++i)
      workers.emplace_back([this] { work(); });
    work();
    for (std::thread& worker : workers) worker.join();
    std::sort(result_.failures.begin(), result_.failures.end(),
              [](const BatchFailure& a, const BatchFailure& b) { return a.customer < b.customer; });
    return std::move(result_);
  }

 private:
  void work() {
    for (size_t i = next_++; i < folders_.size(); i = next_++) build(folders_[i]);
  }

  void build(const std::string& folder) {
    const std::string name = customer_name(folder);
    std::vector<std::string> notes;
    std::string failure;
    size_t keys = 0;
    try {
      if (stop_) throw Error(ErrorCode::kRefused, "image.batch.stopped", "not begun: the batch was stopped");
      const Customer customer = load_customer(folder, request_.trusted);
      notes = customer.notes;
      keys = customer.keys;
      SilentProgress silent;
      build_image(base_, customer, request_.options, request_.output + "/" + name + ".img", hasher_, silent);
    } catch (const std::exception& error) {
      failure = error.what();
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const std::string& note : notes) progress_.note(note);
    if (failure.empty()) {
      ++result_.built;
      if (keys != 0) ++result_.with_keys;
    } else {
      result_.failures.push_back({name, failure});
    }
    const size_t done = result_.built + result_.failures.size();
    progress_.step(fmt::format("{} of {} customers", done, folders_.size()),
                   static_cast<double>(done) / static_cast<double>(folders_.size()));
  }

  const Base& base_;
  const BatchRequest& request_;
  const std::vector<std::string> folders_;
  const std::atomic<bool>& stop_;
  RangeHasher hasher_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;  // for what follows
  Progress& progress_;
  BatchResult result_;
};

}  // namespace

Shard parse_shard(std::string_view text) {
  Shard shard;
  const size_t slash = std::min(text.find('/'), text.size());
  const auto number = [](std::string_view digits, uint32_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  const bool read = number(text.substr(0, slash), shard.index) &&
                    number(text.substr(std::min(slash + 1, text.size())), shard.count);
  if (read && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw Error(ErrorCode::kUsage, "image.batch.shard",
              fmt::format("the shard \"{}\" is not I/N with I from 1 to N, such as 3/8", printable(text)));
}

bool is_in_shard(std::string_view customer_name, const Shard& shard) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(customer_name));
  return read_le<uint64_t>(digest, 0) % shard.count == shard.index - 1;
}

BatchResult build_batch(const Base& base, const BatchRequest& request, const std::atomic<bool>& stop,
                        Progress& progress) {
  std::vector<std::string> folders = customer_folders(request.customers);
  const size_t all = folders.size();
  std::erase_if(
      folders, [&](const std::string& folder) { return !is_in_shard(customer_name(folder), request.shard); });
  std::error_code error;
  std::filesystem::create_directories(request.output, error);
  if (error) {
    throw Error(ErrorCode::kUsage, "image.batch.output",
                fmt::format("cannot make the folder {}: {}", printable(request.output), error.message()));
  }
  const size_t mine = folders.size();
  Base held = base;
  hold_in_memory(held);
  BatchResult result = Batch(held, request, std::move(folders), stop, progress).run();
  result.in_other_shards = all - mine;
  return result;
}

}  // namespace mend::image
