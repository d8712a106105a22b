// SPDX-License-Identifier: GPL-3.0-or-later
// A customer's list of hosts, so that a report can say which machines nobody has seen. Text: one host a line;
// empty lines and lines that begin with # do not count; of a table (separated by comma, semicolon or tab) the
// column whose heading is a word for a host counts, else the first. UTF-8, or UTF-16 as Excel and PowerShell
// write it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mend::report {

// In the order of the text, each once. kUsage "report.hosts.…" for what is no list, with the line.
std::vector<std::string> parse_hosts(std::string_view text, const std::string& file_name);
std::vector<std::string> load_hosts(const std::string& path);

// By what two spellings of a host are the same: small letters, without the domain, and as much as NetBIOS
// keeps of it (15 characters).
std::string host_key(std::string_view host);

}  // namespace mend::report
