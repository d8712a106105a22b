// SPDX-License-Identifier: GPL-3.0-or-later
// What hivex calls instead of the C library's open and iconv (see CMakeLists.txt). With it, hivex reads a
// hive that exists in memory only, in a program that has no files around it: no /proc, no /dev, no gconv
// modules.
#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <string_view>

#include "windows/recode.h"

using mend::windows::Recode;
using mend::windows::RecodeEnd;

extern "C" {

// "/proc/self/fd/7" is descriptor 7, whether there is a /proc or not; any other path goes to the system.
int mend_hivex_open(const char* path, int flags, ...) {
  constexpr std::string_view kDescriptor = "/proc/self/fd/";
  const std::string_view name(path);
  if (name.substr(0, kDescriptor.size()) == kDescriptor) {
    int descriptor = -1;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kDescriptor.size(), end, descriptor);
    if (error == std::errc() && stop == end) return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    errno = ENOENT;
    return -1;
  }
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
  va_end(arguments);
  return ::open(path, flags, mode);
}

// A conversion has no state, so its handle is a pointer into this table.
static Recode kRecodes[] = {Recode::kLatin1ToUtf8, Recode::kUtf8ToLatin1, Recode::kUtf16leToUtf8,
                            Recode::kUtf8ToUtf16le};

void* mend_hivex_iconv_open(const char* to, const char* from) {
  const auto how = mend::windows::find_recode(to, from);
  for (Recode& known : kRecodes) {
    if (how == known) return &known;
  }
  errno = EINVAL;
  return reinterpret_cast<void*>(-1);  // as iconv_open says it
}

size_t mend_hivex_iconv(void* handle, char** in, size_t* in_left, char** out, size_t* out_left) {
  if (!in || !*in) return 0;  // back to the initial state, which is the only one
  mend::Bytes from(reinterpret_cast<const uint8_t*>(*in), *in_left);
  mend::MutableBytes to(reinterpret_cast<uint8_t*>(*out), *out_left);
  const RecodeEnd end = mend::windows::recode(*static_cast<Recode*>(handle), from, to);
  *in += *in_left - from.size();
  *in_left = from.size();
  *out += *out_left - to.size();
  *out_left = to.size();
  if (end == RecodeEnd::kDone) return 0;
  errno = end == RecodeEnd::kOutputFull ? E2BIG : end == RecodeEnd::kIncomplete ? EINVAL : EILSEQ;
  return static_cast<size_t>(-1);
}

int mend_hivex_iconv_close(void*) {
  return 0;
}

}  // extern "C"
