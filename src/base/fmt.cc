// SPDX-License-Identifier: GPL-3.0-or-later
// The library fmt, compiled once for the whole program. Debian ships no static archive of it, and header-only
// it adds 100 KB and several seconds of compiling to each object that formats a message.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

// The templates that format.h declares as extern, for char.
template FMT_API auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl<char>(locale_ref) -> char;
#if FMT_VERSION >= 100000
template FMT_API void vformat_to(buffer<char>&, string_view, typename vformat_args<>::type, locale_ref);
#endif

}  // namespace detail
FMT_END_NAMESPACE
