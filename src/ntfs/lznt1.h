// SPDX-License-Identifier: GPL-3.0-or-later
// LZNT1, the compression of NTFS files (MS-XCA 2.5). Decoding only.
#pragma once

#include "base/bytes.h"

namespace mend::ntfs {

// Decodes a compression unit. What the input does not fill is zero, as NTFS has it. kCorrupt "ntfs.lznt1.*"
// when a token points before its chunk, a chunk is longer than 4096 bytes, or more comes out than `out`
// holds.
void decompress_lznt1(Bytes in, MutableBytes out);

}  // namespace mend::ntfs
