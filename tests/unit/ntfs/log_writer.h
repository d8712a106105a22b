// SPDX-License-Identifier: GPL-3.0-or-later
// brokenpc's writer of logs, under the names that the tests of the readers use.
#pragma once

#include "tools/brokenpc/log_writer.h"

namespace mend::test {

using brokenpc::LogOp;
using brokenpc::LogShape;
using brokenpc::LogWriter;

}  // namespace mend::test
