// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/card.h"

#include <string>

#include "base/text.h"
#include "keys/symbol_page.h"

namespace mend::mendstick {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Passphrase of a keyring</title>
<style>
  @page { size: A6 landscape; margin: 8mm; }
  body { font: 10pt/1.4 "DejaVu Sans", Arial, sans-serif; color: #000; background: #fff; }
  h1 { font-size: 14pt; margin: 0 0 3mm; }
  .passphrase { font: bold 17pt/1.6 "DejaVu Sans Mono", monospace; border: 1.5pt solid #000; padding: 3mm; }
  svg { display: inline-block; background: #fff; shape-rendering: crispEdges; margin: 2mm 6mm 0 0; }
  .warning { border: 1.5pt solid #000; padding: 1mm 2mm; font-weight: bold; }
</style>
</head>
<body>
)";
constexpr std::string_view kTail = R"(
<p>Type or scan it when the stick asks: the digits do for any keyboard, hyphens may be left out. Once at each start.</p>
<p class="warning">Never keep this card with the stick. Who has both has the keys. Lost one of them? Call at once.</p>
</body>
</html>
)";

}  // namespace

Secret card_page(const keys::SealRequest& request, const keys::Passphrase& passphrase) {
  keys::SymbolPage page;
  page.markup(kHead);
  page.markup("<h1>Passphrase for the sticks of ");
  page.text(printable(request.customer));
  page.markup("</h1>\n<p>Keys sealed " + to_iso8601(request.sealed).substr(0, 10) +
              ".</p>\n<p class=\"passphrase\">");
  page.text(passphrase.text().text());
  page.markup("</p>\n");
  if (passphrase.form() == keys::PassphraseForm::kDigits) {
    std::string digits(passphrase.text().text());
    std::erase(digits, '-');
    page.code128(digits);
    page.qr(digits);
    wipe({reinterpret_cast<uint8_t*>(digits.data()), digits.size()});
  }
  page.markup(kTail);
  return page.take();
}

}  // namespace mend::mendstick
