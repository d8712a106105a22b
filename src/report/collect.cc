// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/collect.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "journal/journal.h"
#include "report/copies.h"
#include "report/log_files.h"

namespace mend::report {
namespace {

bool is_same_folder(const std::string& a, const std::string& b) {
  struct stat one {};
  struct stat other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

bool is_same_file_system(const std::string& a, const std::string& b) {
  struct stat one {};
  struct stat other {};
  return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev;
}

// What is to be known of a log or journal, from its copy.
void look_at_log(CollectedFile& file) {
  if (const auto finding = look_at_file(file.copy)) {
    file.problem = finding->why;
    file.chain = audit::Chain::kChanged;
    return;
  }
  const audit::ReadResult read = audit::read_log(file.copy);
  file.chain = read.chain;
  if (read.chain == audit::Chain::kCutShort)
    file.problem = fmt::format("cut short after {} good records: {}", read.records, read.why);
  if (read.chain == audit::Chain::kChanged)
    file.problem = fmt::format("changed at line {}: {}", read.changed_line, read.why);
}

void look_at_journal(CollectedFile& file) {
  try {
    const journal::Journal journal = journal::Journal::open(file.copy);
    file.is_open = journal::is_open(journal.state());
    if (file.is_open) {
      file.problem =
          "work was interrupted: keep the stick, and start the PC from it again" +
          (journal.has_target() ? " (" + journal::describe(journal.target()) + ")" : std::string());
    }
  } catch (const Error& error) {
    file.problem = error.what();
  }
}

CollectedFile::Kind kind_of(const std::string& name) {
  if (is_journal(name)) return CollectedFile::Kind::kJournal;
  return name.ends_with(".sealed") ? CollectedFile::Kind::kSealedLog : CollectedFile::Kind::kLog;
}

CollectedFile copy_one(LogSource& source, const SourceFile& file, std::vector<Copies>& places) {
  CollectedFile collected;
  collected.name = file.name;
  collected.kind = kind_of(file.name);
  crypto::Sha256 sha;
  uint64_t size_bytes = 0;
  source.read(file, [&](Bytes piece) {
    sha.update(piece);
    size_bytes += piece.size();
  });
  const crypto::Sha256Digest digest = sha.finish();
  for (Copies& place : places) {
    const Copies::Copy copy =
        place.put(file.name, size_bytes, digest,
                  [&](const std::function<void(Bytes)>& piece) { source.read(file, piece); });
    if (!collected.copy.empty()) continue;
    collected.copy = copy.path;
    collected.is_new = copy.is_new;
  }
  if (collected.kind == CollectedFile::Kind::kLog) look_at_log(collected);
  if (collected.kind == CollectedFile::Kind::kJournal) look_at_journal(collected);
  return collected;
}

// A journal is named after its log: "STEM-sdap3.undo" and "STEM.jsonl".
std::string stem_of(const std::string& log) {
  return log.substr(0, log.find(".jsonl"));
}

// CL-3, but for the two places.
std::string why_kept(const CollectedFile& file, const std::vector<CollectedFile>& all) {
  const auto unfinished = [](const CollectedFile& journal) {
    return journal.kind == CollectedFile::Kind::kJournal && !journal.problem.empty();
  };
  if (file.kind == CollectedFile::Kind::kJournal) {
    if (file.is_open) return "the work in it is not finished";
    return file.problem.empty() ? "" : "it cannot be read";
  }
  if (file.chain == audit::Chain::kChanged) return "it was changed, or is no log";
  for (const CollectedFile& journal : all) {
    if (unfinished(journal) && journal.name.starts_with(stem_of(file.name)))
      return "its work is not finished (" + journal.name + ")";
  }
  return {};
}

void clear(LogSource& source, Collected& collected) {
  std::vector<SourceFile> removable;
  for (size_t i = 0; i < collected.files.size(); ++i) {
    CollectedFile& file = collected.files[i];
    file.kept_since = why_kept(file, collected.files);
    if (file.kept_since.empty()) removable.push_back(source.files()[i]);
  }
  if (!removable.empty()) source.remove(removable);
  for (CollectedFile& file : collected.files) file.removed = file.kept_since.empty();
}

void check_places(const CollectRequest& request, const LogSource& source, Collected& collected) {
  const std::string& first = request.folders.front();
  if (!request.clear) return;
  const std::string& second = request.folders.at(1);
  if (is_same_folder(first, second)) {
    throw Error(
        ErrorCode::kUsage, "report.collect.places",
        "--also names the same folder as -o: a stick is emptied only when its logs are in two places");
  }
  for (const std::string& folder : request.folders) {
    if (!source.holds(folder)) continue;
    throw Error(
        ErrorCode::kRefused, "report.collect.itself",
        fmt::format("{} lies on the stick itself, or on the same file system as {}: nothing was removed",
                    printable(folder), printable(request.source)));
  }
  if (is_same_file_system(first, second))
    collected.notes.emplace_back("both copies are on one file system: what breaks it takes both");
}

}  // namespace

Collected collect(const CollectRequest& request) {
  Collected collected;
  collected.source = request.source;
  const std::unique_ptr<LogSource> source = open_source(request.source);
  std::vector<Copies> places;
  for (const std::string& folder : request.folders) places.emplace_back(folder);
  check_places(request, *source, collected);
  for (const std::string& fault : source->notes())
    collected.notes.push_back("the volume is damaged: " + fault);
  for (const SourceFile& file : source->files()) collected.files.push_back(copy_one(*source, file, places));
  for (const std::string& name : source->others())
    collected.notes.push_back(printable(name) + " is neither a log nor a journal, and was left alone");
  if (request.clear) clear(*source, collected);
  return collected;
}

}  // namespace mend::report
