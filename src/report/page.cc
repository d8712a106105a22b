// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/page.h"

#include "crypto/sha256.h"
#include "report/page_files.h"

namespace mend::report {
namespace {

std::string base64(Bytes bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (at + i < bytes.size() ? bytes[at + i] : 0U);
    for (size_t i = 0; i < 4; ++i) text += at + i <= bytes.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

// As a Content-Security-Policy names what it allows.
std::string source(std::string_view text) {
  return "'sha256-" + base64(crypto::sha256(as_bytes(text))) + "'";
}

void replace(std::string& text, std::string_view mark, std::string_view by) {
  text.replace(text.find(mark), mark.size(), by);
}

}  // namespace

std::string to_page(const Recovery& recovery) {
  std::string page(kPageHtml);
  replace(page, "@POLICY@",
          "default-src 'none'; style-src " + source(kPageStyle) + "; script-src " + source(kPageScript) +
              "; base-uri 'none'; form-action 'none'");
  replace(page, "@STYLE@", kPageStyle);
  replace(page, "@SCRIPT@", kPageScript);
  replace(page, "@DATA@", page_data(recovery));
  return page;
}

}  // namespace mend::report
