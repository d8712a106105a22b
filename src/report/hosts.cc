// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace mend::report {
namespace {

constexpr uint64_t kMaximumListBytes = uint64_t{16} << 20;
constexpr size_t kMaximumHostBytes = 255;
constexpr size_t kNetBiosBytes = 15;
constexpr std::array kHeadings = {"host",       "hostname",     "host name",     "name",
                                  "computer",   "computername", "computer name", "device",
                                  "devicename", "device name",  "machine",       "dnshostname"};

// The cells of a line; a cell may stand in double quotes.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  bool in_quotes = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (in_quotes && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        in_quotes = !in_quotes;
      }
    } else if (!in_quotes && (c == ',' || c == ';' || c == '\t')) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) cell = std::string(trim_ascii(cell));
  return cells;
}

// Which column holds the hosts, when the line is a heading.
std::optional<size_t> heading_column(const std::vector<std::string>& cells) {
  for (const char* heading : kHeadings) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (lower_ascii(cells[i]) == heading) return i;
    }
  }
  return std::nullopt;
}

void check_host(const std::string& host, const std::string& file_name, size_t line) {
  bool plain = host.size() <= kMaximumHostBytes && !host.empty();
  for (size_t at = 0; plain && at < host.size();) {
    const DecodedCharacter character = decode_utf8(host, at);
    plain = character.length != 0 && character.code_point >= 0x20 && character.code_point != 0x7F;
    at += std::max<size_t>(character.length, 1);
  }
  if (plain) return;
  throw Error(ErrorCode::kUsage, "report.hosts.line",
              fmt::format("{}:{}: this is no host's name; write one host a line, or a table with a column "
                          "'host'",
                          printable(file_name), line));
}

std::string as_utf8(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) return std::string(text.substr(3));
  if (text.starts_with("\xff\xfe")) return to_utf8(utf16_from_le(as_bytes(text.substr(2))));
  return std::string(text);
}

}  // namespace

std::vector<std::string> parse_hosts(std::string_view text, const std::string& file_name) {
  const std::string all = as_utf8(text);
  std::vector<std::string> hosts;
  std::set<std::string> seen;
  size_t column = 0, line_number = 0;
  bool first = true;
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = trim_ascii(std::string_view(all).substr(at, end - at));
    at = end + 1;
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> cells = cells_of(line);
    if (std::exchange(first, false)) {
      if (const auto heading = heading_column(cells)) {
        column = *heading;
        continue;
      }
    }
    const std::string host = column < cells.size() ? cells[column] : std::string();
    if (host.empty() && cells.size() > 1) continue;  // a row of a table that names no host
    check_host(host, file_name, line_number);
    if (seen.insert(host_key(host)).second) hosts.push_back(host);
  }
  if (hosts.empty()) {
    throw Error(ErrorCode::kUsage, "report.hosts.none",
                printable(file_name) + " names no host; write one a line");
  }
  return hosts;
}

std::vector<std::string> load_hosts(const std::string& path) {
  const ByteVector text = read_file(path, kMaximumListBytes);
  return parse_hosts(as_text(text), path);
}

std::string host_key(std::string_view host) {
  return lower_ascii(host.substr(0, host.find('.'))).substr(0, kNetBiosBytes);
}

}  // namespace mend::report
