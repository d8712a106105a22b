// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/record.h"

#include <sys/stat.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "audit/fields.h"
#include "audit/receipt.h"
#include "crypto/random.h"
#include "repair/fixed_before.h"
#include "repair/version.h"

namespace mend::repair {
namespace {

using audit::Fields;

// Some tens of records of at most a few kilobytes each; more is reserved by nobody and needed by nobody.
constexpr uint64_t kLogReserveBytes = 256 * 1024;

constexpr const char* kSealedName = "sealed";  // in the name of a file, where else a host stands

Fields volume_key(const VolumeReport& volume) {
  return {{"mendstick.volume.disk", volume.disk},
          {"mendstick.volume.partition", volume.partition},
          {"mendstick.volume.guid",
           volume.partition_guid ? Fields(volume.partition_guid->to_string()) : Fields(nullptr)}};
}

std::string make_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    throw_errno("repair.record.directory", "cannot create the folder " + directory + " for the log", errno);
  }
  return directory;
}

void add(Fields& fields, const char* name, const std::string& text) {
  if (!text.empty()) fields[name] = text;
}

// What is known of the time, whatever the PC's clock says.
void add_clocks(Fields& fields, const Machine& machine, const audit::Earlier& earlier, const Origin& origin) {
  add(fields, "mendstick.clock.hardware_raw", machine.hardware_clock);
  add(fields, "mendstick.clock.boot_id", machine.boot_id);
  fields["mendstick.clock.since_boot_ns"] = machine.since_boot_ns;
  add(fields, audit::kPreviousRun, earlier.previous_run);
  if (origin.built) fields["mendstick.image.built"] = to_iso8601(*origin.built);
  if (!origin.built && !earlier.newest) return;
  const bool by_image = origin.built && (!earlier.newest || *origin.built >= *earlier.newest);
  fields["mendstick.clock.not_before"] = to_iso8601(by_image ? *origin.built : *earlier.newest);
  fields["mendstick.clock.not_before_source"] = by_image ? std::string("image") : earlier.newest_log;
}

}  // namespace

std::string new_run_id() {
  std::array<uint8_t, 8> bytes{};
  crypto::random_bytes(bytes);
  return to_hex(bytes);
}

std::string file_stem(Time started, const std::string& who, const std::string& run_id) {
  return to_compact(started) + "-" + audit::file_name_part(who) + "-" + run_id;
}

Recorder::Recorder(const std::string& directory, const Report& report,
                   const std::optional<crypto::PublicKey>& recipient)
    : directory_(make_directory(directory)),
      machine_(read_machine()),
      earlier_(audit::look_at_earlier(directory_)),
      started_(report.started),
      run_id_(report.run_id),
      sealed_(recipient.has_value()),
      named_(sealed_),
      log_(audit::Log::create(directory_,
                              file_stem(started_, sealed_ ? kSealedName : machine_.serial, run_id_), run_id_,
                              kLogReserveBytes, recipient)) {}

void Recorder::append(const std::string& action, const std::string& outcome, const std::string& message,
                      const Fields& fields) {
  guarded([&] { log_.append(action, outcome, message, fields); });
}

void Recorder::guarded(const std::function<void()>& write) {
  if (!problem_.empty()) return;
  try {
    write();
  } catch (const Error& error) {
    if (!writing_) throw;
    problem_ = error.what();
  }
}

void Recorder::run_started(const std::string& command, const Request& request, const Report& report) {
  Fields fields{{"mendstick.tool", kToolName},
                {"mendstick.command", command},
                {"mendstick.policy.dry_run", request.dry_run},
                {"mendstick.policy.any_volume", request.any_volume},
                {"mendstick.policy.allow_dirty", request.allow_dirty},
                {"mendstick.policy.discard_hibernation", to_string(request.discard)},
                {"mendstick.policy.check", request.check == CheckDepth::kFull ? "full" : "touched"}};
  add(fields, "organization.name", request.origin.customer);
  add(fields, "mendstick.incident", request.origin.incident);
  add(fields, "mendstick.image.id", request.origin.image_id);
  add(fields, "mendstick.stick.id", request.origin.stick_id);
  add(fields, "mendstick.mode", request.origin.mode);
  if (request.origin.build != 0) fields["mendstick.build"] = request.origin.build;
  add(fields, "mendstick.profile.signer", request.origin.signer);
  if (!request.origin.customer.empty()) fields["mendstick.policy.unsigned"] = request.origin.takes_unsigned;
  add(fields, "host.vendor", machine_.vendor);
  add(fields, "host.model", machine_.model);
  add(fields, "host.serial_number", machine_.serial);
  add(fields, "host.uuid", machine_.uuid);
  add_clocks(fields, machine_, earlier_, request.origin);
  Fields manifests = Fields::array();
  for (const ManifestReport& manifest : report.manifests) {
    manifests.push_back({{"id", manifest.id},
                         {"version", manifest.version},
                         {"sha256", manifest.sha256},
                         {"file", manifest.file},
                         {"signer", manifest.signer.empty() ? Fields(nullptr) : Fields(manifest.signer)}});
  }
  fields["mendstick.manifests"] = std::move(manifests);
  append("run-started", "success", command + " begins", fields);
}

void Recorder::disk(const DiskReport& disk) {
  Fields fields{{"mendstick.disk.path", disk.path},
                {"mendstick.disk.size_bytes", disk.size_bytes},
                {"mendstick.disk.sector_bytes", disk.sector_bytes},
                {"mendstick.disk.table", disk.table}};
  add(fields, "mendstick.disk.vendor", disk.vendor);
  add(fields, "mendstick.disk.model", disk.model);
  add(fields, "mendstick.disk.serial", disk.serial);
  add(fields, "mendstick.disk.wwn", disk.wwn);
  if (disk.guid) fields["mendstick.disk.guid"] = disk.guid->to_string();
  append("disk-found", "success", "found " + disk.path, fields);
}

void Recorder::volume(const VolumeReport& volume) {
  Fields fields = volume_key(volume);
  fields["mendstick.volume.offset_bytes"] = volume.offset;
  fields["mendstick.volume.size_bytes"] = volume.size_bytes;
  fields["mendstick.volume.filesystem"] = volume.filesystem;
  add(fields, "mendstick.volume.state", volume.state);
  if (volume.encryption) {
    fields["mendstick.volume.encryption.method"] = volume.encryption->method;
    add(fields, "mendstick.volume.encryption.description", volume.encryption->description);
    add(fields, "mendstick.volume.encryption.protector_id", volume.encryption->protector_id);
    add(fields, "mendstick.volume.encryption.protector_type", volume.encryption->protector_type);
  }
  append("volume-found", "success", "found a volume", fields);
  for (const WindowsReport& windows : volume.windows) {
    Fields found = volume_key(volume);
    add(found, "host.name", windows.host);
    add(found, "host.os.full", windows.product);
    add(found, "host.os.version", windows.build);
    found["mendstick.windows.directory"] = windows.directory;
    add(found, "mendstick.windows.time_zone", windows.time_zone);
    if (windows.bias_minutes) found["mendstick.windows.bias_minutes"] = *windows.bias_minutes;
    found["mendstick.windows.warnings"] = windows.warnings;
    append("windows-found", "success", "found a Windows installation", found);
  }
}

void Recorder::keyring(const Request& request) {
  const KeyringUse& use = request.keyring_use;
  if (!request.keyring || use.outcome == KeyringUse::Outcome::kNotNeeded) return;
  const bool opened = use.outcome == KeyringUse::Outcome::kOpened;
  Fields fields{{"mendstick.keyring.id", to_hex(request.keyring->info().id)},
                {"mendstick.keyring.sealed", to_iso8601(request.keyring->info().sealed)},
                {"mendstick.keyring.keys", use.keys}};
  append(opened ? "keyring-opened" : "keyring-left", opened ? "success" : "failure",
         opened ? "the keyring was opened for the drives that are here"
                : "the keyring stayed closed: " + use.why,
         fields);
}

void Recorder::name_after(const std::string& host) {
  if (named_ || host.empty()) return;
  guarded([&] { log_.rename(file_stem(started_, host, run_id_)); });
  named_ = true;
}

void Recorder::action(const char* event, const VolumeReport& volume, const ActionReport& action,
                      bool success) {
  Fields fields = volume_key(volume);
  fields["rule.id"] = action.rule;
  fields["mendstick.action"] = action.action;
  fields["file.path"] = action.path;
  add(fields, "mendstick.file.new_path", action.new_path);
  fields["file.size"] = action.size_bytes;
  fields["file.mtime"] = to_iso8601(action.modified);
  fields["file.created"] = to_iso8601(action.created);
  add(fields, "file.hash.sha256", action.sha256);
  add(fields, "mendstick.file.note", action.note);
  fields["mendstick.file.other_links"] = action.other_links;
  fields["mendstick.outcome"] = action.outcome;
  append(event, success ? "success" : "failure", action.action + " " + action.path, fields);
}

void Recorder::idle(const VolumeReport& volume, const IdleRule& rule) {
  Fields fields = volume_key(volume);
  fields["rule.id"] = rule.rule;
  fields["mendstick.reason"] = rule.reason;
  append("rule-idle", "success", "rule " + rule.rule + " did nothing: " + rule.reason, fields);
}

void Recorder::replayed(const VolumeReport& volume) {
  Fields fields = volume_key(volume);
  fields["mendstick.replay.records"] = volume.replay->read;
  fields["mendstick.replay.redone"] = volume.replay->redone;
  fields["mendstick.replay.undone"] = volume.replay->undone;
  append("log-replayed", "success", "the volume's log was replayed in memory; nothing has been written yet",
         fields);
}

void Recorder::verified(const VolumeReport& volume, uint64_t blocks) {
  Fields fields = volume_key(volume);
  fields["mendstick.blocks"] = blocks;
  fields["mendstick.blemishes"] = volume.blemishes;
  append("verified", "success", "every change is accounted for; nothing has been written yet", fields);
}

void Recorder::unrecorded(const VolumeReport& volume) {
  Fields fields = volume_key(volume);
  fields["mendstick.reason"] = volume.unrecorded;
  append("changes-unrecorded", "success",
         "the volume's change journal gets no record of the changes, and programs that follow it learn of "
         "them later",
         fields);
}

void Recorder::commit_started(const VolumeReport& volume, const std::string& journal) {
  Fields fields = volume_key(volume);
  fields["mendstick.journal"] = journal;
  begin_writing("commit-started", "the journal is valid; writing begins", fields);
}

void Recorder::journal_taken_up(const char* event, const std::string& journal) {
  begin_writing(event, "writing begins by the journal of an earlier run", {{"mendstick.journal", journal}});
}

void Recorder::begin_writing(const char* event, const std::string& message, const Fields& fields) {
  if (!problem_.empty()) throw Error(ErrorCode::kIo, "repair.record.lost", problem_);
  log_.append(event, "unknown", message, fields);
  writing_ = true;
}

void Recorder::commit_finished(const VolumeReport& volume, const std::string& outcome, bool success) {
  Fields fields = volume_key(volume);
  fields["mendstick.commit.outcome"] = outcome;
  fields["mendstick.commit.bytes_written"] = volume.bytes_written;
  append("commit-finished", success ? "success" : "failure", "writing ended: " + outcome, fields);
}

void Recorder::journal_left(const char* event, const std::string& message, std::string_view outcome,
                            bool success) {
  append(event, success ? "success" : "failure", message, {{"mendstick.journal.outcome", outcome}});
}

void Recorder::note(const char* event, const std::string& message, bool success) {
  append(event, success ? "success" : "failure", message, Fields::object());
}

void Recorder::verdict(const VolumeReport& volume) {
  Fields fields = volume_key(volume);
  const std::string verdict(volume.verdict ? to_string(*volume.verdict) : "none");
  fields["mendstick.verdict"] = verdict;
  add(fields, "mendstick.reason", volume.reason);
  add(fields, "mendstick.caution", volume.caution);
  const bool good = !volume.verdict || *volume.verdict == Verdict::kFixed ||
                    *volume.verdict == Verdict::kWouldFix || *volume.verdict == Verdict::kNotAffected;
  append("volume-verdict", good ? "success" : "failure", verdict, fields);
}

void Recorder::stopped(const Error& error) noexcept {
  try {
    note("run-stopped", error.what(), false);
    guarded([&] { log_.close(); });
  } catch (const Error&) {  // the log itself has failed
  }
}

void Recorder::finish(Report& report) {
  report.wrote = writing_;
  Fields fields{{"mendstick.verdict", report.verdict ? Fields(to_string(*report.verdict)) : Fields(nullptr)},
                {"mendstick.exit_status", report.exit_status}};
  append("run-finished", report.exit_status == 0 ? "success" : "failure", "the run ends", fields);
  guarded([&] {
    const crypto::Sha256Digest closing = log_.close();
    report.closing_sha256 = to_hex(closing);
    report.receipt = audit::receipt_text(closing);
  });
  report.log = log_.path();
  if (sealed_) guarded([&] { note_fixed(directory_, log_.stem(), report); });
  if (!problem_.empty())
    report.notes.push_back("the log lacks its end, since the stick failed after writing had begun: " +
                           problem_);
}

}  // namespace mend::repair
