// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the image hold: programs that are none, text, channel files. Each delivers its pieces in
// order and from its own random stream, so no content has to be held in memory.
#pragma once

#include "tools/brokenpc/ntfs_writer.h"
#include "tools/brokenpc/random.h"

namespace mend::brokenpc {

// The headers of a 64-bit Windows program, then noise.
Content program_content(uint64_t size_bytes, Random random);
// Lines of a log: compresses well.
Content text_content(uint64_t size_bytes, std::string_view line);
Content bytes_content(ByteVector bytes);
Content noise_content(uint64_t size_bytes, ByteVector header, Random random);
// Content of a CrowdStrike channel file: AA AA AA AA 01 00, the channel's number, noise.
Content channel_content(uint64_t size_bytes, uint16_t channel, Random random);
// As a file of CompactOS: the unnamed stream is a hole, WofCompressedData holds the data in chunks of 4 KiB
// that are stored as they are (XPRESS4K allows it for data that does not shrink).
Content compact_os_content(const Content& original);

// Reparse points, whole.
ByteVector junction(std::string_view target);  // "C:\Users"
ByteVector directory_symbolic_link(std::string_view target);

}  // namespace mend::brokenpc
