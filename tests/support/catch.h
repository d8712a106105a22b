// SPDX-License-Identifier: GPL-3.0-or-later
// The one include of Catch2, version 2 (Debian 12) or 3 (Debian 13).
#pragma once

#ifdef MEND_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
