// SPDX-License-Identifier: GPL-3.0-or-later
// main() of every test program. Catch2 3 brings its own.
#ifndef MEND_CATCH2_V3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
