// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/sheet.h"

#include <algorithm>

#include "bitlocker/digit_groups.h"
#include "keys/hosts.h"
#include "keys/symbol_page.h"

namespace mend::keys {
namespace {

using bitlocker::RecoveryCandidate;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Recovery keys</title>
<style>
@page { margin: 15mm }
body { font: 11pt/1.4 sans-serif; color: #000; background: #fff; max-width: 180mm; margin: 8mm auto }
h1 { font-size: 16pt; margin: 0 0 2mm }
.warning { border: 1mm solid #000; padding: 3mm; margin: 0 0 6mm; font-weight: bold }
section { break-inside: avoid; border-top: 0.3mm solid #000; padding: 4mm 0 6mm }
h2 { font-size: 13pt; margin: 0 }
.id { font: 9pt monospace }
.digits { font: bold 12pt monospace; margin: 2mm 0 3mm }
.codes { display: flex; gap: 12mm; align-items: center }
svg { display: block; background: #fff; shape-rendering: crispEdges; flex: none }
</style>
)";

void add_key(SymbolPage& page, const RecoveryCandidate& candidate) {
  const Secret shown = bitlocker::show_digit_groups(candidate.password.key_words());
  std::string digits(shown.text());
  std::erase(digits, '-');
  page.markup("<section>\n<h2>");
  page.text(candidate.host);
  page.markup("</h2>\n<div class=\"id\">ID ");
  page.markup(candidate.protector_id ? candidate.protector_id->to_string() : "not known");
  if (candidate.created) page.markup(" &middot; of " + to_iso8601(*candidate.created).substr(0, 10));
  page.markup("</div>\n<div class=\"digits\">");
  page.markup(shown.text());
  page.markup("</div>\n<div class=\"codes\">\n");
  page.code128(digits);
  page.qr(digits);
  page.markup("</div>\n</section>\n");
  wipe({reinterpret_cast<uint8_t*>(digits.data()), digits.size()});
}

void add_warning(SymbolPage& page, const SheetRequest& request) {
  page.markup(
      "<h1>Recovery keys</h1>\n<div class=\"warning\">These keys open the encrypted drives of the PCs "
      "named here. Keep this page with you, do not copy or photograph it, and destroy it after use. A key "
      "that was used is to be changed: mendstick keys rotate.<br>Made on ");
  page.markup(to_iso8601(request.made).substr(0, 10));
  page.markup(". Expires: destroy this page by ");
  page.markup(to_iso8601(request.expires).substr(0, 10));
  page.markup(".</div>\n");
}

// Those of one host, the newest first.
std::vector<const RecoveryCandidate*> keys_of(const bitlocker::Credentials& credentials,
                                              const std::string& host) {
  std::vector<const RecoveryCandidate*> found;
  for (const RecoveryCandidate& candidate : credentials.recovery) {
    if (!candidate.host.empty() && folded_host(candidate.host) == folded_host(host))
      found.push_back(&candidate);
  }
  std::stable_sort(found.begin(), found.end(), [](const RecoveryCandidate* a, const RecoveryCandidate* b) {
    return a->created > b->created;
  });
  return found;
}

}  // namespace

Sheet make_sheet(const bitlocker::Credentials& credentials, const SheetRequest& request) {
  Sheet sheet;
  SymbolPage page;
  page.markup(kHead);
  add_warning(page, request);
  for (const std::string& host : request.hosts) {
    const auto keys = keys_of(credentials, host);
    for (const RecoveryCandidate* key : keys) add_key(page, *key);
    sheet.keys += keys.size();
    if (keys.empty()) sheet.hosts_without.push_back(host);
  }
  page.markup("</html>\n");
  sheet.html = page.take();
  return sheet;
}

}  // namespace mend::keys
