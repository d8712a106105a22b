// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of `mendstick` as typed values. Everything that is wrong with it is kUsage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mendstick/report_options.h"

namespace mend::mendstick {

enum class Command {
  kShow,  // `text` and no more: help, version
  kBase,
  kBuild,
  kBatch,
  kWrite,
  kVerify,
  kManifestCheck,
  kManifestSign,
  kManifestVerify,
  kTrustNewKeys,
  kSign,
  kAuditVerify,
  kKeysImport,
  kKeysCheck,
  kKeysRotate,
  kKeysSheet,
  kCollect,
  kReport,
  kKeysSeal,
  kKeysPut,
  kKeysUnseal,
  kKeysRecipient,
  kAuditOpen,
};

struct KeysOptions {  // of `mendstick keys …`
  std::vector<std::string> files;
  std::string output;
  std::string hosts;  // a list of hosts
  std::string only;   // a list of wanted keys
  bool list = false;
  std::vector<std::string> logs, carried;  // rotate
  bool commands = false;                   // rotate
  std::vector<std::string> names, from;    // sheet: hosts, key files
  unsigned days = 7;                       // sheet
};

struct SealOptions {  // of `mendstick keys seal`, put, unseal, recipient, and of `audit open`
  std::vector<std::string> keys;
  std::string keyring, output;
  std::string hosts, customer, build, recipient, passphrase, identity, card;
  std::string target, serial;     // put
  std::vector<std::string> logs;  // audit open
};

struct TrustOptions {  // of `mendstick trust …`, `sign`, `manifest …`; the folder also of build and batch
  std::string folder;  // empty: this user's
  bool no_passphrase = false;
  std::vector<std::string> customers, files, trusted;
  std::string key, comment;
};

struct AuditOptions {  // of `mendstick audit verify`
  std::vector<std::string> logs, receipts;
};

struct Options {
  Command command = Command::kShow;
  std::string text;       // kShow
  std::string customers;  // build: the customer's folder; batch: the folder of folders
  std::string output;     // build, batch, base
  uint64_t size_bytes = 0;
  unsigned jobs = 0;
  std::string shard = "1/1";
  bool whole_hash = false;  // batch
  std::string parts, base, cache;
  std::vector<std::string> apt_options;
  std::string image;   // write, verify
  std::string device;  // write
  std::string serial;  // write
  std::string bmap;    // write, verify
  std::string record;  // verify
  TrustOptions trust;
  AuditOptions audit;
  KeysOptions keys;
  CollectOptions collect;
  ReportOptions report;
  SealOptions seal;
};

Options parse_options(int argc, const char* const* argv);

// "512M", "2G", "67108864". kUsage "mendstick.options.size".
uint64_t parse_size(std::string_view text);

}  // namespace mend::mendstick
