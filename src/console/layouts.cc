// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/layouts.h"

#include <linux/kd.h>
#include <linux/keyboard.h>
#include <sys/ioctl.h>

#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace mend::console {
namespace {

// One row of keys: the kernel's number of the leftmost, and what the keys give alone, with Shift, with AltGr.
// A blank stands for nothing. Accents that wait for a letter on a desktop come by themselves here.
struct Row {
  int first;
  const char16_t* plain;
  const char16_t* shift;
  const char16_t* altgr;
};

struct Layout {
  const char* name;
  std::array<Row, 7> rows;
};

constexpr std::array<Layout, 3> kLayouts = {{
    {"US",
     {{{2, u"1234567890-=", u"!@#$%^&*()_+", u""},
       {16, u"qwertyuiop[]", u"QWERTYUIOP{}", u""},
       {30, u"asdfghjkl;'", u"ASDFGHJKL:\"", u""},
       {41, u"`", u"~", u""},
       {43, u"\\", u"|", u""},
       {44, u"zxcvbnm,./", u"ZXCVBNM<>?", u""},
       {86, u"<", u">", u"|"}}}},
    {"German",
     {{{2, u"1234567890ß´", u"!\"§$%&/()=?`", u" ²³   {[]}\\ "},
       {16, u"qwertzuiopü+", u"QWERTZUIOPÜ*", u"@ €        ~"},
       {30, u"asdfghjklöä", u"ASDFGHJKLÖÄ", u""},
       {41, u"^", u"°", u""},
       {43, u"#", u"'", u""},
       {44, u"yxcvbnm,.-", u"YXCVBNM;:_", u"      µ   "},
       {86, u"<", u">", u"|"}}}},
    {"French",
     {{{2, u"&é\"'(-è_çà)=", u"1234567890°+", u" ~#{[|`\\^@]}"},
       {16, u"azertyuiop^$", u"AZERTYUIOP¨£", u"  €        ¤"},
       {30, u"qsdfghjklmù", u"QSDFGHJKLM%", u""},
       {41, u"²", u" ", u""},
       {43, u"*", u"µ", u""},
       {44, u"wxcvbn,;:!", u"WXCVBN?./§", u""},
       {86, u"<", u">", u""}}}},
}};

// As the kernel's tables have it: Latin-1 with its kind, anything else as a character of Unicode.
uint16_t entry_of(char16_t c) {
  if (c == u' ') return K_HOLE;
  if (c > 0xFF) return static_cast<uint16_t>(c ^ 0xF000);
  const bool letter = c < 0x80 ? std::isalpha(c) != 0 : c >= 0xC0;
  return static_cast<uint16_t>(K(letter ? KT_LETTER : KT_LATIN, c));
}

bool set_row(int terminal, int table, int first, std::u16string_view keys, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    kbentry entry{};
    entry.kb_table = static_cast<uint8_t>(table);
    entry.kb_index = static_cast<uint8_t>(first + static_cast<int>(i));
    entry.kb_value = entry_of(i < keys.size() ? keys[i] : u' ');
    if (::ioctl(terminal, KDSKBENT, &entry) != 0) return false;
  }
  return true;
}

}  // namespace

bool lock_numbers(int terminal) {
  return ::ioctl(terminal, KDSETLED, 0) == 0 && ::ioctl(terminal, KDSKBLED, K_NUMLOCK) == 0;
}

int layout_count() {
  return static_cast<int>(kLayouts.size());
}

const char* layout_name(int layout) {
  return kLayouts[static_cast<size_t>(layout)].name;
}

bool set_layout(int terminal, int layout) {
  for (const Row& row : kLayouts[static_cast<size_t>(layout)].rows) {
    const size_t count = std::u16string_view(row.plain).size();
    const bool set = set_row(terminal, K_NORMTAB, row.first, row.plain, count) &&
                     set_row(terminal, K_SHIFTTAB, row.first, row.shift, count) &&
                     set_row(terminal, K_ALTTAB, row.first, row.altgr, count);
    if (!set) return false;
  }
  return true;
}

}  // namespace mend::console
