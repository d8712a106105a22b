// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/stick_files.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "image/bill.h"
#include "image/fat_names.h"
#include "image/grub.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kMaximumIncidentBytes = 200;  // of image.toml
constexpr uint64_t kRoomForLogNames = 64 * 1024;
constexpr uint64_t kRoomForNames = 4 * 1024;

// Each text with its length before it, so that no two lists give the same bytes.
class IdHasher {
 public:
  void add(Bytes bytes) {
    add(uint64_t{bytes.size()});
    sha_.update(bytes);
  }
  void add(uint64_t number) {
    std::array<uint8_t, 8> bytes{};
    write_le<uint64_t>(bytes, 0, number);
    sha_.update(bytes);
  }
  std::string id() { return to_hex(Bytes(sha_.finish()).first(kIdBytes)); }

 private:
  crypto::Sha256 sha_;
};

std::string id_of(const Base& base, const Customer& customer, const BuildOptions& options,
                  uint64_t size_bytes) {
  IdHasher hasher;
  hasher.add(as_bytes("mendstick image 1"));
  hasher.add(base.sha256);
  hasher.add(as_bytes(MEND_VERSION));
  hasher.add(as_bytes(to_iso8601(options.built)));
  hasher.add(size_bytes);
  hasher.add(as_bytes(options.read_me));
  hasher.add(uint64_t{customer.files.size()});
  for (const FatFile& file : customer.files) {
    hasher.add(as_bytes(file.path));
    hasher.add(file.content.bytes());
  }
  return hasher.id();
}

// Cut between two characters.
std::string shortened(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  constexpr std::string_view kEllipsis = "…";
  size_t end = limit - kEllipsis.size();
  while (end != 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + std::string(kEllipsis);
}

// "2026-11-25 12:00 UTC".
std::string built_text(Time built) {
  const std::string text = to_iso8601(built);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

// The lines end as Notepad has always wanted them.
std::string filled_read_me(const std::string& read_me, const profile::ImageInfo& info,
                           const Customer& customer) {
  std::string text;
  for (const char c : read_me) {
    if (c == '\n') text += '\r';
    text += c;
  }
  const std::string contact = customer.profile.contact;
  replace_all(text, "@ID@", info.id);
  replace_all(text, "@BUILT@", built_text(info.built));
  replace_all(text, "@VERSION@", info.version);
  replace_all(text, "@INCIDENT@", info.incident.empty() ? "none named" : info.incident);
  replace_all(text, "@CONTACT@", contact.empty() ? "whoever gave you this stick" : printable(contact));
  replace_all(text, "@CUSTOMER@", info.customer);
  return text;
}

std::string filled_menu(const Base& base, const profile::ImageInfo& info, const profile::Profile& profile) {
  MenuText menu;
  menu.image_id = info.id;
  menu.customer = info.customer;
  menu.incident = info.incident;
  menu.built = built_text(info.built);
  menu.mode = profile.mode;
  menu.shell = profile.shell;
  return fill_menu(base.menu_template, menu);
}

BilledFile billed(const FatFile& file) {
  return {file.path, file.content.size_bytes(), crypto::sha256(file.content.bytes())};
}

}  // namespace

StickFiles gather_stick_files(const Base& base, const Customer& customer, const BuildOptions& options,
                              uint64_t size_bytes) {
  StickFiles stick;
  stick.info.id = id_of(base, customer, options, size_bytes);
  stick.info.customer = printable(customer.profile.customer);
  stick.info.incident = shortened(printable(customer.incident()), kMaximumIncidentBytes);
  stick.info.build = customer.profile.build;
  stick.info.built = options.built;
  stick.info.version = MEND_VERSION;

  std::vector<FatFile> own;
  own.push_back(
      {std::string(stick::kReadMe), Content::memory(filled_read_me(options.read_me, stick.info, customer))});
  own.push_back(
      {std::string(stick::kMenu), Content::memory(filled_menu(base, stick.info, customer.profile))});
  own.push_back({std::string(stick::kImageInfo), Content::memory(profile::to_toml(stick.info))});
  own.insert(own.end(), customer.files.begin(), customer.files.end());

  std::vector<BilledFile> files;
  for (const BaseFile& file : base.files) {
    if (file.path_on_stick == stick::kShell && !customer.profile.shell) continue;
    files.push_back({file.path_on_stick, file.size_bytes, file.sha256});
    const std::string path = base.directory + "/" + file.file;
    stick.volume.files.push_back({file.path_on_stick, file.held ? Content::file(path, file.held)
                                                                : Content::file(path, 0, file.size_bytes)});
  }
  for (const FatFile& file : own) files.push_back(billed(file));
  std::vector<PackageRecord> packages;
  for (const PackageRecord& package : base.packages) {
    if (package.use != PackageUse::kShell || customer.profile.shell) packages.push_back(package);
  }
  stick.bill = bill_text(stick.info, packages, files);
  own.push_back({std::string(stick::kBill), Content::memory(stick.bill)});
  stick.volume.files.insert(stick.volume.files.end(), own.begin(), own.end());

  stick.volume.folders = {{"", kRoomForNames},
                          {std::string(stick::kManifests), kRoomForNames},
                          {std::string(stick::kKeys), kRoomForNames},
                          {std::string(stick::kLogs), kRoomForLogNames},
                          {std::string(stick::kOwn), kRoomForNames}};
  stick.volume.serial = static_cast<uint32_t>(std::stoul(stick.info.id.substr(0, 8), nullptr, 16));
  stick.volume.label = volume_label(customer.profile.customer);
  stick.volume.time = options.built;
  return stick;
}

}  // namespace mend::image
