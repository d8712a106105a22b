// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/collector.h"
#include "keys/csv.h"
#include "keys/decode.h"
#include "keys/json.h"
#include "keys/keys.h"
#include "keys/merge.h"
#include "keys/txt.h"

namespace mend::keys {
namespace {

using bitlocker::Credentials;
using bitlocker::KeySource;
using bitlocker::StartupKey;

void append(ImportReport&& from, ImportReport& to) {
  for (Problem& problem : from.problems) to.add(std::move(problem));
  to.problems_left_out += from.problems_left_out;
}

// The first line of a text may pass for a table's header: `BitLocker recovery key, for …`. What has no key as
// a table is read as a text; what has none as that either was a table.
void read_table_or_text(std::string_view text, const std::string& file, Credentials& into,
                        ImportReport& report) {
  const size_t before = into.recovery.size();
  ImportReport of_table;
  Collector table(file, KeySource::kTable, into, of_table);
  const bool is_table = read_csv(text, table);
  if (into.recovery.size() != before) return append(std::move(of_table), report);
  ImportReport of_text;
  Collector plain(file, KeySource::kText, into, of_text);
  read_txt(text, plain);
  append(std::move(is_table && into.recovery.size() == before ? of_table : of_text), report);
}

// One file's content, told apart.
void read_content(Bytes content, const std::string& file, Credentials& into, ImportReport& report) {
  Collector collector(file, KeySource::kJson, into, report);
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

void read_file(const std::string& file, Credentials& into, ImportReport& report,
               std::vector<StartupKeyFile>* startup_files) {
  Secret content = read_secret_file(file, kMaximumFileBytes);
  const size_t before = into.startup_keys.size();
  read_content(content.bytes(), file, into, report);
  if (startup_files != nullptr && into.startup_keys.size() != before)
    startup_files->push_back({std::filesystem::path(file).filename().string(), std::move(content)});
}

// A file of a directory that cannot be read is one problem among others.
void read_directory(const std::string& directory, Credentials& into, ImportReport& report,
                    std::vector<StartupKeyFile>* startup_files) {
  for (const std::string& file : files_in(directory)) {
    try {
      read_file(file, into, report, startup_files);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUsage && error.code() != ErrorCode::kIo) throw;
      Collector(file, KeySource::kText, into, report).problem(0, error.what());
    }
  }
}

[[noreturn]] void throw_none(const std::vector<std::string>& paths, const ImportReport& report) {
  std::string where;
  for (const std::string& path : paths) where += (where.empty() ? "'" : ", '") + printable(path) + "'";
  std::string why;
  if (!report.problems.empty()) {
    why = ": " + report.problems.front().text();
    const size_t more = report.problems.size() - 1 + report.problems_left_out;
    if (more > 0) why += " (and " + std::to_string(more) + (more == 1 ? " more problem)" : " more problems)");
  }
  throw Error(ErrorCode::kUsage, "keys.none", "there is no usable key in " + where + why);
}

}  // namespace

void ImportReport::add(Problem problem) {
  if (problems.size() < kMaximumProblems) {
    problems.push_back(std::move(problem));
  } else {
    ++problems_left_out;
  }
}

std::string Problem::text() const {
  if (file.empty()) return why;
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
  return load(std::vector{path}, into, nullptr);
}

ImportReport load(const std::vector<std::string>& paths, Credentials& into,
                  std::vector<StartupKeyFile>* startup_files) {
  Credentials found;
  ImportReport report;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      read_directory(path, found, report, startup_files);
    } else {
      read_file(path, found, report, startup_files);
    }
  }
  if (found.recovery.empty() && found.startup_keys.empty()) throw_none(paths, report);
  merge(std::move(found), into, report);  // in the end, so that `into` is as before when something throws
  return report;
}

}  // namespace mend::keys
