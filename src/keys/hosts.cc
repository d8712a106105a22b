// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/hosts.h"

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/columns.h"
#include "keys/decode.h"
#include "keys/header.h"
#include "keys/keys.h"
#include "keys/lines.h"
#include "keys/scan.h"

namespace mend::keys {
namespace {

std::optional<size_t> host_column(const Row& header) {
  for (const Role role : {Role::kHost, Role::kVagueHost, Role::kPath}) {
    for (size_t i = 0; i < header.size(); ++i)
      if (role_of(header.cell(i)) == role) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string folded_host(std::string_view host) {
  return lower_ascii(trim_ascii(host.substr(0, host.find('.'))));
}

bool may_be_part_of_key(std::string_view host) {
  size_t digits = 0, letters = 0;
  for (char c : host) {
    digits += c >= '0' && c <= '9';
    letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
  }
  return (digits > 0 && letters == 0) || digits >= 12;
}

void HostList::add(std::string_view cell, size_t line, const std::string& file_name) {
  cell = trim_ascii(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
    cell = trim_ascii(cell.substr(1, cell.size() - 2));
  const std::string_view name = trim_ascii(host_of(cell));
  if (folded_host(name).empty() || name.starts_with('#')) return;
  if (may_be_part_of_key(name)) {
    throw Error(ErrorCode::kUsage, "keys.hosts.key",
                "'" + printable(file_name) + "', line " + std::to_string(line) +
                    ": this may be a key, and is no computer's name; a list of hosts holds names only");
  }
  if (folded_.insert(folded_host(name)).second) names_.push_back(printable(name));
}

HostList HostList::load(const std::string& path) {
  return parse(read_file(path, kMaximumFileBytes), path);
}

HostList HostList::parse(Bytes content, const std::string& file_name) {
  const DecodedText decoded(content);
  const std::string_view text = decoded.text();
  HostList list;
  std::optional<size_t> column;
  const auto start = find_table(text, [&](const Row& header) -> size_t {
    const std::optional<size_t> found = host_column(header);
    if (found && !column) column = found;
    return found ? 1 : 0;
  });
  if (start) {
    read_rows(
        text, *start, [&](const Row& row, size_t line) { list.add(row.cell(*column), line, file_name); },
        [](size_t, const char*) {});
  } else {
    for_each_line(text, [&](std::string_view line, size_t number) { list.add(line, number, file_name); });
  }
  if (list.names_.empty()) {
    throw Error(ErrorCode::kUsage, "keys.hosts.none",
                "there is no computer's name in '" + printable(file_name) +
                    "'; it is to hold one a line, or to be a table with a column such as ComputerName");
  }
  return list;
}

}  // namespace mend::keys
