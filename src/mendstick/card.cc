// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/card.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

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
  .warning { border: 1.5pt solid #000; padding: 1mm 2mm; font-weight: bold; }
</style>
</head>
<body>
)";
constexpr std::string_view kTail = R"(
<p>Type it when the stick asks: the digits do for any keyboard, hyphens may be left out. Once at each start.</p>
<p class="warning">Never keep this card with the stick. Who has both has the keys. Lost one of them? Call at once.</p>
</body>
</html>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

// One text after the other, in memory that is wiped.
Secret joined(std::initializer_list<std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  Secret text(size);
  auto at = text.bytes().begin();
  for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
  return text;
}

// Characters that mean something in HTML, replaced within Secrets.
Secret escaped(const Secret& text) {
  Secret out(text.size() * 5);
  size_t used = 0;
  for (const char c : text.text()) {
    const std::string_view piece = c == '<'   ? "&lt;"
                                   : c == '>' ? "&gt;"
                                   : c == '&' ? "&amp;"
                                              : std::string_view(&c, 1);
    std::copy(piece.begin(), piece.end(), out.bytes().begin() + static_cast<std::ptrdiff_t>(used));
    used += piece.size();
  }
  out.shrink(used);
  return out;
}

}  // namespace

Secret card_page(const keys::SealRequest& request, const keys::Passphrase& passphrase) {
  const std::string title = fmt::format(
      "<h1>Passphrase for the sticks of {}</h1>\n<p>Keys sealed {} UTC.</p>\n<p class=\"passphrase\">",
      escaped(printable(request.customer)), to_iso8601(request.sealed).substr(0, 16).replace(10, 1, " "));
  const Secret shown = escaped(passphrase.text());
  return joined({kHead, title, shown.text(), "</p>", kTail});
}

}  // namespace mend::mendstick
