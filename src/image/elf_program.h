// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a program of the build can run on the stick, where there is no library and no loader.
#pragma once

#include "base/bytes.h"

namespace mend::image {

// True for an ELF program for x86-64 that asks for no interpreter, so that the kernel alone can start it.
// False for whatever else the bytes are.
bool is_static_program(Bytes file);

}  // namespace mend::image
