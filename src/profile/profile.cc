// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "config/reader.h"
#include "keys/recipient.h"
#include "profile/hosts.h"

namespace mend::profile {
namespace {

using config::Found;
using config::key_name;
using config::Table;

constexpr size_t kMaximumNameBytes = 64;
constexpr size_t kMaximumTextBytes = 200;
constexpr size_t kMaximumHosts = 1000;
constexpr int64_t kMaximumWaitSeconds = 3600;

// The settings of `mend repair` that a profile may give, by their names here and there.
struct Switch {
  const char* key;
  const char* option;
};
constexpr std::array kSwitches = {
    Switch{"any_volume", "any-volume"},
    Switch{"allow_dirty", "allow-dirty"},
};

std::optional<Found<std::string>> one_of(Table& table, const char* key, const char* id,
                                         std::initializer_list<std::string_view> words) {
  auto found = table.string(key);
  if (!found || std::find(words.begin(), words.end(), found->value) != words.end()) return found;
  table.faults().add(id, found->at,
                     fmt::format("{} is '{}'; it may be {}", key_name(key), printable(found->value),
                                 fmt::join(words.begin(), words.end(), ", ")));
  return std::nullopt;
}

void read_hosts(Table& table, Profile& profile) {
  const auto list = table.strings("hosts");
  if (!list) return;
  for (const auto& [pattern, at] : list->value) {
    if (const auto fault = host_pattern_fault(pattern)) {
      table.faults().add("profile.hosts", at, fmt::format("'{}' in 'hosts' {}", printable(pattern), *fault));
    }
    profile.hosts.push_back(pattern);
  }
  if (list->value.empty() || list->value.size() > kMaximumHosts) {
    table.faults().add(
        "profile.hosts.count", list->at,
        fmt::format("'hosts' must have 1 to {} patterns; leave it out where any PC will do", kMaximumHosts));
  }
}

void read_customer(Table& root, Profile& profile) {
  auto table = root.table("customer", "[customer]");
  if (!table) {
    if (!root.has("customer")) root.missing("customer");
    return;
  }
  profile.customer = table->text("name", true, kMaximumNameBytes);
  profile.contact = table->text("contact", false, kMaximumTextBytes);
  profile.build = table->integer("build", 1, INT64_MAX).value_or(0);
  read_hosts(*table, profile);
  table->finish();
}

void read_minimum(Table& root, Profile& profile) {
  auto table = root.table("minimum", "[minimum]");
  if (!table) return;
  profile.minimum.build = table->integer("build", 1, INT64_MAX).value_or(0);
  if (auto manifests = table->table("manifests", "[minimum.manifests]")) {
    for (const std::string& id : manifests->keys()) {
      profile.minimum.manifests[id] = manifests->integer(id.c_str(), 1, INT64_MAX).value_or(0);
    }
  }
  table->finish();
}

std::chrono::seconds read_seconds(Table& table, const char* key, int64_t minimum,
                                  std::chrono::seconds otherwise) {
  const auto seconds = table.integer(key, minimum, kMaximumWaitSeconds);
  return seconds ? std::chrono::seconds(*seconds) : otherwise;
}

// "256M", "1G".
void read_size(Table& table, Profile& profile) {
  const auto found = table.string("size", "a string such as \"256M\" or \"1G\"");
  if (!found) return;
  const auto size = parse_size(found->value);
  if (!size || *size < kMinimumImageBytes || *size > kMaximumImageBytes) {
    table.faults().add(
        "profile.size", found->at,
        fmt::format("'size' is '{}'; write a number and M or G, such as \"256M\", from 64M to 32G",
                    printable(found->value)));
    return;
  }
  profile.size_bytes = *size;
}

Storage read_storage(Table& table, const char* key, Storage otherwise) {
  const auto word = one_of(table, key, "profile.storage", {"sealed", "plain"});
  if (!word) return otherwise;
  return word->value == "sealed" ? Storage::kSealed : Storage::kPlain;
}

void read_sealing(Table& table, Profile& profile) {
  profile.keys = read_storage(table, "keys", profile.keys);
  profile.logs = read_storage(table, "logs", profile.logs);
  const auto recipient = table.string("recipient");
  if (recipient) {
    try {
      profile.recipient = keys::parse_recipient(recipient->value);
    } catch (const Error& error) {
      table.faults().add("profile.recipient", recipient->at, fmt::format("'recipient': {}", error.what()));
    }
  } else if (profile.logs == Storage::kSealed && !table.has("recipient")) {
    table.faults().add("profile.recipient", table.at(),
                       "logs = \"sealed\" needs a 'recipient', whose private key opens them: `mendstick keys "
                       "recipient` makes one");
  }
}

void read_stick(Table& root, Profile& profile) {
  auto table = root.table("stick", "[stick]");
  if (!table) return;
  if (const auto mode = one_of(*table, "mode", "profile.mode", {"auto", "ask", "scan"})) {
    profile.mode = *mode_from(mode->value);
  }
  if (const auto end = one_of(*table, "at_end", "profile.at_end", {"restart", "power-off"})) {
    profile.at_end = end->value == "restart" ? AtEnd::kRestart : AtEnd::kPowerOff;
  }
  profile.incident = table->text("incident", false, kMaximumTextBytes);
  profile.restart_after = read_seconds(*table, "restart_after", 0, profile.restart_after);
  profile.disk_timeout = read_seconds(*table, "disk_timeout", 1, profile.disk_timeout);
  if (const auto word = one_of(*table, "unsigned", "profile.unsigned", {"refuse", "allow"})) {
    profile.unsigned_files = word->value == "allow" ? trust::Unsigned::kAllow : trust::Unsigned::kRefuse;
  }
  if (const auto shell = table->boolean("shell")) profile.shell = shell->value;
  read_size(*table, profile);
  read_sealing(*table, profile);
  table->finish();
}

Setting setting(const char* option, std::string value, const config::Place& at) {
  return {option, std::move(value), static_cast<int>(at.line), static_cast<int>(at.column)};
}

void read_repair(Table& root, Profile& profile) {
  auto table = root.table("repair", "[repair]");
  if (!table) return;
  for (const Switch& one : kSwitches) {
    const auto on = table->boolean(one.key);
    if (on && on->value) profile.repair.push_back(setting(one.option, "true", on->at));
  }
  if (const auto discard =
          one_of(*table, "discard_hibernation", "profile.discard", {"off", "fast-startup", "all"})) {
    profile.repair.push_back(setting("discard-hibernation", discard->value, discard->at));
  }
  if (const auto check = one_of(*table, "check", "profile.check", {"touched", "full"})) {
    profile.repair.push_back(setting("check", check->value, check->at));
  }
  table->finish();
}

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kAuto:
      return "auto";
    case Mode::kAsk:
      return "ask";
    case Mode::kScan:
      return "scan";
  }
  return "unknown";
}

std::optional<Mode> mode_from(std::string_view text) {
  for (const Mode mode : {Mode::kAuto, Mode::kAsk, Mode::kScan}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  uint64_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    number = number * 10 + static_cast<uint64_t>(text[digits] - '0');
    if (digits > 8) return std::nullopt;
  }
  const std::string_view unit = text.substr(digits);
  if (digits == 0) return std::nullopt;
  if (unit == "M" || unit == "MiB") return number << 20;
  if (unit == "G" || unit == "GiB") return number << 30;
  return std::nullopt;
}

Profile parse(std::string_view text, const std::string& file_name) {
  config::Document document(text, file_name, "a profile", kMaximumBytes);
  Table root = document.root();
  Profile profile;
  read_customer(root, profile);
  read_stick(root, profile);
  read_repair(root, profile);
  read_minimum(root, profile);
  root.finish();
  document.faults().throw_if_any();
  profile.file = file_name;
  return profile;
}

Profile load(const std::string& path) {
  const ByteVector text = read_file(path, kMaximumBytes);
  return parse(as_text(text), path);
}

}  // namespace mend::profile
