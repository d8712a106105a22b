// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/record.h"

#include <signal.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "audit/reader.h"
#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::repair {
namespace {

using test::TempFolder;

// While it lives no file can be written: what a stick that was pulled out, or is full, looks like.
class NoWriting {
 public:
  NoWriting() {
    ::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  }
  ~NoWriting() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  NoWriting(const NoWriting&) = delete;
  NoWriting& operator=(const NoWriting&) = delete;

 private:
  rlimit before_{};
};

Report new_report() {
  Report report;
  report.run_id = new_run_id();
  report.started = now();
  return report;
}

VolumeReport volume() {
  VolumeReport report;
  report.disk = "/dev/sda";
  report.partition = 3;
  return report;
}

TEST_CASE("R-2: a log that cannot be written ends the run before anything is", "[repair]") {
  TempFolder folder;
  Recorder recorder(folder.path().string(), new_report());
  recorder.verified(volume(), 1);
  const NoWriting full;
  CHECK_THROWS_AS(recorder.verified(volume(), 1), Error);
  CHECK_THROWS_AS(recorder.commit_started(volume(), "a.undo"), Error);
}

TEST_CASE("R-3: a log that fails in a commit is told, and no further commit begins", "[repair]") {
  TempFolder folder;
  Report report = new_report();
  Recorder recorder(folder.path().string(), report);
  recorder.commit_started(volume(), "a.undo");
  {
    const NoWriting pulled;
    CHECK_NOTHROW(recorder.commit_finished(volume(), "committed", true));
    CHECK_NOTHROW(recorder.verdict(volume()));
  }
  CHECK_THROWS_AS(recorder.commit_started(volume(), "b.undo"), Error);
  CHECK_NOTHROW(recorder.finish(report));
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("the log lacks its end") == 0);
  CHECK(report.closing_sha256.empty());
  CHECK(audit::read_log(report.log).chain == audit::Chain::kCutShort);
}

TEST_CASE("what ended a run is told even where the log took no more", "[repair]") {
  TempFolder folder;
  Recorder recorder(folder.path().string(), new_report());
  const NoWriting full;
  CHECK_NOTHROW(recorder.stopped(Error(ErrorCode::kIo, "test.record", "the disk went away")));
}

nlohmann::ordered_json first_record(const std::string& path) {
  nlohmann::ordered_json first;
  audit::read_log(path, [&](const nlohmann::ordered_json& record) {
    if (first.is_null()) first = record;
  });
  return first;
}

// The first record of a run in `folder` that begins and ends.
nlohmann::ordered_json run_in(const std::string& folder, const Origin& origin, std::string* id = nullptr) {
  Report report = new_report();
  Recorder recorder(folder, report);
  Request request;
  request.origin = origin;
  recorder.run_started("repair", request, report);
  recorder.finish(report);
  if (id != nullptr) *id = report.run_id;
  return first_record(report.log);
}

TEST_CASE("the log of a run that an error ended is whole, and says which error", "[repair]") {
  TempFolder folder;
  Recorder recorder(folder.path().string(), new_report());
  recorder.stopped(Error(ErrorCode::kIo, "test.record", "the disk went away"));
  std::vector<std::string> messages;
  const auto read = audit::read_log(recorder.path(), [&](const nlohmann::ordered_json& record) {
    messages.push_back(record.at("message"));
  });
  CHECK(read.chain == audit::Chain::kWhole);
  CHECK(messages.at(0) == "the disk went away");
}

TEST_CASE("a run names the one before it, and a time that is known to be past", "[repair]") {
  TempFolder folder;
  std::string first_id;
  Origin origin;
  const auto first = run_in(folder.path().string(), origin, &first_id);
  CHECK_FALSE(first.contains("mendstick.run.previous"));
  CHECK_FALSE(first.contains("mendstick.clock.not_before"));
  CHECK(first.at("mendstick.clock.since_boot_ns").get<uint64_t>() > 0);
  CHECK(first.at("mendstick.clock.boot_id").get<std::string>().size() == 36);

  const auto second = run_in(folder.path().string(), origin);
  CHECK(second.at("mendstick.run.previous") == first_id);
  CHECK(second.at("mendstick.clock.boot_id") == first.at("mendstick.clock.boot_id"));
  CHECK(second.at("mendstick.clock.since_boot_ns") > first.at("mendstick.clock.since_boot_ns"));
  const std::string source = second.at("mendstick.clock.not_before_source");
  CHECK(source.find(first_id) != std::string::npos);
}

TEST_CASE("an image built after the logs on its stick is the newest time that is known", "[repair]") {
  TempFolder folder;
  run_in(folder.path().string(), {});
  Origin origin;
  origin.built = now() + std::chrono::hours(1);
  const auto record = run_in(folder.path().string(), origin);
  CHECK(record.at("mendstick.clock.not_before") == to_iso8601(*origin.built));
  CHECK(record.at("mendstick.image.built") == to_iso8601(*origin.built));
  CHECK(record.at("mendstick.clock.not_before_source") == "image");
  origin.built = now() - std::chrono::hours(1);
  CHECK(run_in(folder.path().string(), origin).at("mendstick.clock.not_before_source") != "image");
}

}  // namespace
}  // namespace mend::repair
