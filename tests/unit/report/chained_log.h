// SPDX-License-Identifier: GPL-3.0-or-later
// Logs for tests, record by record and chained as audit::Log chains them, with the times that a test wants.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace mend::report::test {

using Json = nlohmann::ordered_json;

class ChainedLog {
 public:
  ChainedLog(std::string run, std::string clock) : run_(std::move(run)), clock_(std::move(clock)) {}

  ChainedLog& add(const std::string& action, const Json& fields = Json::object()) {
    Json record{{"@timestamp", clock_},       {"event.action", action},
                {"event.outcome", "success"}, {"message", action},
                {"mendstick.run.id", run_},   {"mendstick.clock.monotonic_ns", (count_ + 1) * 1'000'000'000}};
    record.update(fields);
    record["mendstick.sequence"] = count_++;
    record["mendstick.previous_sha256"] = to_hex(previous_);
    const std::string line = record.dump(-1, ' ', false, Json::error_handler_t::replace);
    previous_ = crypto::sha256(as_bytes(line));
    text_ += line + "\n";
    return *this;
  }

  // The records of a run on one volume, from its start to its verdict.
  ChainedLog& start(const Json& fields = Json::object()) {
    Json started{{"mendstick.command", "repair"}, {"mendstick.tool", "mend test"}};
    started.update(fields);
    return add("run-started", started);
  }
  ChainedLog& volume(const std::string& host, const std::string& guid = "guid-1",
                     const std::string& disk = "/dev/sda") {
    add("disk-found", {{"mendstick.disk.path", disk}, {"mendstick.disk.guid", "disk of " + disk}});
    Json key = volume_key(disk);
    key["mendstick.volume.guid"] = guid;
    add("volume-found", key);
    if (host.empty()) return *this;
    key["host.name"] = host;
    key["host.os.full"] = "Windows 11 Pro";
    key["mendstick.windows.bias_minutes"] = -60;
    return add("windows-found", key);
  }
  ChainedLog& verdict(const std::string& verdict, const std::string& reason = "",
                      const std::string& disk = "/dev/sda") {
    Json key = volume_key(disk);
    key["mendstick.verdict"] = verdict;
    if (!reason.empty()) key["mendstick.reason"] = reason;
    return add("volume-verdict", key);
  }
  ChainedLog& end(const Json& verdict, int status = 0) {
    add("run-finished", {{"mendstick.verdict", verdict}, {"mendstick.exit_status", status}});
    return add("log-closed");
  }

  const std::string& text() const { return text_; }
  std::string write(const std::string& path) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text_;
    return path;
  }

  static Json volume_key(const std::string& disk) {
    return {{"mendstick.volume.disk", disk}, {"mendstick.volume.partition", 3}};
  }

 private:
  std::string run_, clock_, text_;
  uint64_t count_ = 0;
  crypto::Sha256Digest previous_{};
};

// A run that ends with `verdict`, on the stick, of the PC with that serial number.
inline ChainedLog stick_run(const std::string& run, const std::string& clock, const std::string& serial,
                            const std::string& host, const std::string& verdict,
                            const Json& more = Json::object()) {
  ChainedLog log(run, clock);
  Json fields{
      {"mendstick.stick.id", "stick-1"}, {"organization.name", "Acme"}, {"host.serial_number", serial}};
  fields.update(more);
  log.start(fields).volume(host).verdict(verdict, verdict == "locked" ? "no key fits" : "");
  log.end(verdict, verdict == "fixed" || verdict == "not-affected" ? 0 : 1);
  return log;
}

}  // namespace mend::report::test
