// SPDX-License-Identifier: GPL-3.0-or-later
// The Model as a page of a full screen, for any size from 80×24 on (smaller ones show what fits), with
// Unicode or without. Changes nothing.
//
// Invariants
//   PA-1  Customer, incident, build date and a warning are on every page but the receipt's, whose code needs
//   the
//         room on a small screen.
//   PA-2  No key is drawn unless the person asked to see it.
#pragma once

#include "console/model.h"
#include "screen/grid.h"
#include "screen/terminal.h"

namespace mend::console {

struct Drawn {
  screen::Grid grid;
  int hidden_rows = 0;  // how far there is to scroll
};

Drawn draw(const Model& model, screen::Size size, screen::Charset charset);

}  // namespace mend::console
