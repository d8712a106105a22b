// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/file.h"
#include "manifest/manifest.h"

namespace mend::manifest {

Manifest load(const std::string& path) {
  const ByteVector text = read_file(path, kMaximumBytes);
  return parse(as_text(text), path);
}

}  // namespace mend::manifest
