// SPDX-License-Identifier: GPL-3.0-or-later
// Linked into the static `mend` only. libcrypto (network BIOs, loadable engines) and libntfs-3g (user
// mapping) refer to functions of the C library that load shared objects at run time: name services and
// dlopen. On the stick there is nothing to load, and `mend` calls none of them. The linker's --wrap (see
// CMakeLists.txt) leads every reference to the functions below, which say "not there" at once. So the link
// has no warning left, and the linker is told to fail on one.
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

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
