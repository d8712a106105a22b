// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/collector.h"
#include "keys/csv.h"
#include "keys/decode.h"
#include "keys/json.h"
#include "keys/keys.h"
#include "keys/txt.h"

namespace mend::keys {
namespace {

using bitlocker::Credentials;
using bitlocker::RecoveryCandidate;
using bitlocker::StartupKey;

void append(ImportReport&& from, ImportReport& to) {
  for (Problem& problem : from.problems) {
    if (to.problems.size() < kMaximumProblems) {
      to.problems.push_back(std::move(problem));
    } else {
      ++to.problems_left_out;
    }
  }
  to.problems_left_out += from.problems_left_out;
}

// The first line of a text may pass for a table's header: `BitLocker recovery key, for …`. What has no key as
// a table is read as a text; what has none as that either was a table.
void read_table_or_text(std::string_view text, const std::string& file, Credentials& into,
                        ImportReport& report) {
  const size_t before = into.recovery.size();
  ImportReport of_table;
  Collector table(file, into, of_table);
  const bool is_table = read_csv(text, table);
  if (into.recovery.size() != before) return append(std::move(of_table), report);
  ImportReport of_text;
  Collector plain(file, into, of_text);
  read_txt(text, plain);
  append(std::move(is_table && into.recovery.size() == before ? of_table : of_text), report);
}

// One file's content, told apart.
void read_content(Bytes content, const std::string& file, Credentials& into, ImportReport& report) {
  Collector collector(file, into, report);
  if (bitlocker::looks_like_startup_key(content)) {
    try {
      collector.add(StartupKey::parse(content));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUsage) throw;
      collector.problem(0, error.what());
    }
    return;
  }
  const DecodedText decoded(content);
  const std::string_view text = decoded.text();
  const auto outcomes = [&] {
    return into.recovery.size() + report.problems.size() + report.problems_left_out;
  };
  const size_t before = outcomes();
  if (text.find('\0') != std::string_view::npos) {
    return collector.problem(0, "neither a text nor a startup key (.BEK)");
  }
  if (looks_like_json(text)) {
    Entry context;
    context.line = 1;
    read_json(text, context, collector);
  } else {
    read_table_or_text(text, file, into, report);
  }
  if (outcomes() == before) collector.problem(0, "there is no recovery password and no startup key in it");
}

bool key_less(Bytes a, Bytes b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

// Drops what is equal to something earlier; the order stays. `less` orders, and what it does not tell apart
// is equal.
template <typename T, typename Less, typename Merge>
size_t remove_duplicates(std::vector<T>& items, Less less, Merge merge) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(items[a], items[b]); });
  std::vector<bool> drop(items.size());
  size_t first = 0;
  for (size_t i = 1; i < order.size(); ++i) {
    if (less(items[order[first]], items[order[i]])) {
      first = i;
    } else {
      drop[order[i]] = true;
      merge(items[order[first]], items[order[i]]);
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (drop[i]) continue;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  const size_t dropped = items.size() - kept;
  items.erase(items.begin() + static_cast<ptrdiff_t>(kept), items.end());
  return dropped;
}

size_t remove_duplicates(Credentials& credentials) {
  const auto candidate_less = [](const RecoveryCandidate& a, const RecoveryCandidate& b) {
    if (a.protector_id != b.protector_id) return a.protector_id < b.protector_id;
    return key_less(a.password.key_words(), b.password.key_words());
  };
  const auto keep_host = [](RecoveryCandidate& kept, const RecoveryCandidate& dropped) {
    if (kept.host.empty()) kept.host = dropped.host;
  };
  const auto startup_less = [](const StartupKey& a, const StartupKey& b) {
    return a.key_id() != b.key_id() ? a.key_id() < b.key_id() : key_less(a.key(), b.key());
  };
  return remove_duplicates(credentials.recovery, candidate_less, keep_host) +
         remove_duplicates(credentials.startup_keys, startup_less,
                           [](const StartupKey&, const StartupKey&) {});
}

// All at once in the end, so that `into` is as before when something throws.
void merge(Credentials&& found, Credentials& into, ImportReport& report) {
  const size_t before = into.recovery.size() + into.startup_keys.size();
  into.recovery.reserve(into.recovery.size() + found.recovery.size());
  into.startup_keys.reserve(into.startup_keys.size() + found.startup_keys.size());
  std::move(found.recovery.begin(), found.recovery.end(), std::back_inserter(into.recovery));
  std::move(found.startup_keys.begin(), found.startup_keys.end(), std::back_inserter(into.startup_keys));
  report.duplicates += remove_duplicates(into);
  report.keys = std::max(before, into.recovery.size() + into.startup_keys.size()) - before;
}

bool starts_with_readme(const std::string& name) {
  return lower_ascii(name.substr(0, 6)) == "readme";
}

// Names of the files in a directory, sorted, so that two runs read them in the same order.
std::vector<std::string> files_in(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      std::error_code ignored;
      if (name.starts_with(".") || starts_with_readme(name) || !entry.is_regular_file(ignored)) continue;
      files.push_back(entry.path().string());
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::kIo, "keys.directory",
                "reading the directory '" + printable(directory) + "': " + error.code().message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A file of a directory that cannot be read is one problem among others.
void read_directory(const std::string& directory, Credentials& into, ImportReport& report) {
  for (const std::string& file : files_in(directory)) {
    try {
      const Secret content = read_secret_file(file, kMaximumFileBytes);
      read_content(content.bytes(), file, into, report);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUsage && error.code() != ErrorCode::kIo) throw;
      Collector(file, into, report).problem(0, error.what());
    }
  }
}

[[noreturn]] void throw_none(const std::string& path, const ImportReport& report) {
  std::string why;
  if (!report.problems.empty()) {
    why = ": " + report.problems.front().text();
    const size_t more = report.problems.size() - 1 + report.problems_left_out;
    if (more > 0) why += " (and " + std::to_string(more) + (more == 1 ? " more problem)" : " more problems)");
  }
  throw Error(ErrorCode::kUsage, "keys.none", "there is no usable key in '" + printable(path) + "'" + why);
}

}  // namespace

std::string Problem::text() const {
  std::string out = printable(file);
  if (line != 0) out += ":" + std::to_string(line);
  if (line != 0 && column != 0) out += ":" + std::to_string(column);
  return out + ": " + why;
}

ImportReport parse(Bytes content, const std::string& file_name, Credentials& into) {
  Credentials found;
  ImportReport report;
  read_content(content, file_name, found, report);
  merge(std::move(found), into, report);
  return report;
}

ImportReport load(const std::string& path, Credentials& into) {
  Credentials found;
  ImportReport report;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    read_directory(path, found, report);
  } else {
    const Secret content = read_secret_file(path, kMaximumFileBytes);
    read_content(content.bytes(), path, found, report);
  }
  if (found.recovery.empty() && found.startup_keys.empty()) throw_none(path, report);
  merge(std::move(found), into, report);
  return report;
}

}  // namespace mend::keys
