// SPDX-License-Identifier: GPL-3.0-or-later
// Linked into the static `mend` only. libcrypto (network BIOs, loadable engines) and libntfs-3g (user
// mapping) refer to functions of the C library that load shared objects at run time: name services and
// dlopen. On the stick there is nothing to load, and `mend` calls none of them. The linker's --wrap (see
// CMakeLists.txt) leads every reference to the functions below, which say "not there" at once. So the link
// has no warning left, and the linker is told to fail on one.
//
// Debian 13's libcrypto can compress with Zstandard, for certificates in TLS. The functions of its c_zstd.o
// are here too and say "not there", so that libzstd, 700 KB of it, is not linked.
#include <netdb.h>

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

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
