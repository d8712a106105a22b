// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/machines.h"

#include "report/hosts.h"
#include "report/recovery.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/report/chained_log.h"

namespace mend::report {
namespace {

using mend::test::TempFolder;
using test::ChainedLog;
using test::Json;
using test::stick_run;

// The recovery that logs in a folder make, in the order in which they were put there.
class Fleet {
 public:
  Fleet& add(const ChainedLog& log) {
    log.write(folder_ / (std::to_string(count_++) + ".jsonl"));
    return *this;
  }
  Recovery recovery(RecoveryRequest request = {}) const {
    request.made = *parse_iso8601("2026-11-24T00:00:00Z");
    return make_recovery(read_logs(find_logs({folder_.path().string()})), request);
  }
  std::vector<Machine> machines() const { return recovery().machines; }
  Machine only() const {
    const auto all = machines();
    REQUIRE(all.size() == 1);
    return all[0];
  }

 private:
  TempFolder folder_;
  int count_ = 0;
};

Json after(const std::string& run) {
  return {{"mendstick.run.previous", run}};
}

ChainedLog host_run(const std::string& run, const std::string& clock, const std::string& host,
                    const std::string& verdict, bool dry = false) {
  ChainedLog log(run, clock);
  log.start({{"mendstick.policy.dry_run", dry}}).volume(host);
  if (verdict == "fixed") {
    Json key = ChainedLog::volume_key("/dev/sda");
    key["mendstick.journal"] = "logs/" + run + "-sdap3.undo";
    log.add("commit-started", key);
  }
  return log.verdict(verdict).end(verdict, verdict == "locked" ? 1 : 0);
}

TEST_CASE("a locked machine that was repaired on the second visit is fixed, and one machine", "[report]") {
  Fleet fleet;
  fleet.add(stick_run("01", "2026-11-23T08:00:00Z", "S1", "", "locked"));
  fleet.add(stick_run("02", "2026-11-23T09:00:00Z", "S1", "PC1", "fixed", after("01")));
  const Machine machine = fleet.only();
  CHECK(machine.state == State::kFixed);
  CHECK(machine.name == "PC1");
  CHECK(machine.visits.size() == 2);
}

TEST_CASE("MC-1: two machines of one name are two, and say so", "[report]") {
  Fleet fleet;
  fleet.add(stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed"));
  fleet.add(stick_run("02", "2026-11-23T09:00:00Z", "S2", "PC1", "unsafe", after("01")));
  const auto machines = fleet.machines();
  REQUIRE(machines.size() == 2);
  CHECK(machines[0].shares_name);
  CHECK(machines[1].state == State::kNeedsSomeone);
}

TEST_CASE("MC-1: disks on a technician's host are machines of their own, by volume and name", "[report]") {
  Fleet fleet;
  ChainedLog log("01", "2026-11-23T08:00:00Z");
  log.start().volume("PC1", "guid-1", "/dev/sda").volume("PC2", "guid-2", "/dev/sdb");
  log.verdict("fixed", "", "/dev/sda").verdict("unsafe", "hibernated", "/dev/sdb").end("unsafe", 1);
  fleet.add(log);
  const auto machines = fleet.machines();
  REQUIRE(machines.size() == 2);
  CHECK(machines[0].state == State::kFixed);
  CHECK(machines[1].state == State::kNeedsSomeone);
  CHECK(machines[1].reason == "hibernated");
}

TEST_CASE("nothing found after a repair means that it is fixed still", "[report]") {
  Fleet fleet;
  fleet.add(stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed"));
  fleet.add(stick_run("02", "2026-11-23T09:00:00Z", "S1", "PC1", "not-affected", after("01")));
  CHECK(fleet.only().state == State::kFixed);
}

TEST_CASE("MC-2: a dry run fixes nothing and undoes nothing", "[report]") {
  Fleet fleet;
  fleet.add(host_run("01", "2026-11-23T08:00:00Z", "PC1", "would-fix", true));
  CHECK(fleet.only().state == State::kNeedsSomeone);
  fleet.add(host_run("02", "2026-11-23T09:00:00Z", "PC1", "fixed"));
  fleet.add(host_run("03", "2026-11-23T10:00:00Z", "PC1", "not-affected", true));
  CHECK(fleet.only().state == State::kFixed);
}

TEST_CASE("MC-2: a repair that was undone is none, whatever machine the undo ran on", "[report]") {
  Fleet fleet;
  fleet.add(host_run("01", "2026-11-23T08:00:00Z", "PC1", "fixed"));
  ChainedLog undo("02", "2026-11-23T09:00:00Z");
  undo.start({{"mendstick.command", "undo"}})
      .add("undo-started", {{"mendstick.journal", "/mnt/01-sdap3.undo"}});
  undo.add("undone", {{"mendstick.journal.outcome", "undone"}}).end(nullptr);
  fleet.add(undo);
  const Machine machine = fleet.only();
  CHECK(machine.state == State::kNeedsSomeone);
  CHECK(machine.verdict == "undone");
}

TEST_CASE("an interrupted repair needs somebody until it was resumed", "[report]") {
  Fleet fleet;
  ChainedLog cut("01", "2026-11-23T08:00:00Z");
  Json key = ChainedLog::volume_key("/dev/sda");
  key["mendstick.journal"] = "logs/01-sdap3.undo";
  cut.start().volume("PC1").add("commit-started", key);
  fleet.add(cut);
  CHECK(fleet.only().verdict == "interrupted");
  ChainedLog resume("02", "2026-11-23T09:00:00Z");
  resume.start({{"mendstick.command", "resume"}})
      .add("resume-started", {{"mendstick.journal", "/x/01-sdap3.undo"}});
  resume.add("resumed", {{"mendstick.journal.outcome", "committed"}}).end(nullptr);
  fleet.add(resume);
  CHECK(fleet.only().state == State::kFixed);
}

TEST_CASE("a run without Windows, one that an error ended, and one with a stuck journal need somebody",
          "[report]") {
  Fleet fleet;
  ChainedLog none("01", "2026-11-23T08:00:00Z");
  none.start({{"mendstick.stick.id", "s"}, {"host.serial_number", "S1"}}).end(nullptr, 3);
  ChainedLog stopped("02", "2026-11-23T09:00:00Z");
  stopped.start(
      {{"mendstick.stick.id", "s"}, {"host.serial_number", "S2"}, {"mendstick.run.previous", "01"}});
  stopped.add("run-stopped", {{"message", "the disk went away"}});
  ChainedLog stuck("03", "2026-11-23T10:00:00Z");
  stuck.start({{"mendstick.stick.id", "s"}, {"host.serial_number", "S3"}, {"mendstick.run.previous", "02"}});
  stuck.add("resume-refused", {{"message", "the volume was used since"}}).end("fixed", 5);
  fleet.add(none).add(stopped).add(stuck);
  const auto machines = fleet.machines();
  REQUIRE(machines.size() == 3);
  CHECK(machines[0].verdict == "no-windows");
  CHECK(machines[1].reason == "the disk went away");
  CHECK(machines[2].reason == "the volume was used since");
  for (const Machine& machine : machines) CHECK(machine.state == State::kNeedsSomeone);
}

TEST_CASE("hosts of the list that no log is of were never seen", "[report]") {
  Fleet fleet;
  fleet.add(stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed"));
  RecoveryRequest request;
  request.hosts.push_back({"Acme", {"pc1.corp.example", "PC2"}});
  const Recovery recovery = fleet.recovery(request);
  REQUIRE(recovery.machines.size() == 2);
  CHECK(recovery.machines[1].name == "PC2");
  CHECK(recovery.machines[1].state == State::kNeverSeen);
  CHECK(recovery.customers.at("Acme").never_seen == 1);
  CHECK(recovery.customers.at("Acme").fixed == 1);
}

TEST_CASE("a recovery groups reasons, and lists keys, sticks and manifests", "[report]") {
  Fleet fleet;
  for (int i = 0; i < 3; ++i) {
    ChainedLog log("0" + std::to_string(i), "2026-11-23T08:00:00Z");
    log.start({{"mendstick.stick.id", "stick-1"},
               {"host.serial_number", "S" + std::to_string(i)},
               {"mendstick.manifests", {{{"id", "m"}, {"version", 2}, {"sha256", "aa"}}}}});
    log.volume("PC" + std::to_string(i));
    Json key = ChainedLog::volume_key("/dev/sda");
    key["mendstick.volume.encryption.protector_id"] = "protector-" + std::to_string(i);
    key["mendstick.volume.encryption.protector_type"] = i == 0 ? "startup key" : "recovery password";
    log.add("volume-found", key);
    fleet.add(log.verdict("damaged", "record " + std::to_string(i) + " is wrong").end("damaged", 1));
  }
  const Recovery recovery = fleet.recovery();
  REQUIRE(recovery.reasons.size() == 1);
  CHECK(recovery.reasons[0].reason == "record … is wrong");
  CHECK(recovery.reasons[0].machines.size() == 3);
  CHECK_FALSE(recovery.reasons[0].remedy.empty());
  CHECK(recovery.keys.size() == 2);  // a startup key is no recovery password
  REQUIRE(recovery.sticks.size() == 1);
  CHECK(recovery.sticks[0].runs == 3);
  REQUIRE(recovery.manifests.size() == 1);
  CHECK(recovery.manifests[0].manifest.version == 2);
  CHECK(recovery.manifests[0].runs == 3);
}

TEST_CASE("only the machines of the customers that are wanted are shown", "[report]") {
  Fleet fleet;
  fleet.add(stick_run("01", "2026-11-23T08:00:00Z", "S1", "PC1", "fixed"));
  fleet.add(stick_run("02", "2026-11-23T09:00:00Z", "S2", "PC2", "fixed", {{"organization.name", "Other"}}));
  RecoveryRequest request;
  request.customers = {"Other"};
  const Recovery recovery = fleet.recovery(request);
  REQUIRE(recovery.machines.size() == 1);
  CHECK(recovery.machines[0].name == "PC2");
}

}  // namespace
}  // namespace mend::report
