// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/hosts.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/columns.h"
#include "keys/decode.h"
#include "keys/header.h"
#include "keys/keys.h"
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

template <typename Use>
void for_each_line(std::string_view text, Use use) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    use(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

std::string folded_host(std::string_view host) {
  return lower_ascii(trim_ascii(host.substr(0, host.find('.'))));
}

void HostList::add(std::string_view cell) {
  cell = trim_ascii(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
    cell = trim_ascii(cell.substr(1, cell.size() - 2));
  const std::string_view name = trim_ascii(host_of(cell));
  if (folded_host(name).empty() || name.starts_with('#')) return;
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
        text, *start, [&](const Row& row, size_t) { list.add(row.cell(*column)); },
        [](size_t, const char*) {});
  } else {
    for_each_line(text, [&](std::string_view line) { list.add(line); });
  }
  if (list.names_.empty()) {
    throw Error(ErrorCode::kUsage, "keys.hosts.none",
                "there is no computer's name in '" + printable(file_name) +
                    "'; it is to hold one a line, or to be a table with a column such as ComputerName");
  }
  return list;
}

}  // namespace mend::keys
