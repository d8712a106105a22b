// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"
#include "journal/format.h"
#include "journal/journal.h"

namespace mend::journal {
namespace {

std::string named(const std::string& serial, const std::string& model) {
  std::string text = serial.empty() ? "without a serial number" : printable(serial);
  if (!model.empty()) text += " (" + printable(model) + ")";
  return text;
}

}  // namespace

std::string describe(const Target& target) {
  std::string text = "disk " + named(target.disk_serial, target.disk_model);
  if (!target.partition_guid.is_zero()) return text + ", partition " + target.partition_guid.to_string();
  return text + ", partition at byte " + std::to_string(target.partition_offset);
}

std::vector<std::string> differences(const Target& recorded, const Target& present) {
  std::vector<std::string> found;
  const auto compare = [&found](const char* what, const auto& a, const auto& b, const auto& text) {
    if (a != b) found.push_back(std::string(what) + " " + text(b) + " instead of " + text(a));
  };
  const auto guid = [](const Guid& value) { return value.to_string(); };
  const auto number = [](uint64_t value) { return std::to_string(value); };
  // A serial is not known of an image file, and behind some USB bridges.
  const std::string recorded_serial = recorded.disk_serial.substr(0, format::kMaximumTextBytes);
  const std::string present_serial = present.disk_serial.substr(0, format::kMaximumTextBytes);
  if (!recorded_serial.empty() && !present_serial.empty())
    compare("disk serial", recorded_serial, present_serial,
            [](const std::string& s) { return printable(s); });
  compare("disk size", recorded.disk_size_bytes, present.disk_size_bytes, number);
  compare("disk GUID", recorded.disk_guid, present.disk_guid, guid);
  compare("MBR signature", recorded.mbr_signature, present.mbr_signature, number);
  compare("partition GUID", recorded.partition_guid, present.partition_guid, guid);
  compare("partition offset", recorded.partition_offset, present.partition_offset, number);
  compare("partition size", recorded.partition_size, present.partition_size, number);
  return found;
}

}  // namespace mend::journal
