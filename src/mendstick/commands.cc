// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "image/batch.h"
#include "image/verify.h"
#include "image/write.h"
#include "mendstick/audit_commands.h"
#include "mendstick/keys_commands.h"
#include "mendstick/report_commands.h"
#include "mendstick/seal_commands.h"
#include "mendstick/trust_commands.h"

namespace mend::mendstick {
namespace {

namespace fs = std::filesystem;

// Beside this program, as it is built, or where an installation has it.
std::string default_parts() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path built = folder / "parts";
  if (fs::is_directory(built, error)) return built.string();
  return (folder.parent_path() / "lib" / "mendstick").string();
}

image::BaseRequest base_request(const Options& options) {
  image::BaseRequest request;
  request.parts = options.parts.empty() ? default_parts() : options.parts;
  request.cache = options.cache;
  request.apt_options = options.apt_options;
  return request;
}

image::Base find_base(const Options& options, const image::BaseRequest& request, Terminal& terminal) {
  if (!options.base.empty()) return image::open_base(options.base);
  return image::base_in_cache(request, terminal);
}

image::BuildOptions build_options(const Options& options, const image::BaseRequest& request) {
  image::BuildOptions build;
  build.read_me = image::load_read_me(request.parts);
  build.built = image::build_time(std::getenv("SOURCE_DATE_EPOCH"));
  build.size_bytes = options.size_bytes;
  return build;
}

int run_base(const Options& options, Terminal& terminal) {
  const image::Base base = image::make_base(base_request(options), options.output, terminal);
  terminal.clear();
  fmt::print("{}  kernel {}, {} packages\n", options.output, base.kernel_version, base.packages.size());
  return 0;
}

int run_build(const Options& options, Terminal& terminal) {
  const image::BaseRequest request = base_request(options);
  // What is wrong with the customer is said before anything is downloaded.
  const image::Customer customer = image::load_customer(options.customers, trusted_keys(options.trust));
  const image::BuildOptions build = build_options(options, request);
  for (const std::string& note : customer.notes) terminal.note(note);
  const image::Base base = find_base(options, request, terminal);
  stop_on_interrupt();  // the second or two that are left are finished
  image::RangeHasher hasher;
  const image::BuiltImage built = image::build_image(base, customer, build, options.output, hasher, terminal);
  terminal.clear();
  if (customer.keyring) {
    terminal.note(fmt::format("the keys on the stick are sealed: at most {}, sealed {}",
                              customer.keyring->rows, to_iso8601(customer.keyring->sealed)));
  }
  if (customer.keys != 0) {
    terminal.note(fmt::format("{} {} on the stick, in clear: whoever finds it can read {}", customer.keys,
                              customer.keys == 1 ? "key is" : "keys are",
                              customer.keys == 1 ? "it" : "them"));
  }
  terminal.note(fmt::format("image {}: {}, of which {} are free for logs", built.id,
                            image::size_text(built.size_bytes), image::size_text(built.free_bytes)));
  fmt::print("{}  {}\n", to_hex(*built.sha256), built.path);
  return 0;
}

void tell_failures(const image::BatchResult& result, Terminal& terminal) {
  for (const image::BatchFailure& failure : result.failures) {
    std::string why = failure.why;
    for (size_t at = why.find('\n'); at != std::string::npos; at = why.find('\n', at + 3))
      why.replace(at, 1, "\n  ");
    terminal.note(fmt::format("{} failed:\n  {}", printable(failure.customer), why));
  }
}

int run_batch(const Options& options, Terminal& terminal) {
  const image::BaseRequest request = base_request(options);
  image::BatchRequest batch;
  batch.customers = options.customers;
  batch.output = options.output;
  batch.jobs = options.jobs;
  batch.shard = image::parse_shard(options.shard);
  batch.trusted = trusted_keys(options.trust);
  batch.options = build_options(options, request);
  batch.options.whole_hash = options.whole_hash ? image::WholeHash::kYes : image::WholeHash::kNo;
  image::customer_folders(options.customers);  // says what is wrong before anything is downloaded
  const image::Base base = find_base(options, request, terminal);
  const image::BatchResult result = image::build_batch(base, batch, stop_on_interrupt(), terminal);
  terminal.clear();
  tell_failures(result, terminal);
  if (result.with_keys != 0) {
    terminal.note(fmt::format("{} of the images hold keys in clear: whoever finds such a stick can read them",
                              result.with_keys));
  }
  std::string summary = fmt::format("{} built, {} failed", result.built, result.failures.size());
  if (result.in_other_shards != 0) summary += fmt::format(", {} in other shards", result.in_other_shards);
  fmt::print("{}\n", summary);
  return result.failures.empty() ? 0 : 1;
}

int run_write(const Options& options, Terminal& terminal) {
  image::WriteRequest request;
  request.image = options.image;
  request.device = options.device;
  request.serial = options.serial;
  request.bmap = options.bmap;
  const image::WriteResult result = image::write_stick(request, stop_on_interrupt(), terminal);
  terminal.clear();
  fmt::print("{}: {} written and read back{}\n", result.target, image::size_text(result.bytes_written),
             result.by_bmap ? "" : "; without a map (IMG.bmap) all of the image was written");
  return 0;
}

int run_verify(const Options& options, Terminal& terminal) {
  const image::VerifyReport report = image::verify_stick(
      {options.image, options.bmap, options.record, trusted_keys(options.trust)}, terminal);
  terminal.clear();
  for (const std::string& note : report.notes) fmt::print("{}: {}\n", printable(options.image), note);
  for (const std::string& finding : report.findings)
    fmt::print("{}: WRONG: {}\n", printable(options.image), finding);
  fmt::print("{}: {}\n", printable(options.image), report.findings.empty() ? "good" : "not as it was built");
  return report.findings.empty() ? 0 : 1;
}

}  // namespace

int run(const Options& options, Terminal& terminal) {
  switch (options.command) {
    case Command::kShow:
      return fmt::print("{}", options.text), 0;
    case Command::kBase:
      return run_base(options, terminal);
    case Command::kBuild:
      return run_build(options, terminal);
    case Command::kBatch:
      return run_batch(options, terminal);
    case Command::kWrite:
      return run_write(options, terminal);
    case Command::kVerify:
      return run_verify(options, terminal);
    case Command::kManifestCheck:
      return run_manifest_check(options.trust, terminal);
    case Command::kManifestSign:
      return run_manifest_sign(options.trust, terminal);
    case Command::kManifestVerify:
      return run_manifest_verify(options.trust, terminal);
    case Command::kTrustNewKeys:
      return run_trust_new_keys(options.trust, terminal);
    case Command::kSign:
      return run_sign(options.trust, terminal);
    case Command::kAuditVerify:
      return run_audit_verify(options.audit, terminal);
    case Command::kKeysImport:
      return run_keys_import(options.keys, terminal);
    case Command::kKeysCheck:
      return run_keys_check(options.keys, terminal);
    case Command::kKeysRotate:
      return run_keys_rotate(options.keys, terminal);
    case Command::kKeysSheet:
      return run_keys_sheet(options.keys, terminal);
    case Command::kCollect:
      return run_collect(options.collect, terminal);
    case Command::kReport:
      return run_report(options.report, terminal);
    case Command::kKeysSeal:
      return run_keys_seal(options.seal, terminal);
    case Command::kKeysPut:
      return run_keys_put(options.seal, terminal);
    case Command::kKeysUnseal:
      return run_keys_unseal(options.seal, terminal);
    case Command::kKeysRecipient:
      return run_keys_recipient(options.seal, terminal);
    case Command::kAuditOpen:
      return run_audit_open(options.seal, terminal);
  }
  return 0;
}

}  // namespace mend::mendstick
