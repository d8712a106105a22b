// SPDX-License-Identifier: GPL-3.0-or-later
// Linked into the static `mend` only. libcrypto (network BIOs, loadable engines) and libntfs-3g (user
// mapping) refer to functions of the C library that load shared objects at run time: name services and
// dlopen. On the stick there is nothing to load, and `mend` calls none of them. The linker's --wrap (see
// CMakeLists.txt) leads every reference to the functions below, which say "not there" at once. So the link
// has no warning left, and the linker is told to fail on one.
//
// Debian 13's libcrypto can compress with Zstandard, for certificates in TLS. The functions of its c_zstd.o
// are here too and say "not there", so that libzstd, 700 KB of it, is not linked.
//
// Nor is there a locale on the stick: its files belong to one version of the C library, and are larger than
// all that they would be needed for. ncursesw asks the C library how characters are written and how wide they
// are; the three functions at the end answer as they do in C.UTF-8, whatever the locale is.
#include <langinfo.h>
#include <netdb.h>

#include <cstring>
#include <cwchar>

#include "base/text.h"
#include "screen/grid.h"

struct group;
struct passwd;

// The double underscore is the linker's convention, not ours.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

void* __wrap_dlopen(const char*, int) {
  return nullptr;
}
int __wrap_getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
  return EAI_FAIL;
}
hostent* __wrap_gethostbyname(const char*) {
  return nullptr;
}
passwd* __wrap_getpwnam(const char*) {
  return nullptr;
}
passwd* __wrap_getpwuid(unsigned) {
  return nullptr;
}
group* __wrap_getgrnam(const char*) {
  return nullptr;
}
group* __wrap_getgrgid(unsigned) {
  return nullptr;
}

void* COMP_zstd() {
  return nullptr;
}
void* COMP_zstd_oneshot() {
  return nullptr;
}
const void* BIO_f_zstd() {
  return nullptr;
}
void ossl_comp_zstd_cleanup() {}

char* __real_nl_langinfo(nl_item);
char* __wrap_nl_langinfo(nl_item item) {
  static char utf8[] = "UTF-8";
  return item == CODESET ? utf8 : __real_nl_langinfo(item);
}
size_t __wrap_wcrtomb(char* out, wchar_t character, mbstate_t*) {
  if (out == nullptr) return 1;
  return mend::encode_utf8(static_cast<char32_t>(character), out);
}
int __wrap_wcwidth(wchar_t character) {
  const auto c = static_cast<char32_t>(character);
  if (c == 0) return 0;
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return -1;
  return mend::screen::columns_of(c);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
