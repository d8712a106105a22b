// SPDX-License-Identifier: GPL-3.0-or-later
// Computers by name: how two names are compared, and lists of them as a preparer gets them from a customer.
// Used wherever keys are chosen by host.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"

namespace mend::keys {

// The name by which a host is looked for: without a domain, in small letters.
std::string folded_host(std::string_view host);

// Where a row is cut or shifted, or the wrong file is given, a key may stand where a host's name should.
// Windows takes no name of digits alone, and none has as many of them as two groups of a key.
bool may_be_part_of_key(std::string_view host);

class HostList {
 public:
  // A name a line (`#` begins a remark), or a table with a column of computers, also one of that column
  // alone. Distinguished names count by their computer. Encodings as of key files. kUsage "keys.hosts.none"
  // when there is no name, with the file's; "base.file.…".
  static HostList load(const std::string& path);
  static HostList parse(Bytes content, const std::string& file_name);

  // As written, each computer once, in the file's order; printable.
  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view host) const { return folded_.contains(folded_host(host)); }

 private:
  void add(std::string_view cell, size_t line, const std::string& file_name);

  std::vector<std::string> names_;
  std::unordered_set<std::string> folded_;
};

}  // namespace mend::keys
