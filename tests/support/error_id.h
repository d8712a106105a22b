// SPDX-License-Identifier: GPL-3.0-or-later
// By which error a call fails.
#pragma once

#include <string>

#include "base/error.h"

namespace mend::test {

// Its id; empty when the call returns.
template <typename Call>
std::string id_of_error(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.id();
  }
  return "";
}

}  // namespace mend::test
