// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/audit_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/reader.h"
#include "audit/receipt.h"
#include "base/error.h"
#include "base/text.h"
#include "report/log_files.h"

namespace mend::mendstick {
namespace {

struct GivenReceipt {
  std::string text;
  audit::Receipt receipt;
  bool fits_one = false;
};

std::vector<GivenReceipt> parse_all(const std::vector<std::string>& texts) {
  std::vector<GivenReceipt> receipts;
  receipts.reserve(texts.size());
  for (const std::string& text : texts) receipts.push_back({text, audit::Receipt::parse(text)});
  return receipts;
}

std::string origin_of(const crypto::Sha256Digest& closing, std::vector<GivenReceipt>& receipts) {
  bool proven = false;
  for (GivenReceipt& given : receipts) {
    if (!given.receipt.fits(closing)) continue;
    given.fits_one = proven = true;
  }
  if (proven) return "proven by its receipt: this is the log that was on the screen";
  return receipts.empty() ? "consistent (origin not proven; --receipt with the code of the screen proves it)"
                          : "consistent (origin not proven: the receipt is of another log)";
}

// How many logs ended which way.
struct Summary {
  size_t whole = 0, cut_short = 0, changed = 0, unread = 0;
  size_t all() const { return whole + cut_short + changed + unread; }
};

// Whether the log is whole.
bool show_log(const std::string& file, std::vector<GivenReceipt>& receipts, Summary& summary) {
  if (const auto finding = report::look_at_file(file)) {
    fmt::print("{}: {}: {}\n", printable(file), report::to_string(finding->kind), finding->why);
    ++summary.unread;
    return false;
  }
  const audit::ReadResult result = audit::read_log(file);
  switch (result.chain) {
    case audit::Chain::kWhole:
      fmt::print("{}: {}; {} records, closing SHA-256 {}, receipt {}\n", printable(file),
                 origin_of(result.last, receipts), result.records, to_hex(result.last),
                 audit::receipt_text(result.last));
      ++summary.whole;
      return true;
    case audit::Chain::kCutShort:
      fmt::print("{}: cut short after {} good records: {}\n", printable(file), result.records, result.why);
      ++summary.cut_short;
      return false;
    case audit::Chain::kChanged:
      ++summary.changed;
      fmt::print("{}: changed at line {}: {}\n", printable(file), result.changed_line, result.why);
      return false;
  }
  return false;
}

}  // namespace

int run_audit_verify(const AuditOptions& options, Terminal& terminal) {
  std::vector<GivenReceipt> receipts = parse_all(options.receipts);
  Summary summary;
  int status = 0;
  for (const std::string& file : report::find_logs(options.logs)) {
    try {
      if (!show_log(file, receipts, summary)) status = std::max(status, 1);
    } catch (const Error& error) {
      terminal.note(error.what());
      ++summary.unread;
      status = std::max(status, error.code() == ErrorCode::kIo ? 4 : 2);
    }
  }
  if (summary.all() != 1) {
    fmt::print("{} logs: {} whole, {} cut short, {} changed, {} not read\n", summary.all(), summary.whole,
               summary.cut_short, summary.changed, summary.unread);
  }
  for (const GivenReceipt& given : receipts) {
    if (given.fits_one) continue;
    fmt::print(
        "receipt {}: none of these logs is the one that was on that screen: it is another one, or it "
        "was written anew\n",
        printable(given.text));
    status = std::max(status, 1);
  }
  return status;
}

}  // namespace mend::mendstick
