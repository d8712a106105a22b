// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/content.h"

#include <algorithm>

#include "base/text.h"

namespace mend::brokenpc {
namespace {

constexpr uint32_t kWofTag = 0x80000017;
constexpr uint32_t kMountPointTag = 0xa0000003;
constexpr uint32_t kSymbolicLinkTag = 0xa000000c;

// +0 tag, +4 length of the data, +8 data.
ByteVector reparse_point(uint32_t tag, const ByteVector& data) {
  ByteVector point(8);
  write_le<uint32_t>(point, 0, tag);
  write_le<uint16_t>(point, 4, static_cast<uint16_t>(data.size()));
  point.insert(point.end(), data.begin(), data.end());
  return point;
}

// Both names one after the other, each with a terminator that its length leaves out.
ByteVector names_of_link(std::string_view target, size_t header_bytes) {
  ByteVector substitute = utf16_to_le(to_utf16("\\??\\" + std::string(target)));
  ByteVector print = utf16_to_le(to_utf16(target));
  ByteVector data(header_bytes);
  write_le<uint16_t>(data, 0, 0);
  write_le<uint16_t>(data, 2, static_cast<uint16_t>(substitute.size()));
  write_le<uint16_t>(data, 4, static_cast<uint16_t>(substitute.size() + 2));
  write_le<uint16_t>(data, 6, static_cast<uint16_t>(print.size()));
  for (const ByteVector& name : {substitute, print}) {
    data.insert(data.end(), name.begin(), name.end());
    data.resize(data.size() + 2);
  }
  return data;
}

// DOS header, PE signature, COFF header for x64: enough for `file` to call it a Windows program.
ByteVector program_header() {
  ByteVector header(0x200);
  std::copy_n("MZ", 2, header.begin());
  write_le<uint32_t>(header, 0x3c, 0x80);
  std::copy_n("PE\0\0", 4, header.begin() + 0x80);
  write_le<uint16_t>(header, 0x84, 0x8664);
  write_le<uint16_t>(header, 0x86, 1);       // sections
  write_le<uint16_t>(header, 0x94, 0xf0);    // size of the optional header
  write_le<uint16_t>(header, 0x96, 0x2022);  // executable, large addresses
  write_le<uint16_t>(header, 0x98, 0x20b);   // PE32+
  return header;
}

}  // namespace

Content noise_content(uint64_t size_bytes, ByteVector header, Random random) {
  Content content;
  content.size_bytes = size_bytes;
  content.fill = [header = std::move(header), random](uint64_t offset, MutableBytes out) mutable {
    random.fill(out);
    if (offset < header.size()) {
      size_t length = std::min<size_t>(header.size() - offset, out.size());
      std::copy_n(header.begin() + static_cast<ptrdiff_t>(offset), length, out.begin());
    }
  };
  return content;
}

Content program_content(uint64_t size_bytes, Random random) {
  return noise_content(size_bytes, program_header(), random);
}

Content channel_content(uint64_t size_bytes, uint16_t channel, Random random) {
  ByteVector header = {0xaa, 0xaa, 0xaa, 0xaa, 0x01, 0x00};
  header.resize(8);
  write_le<uint16_t>(header, 6, channel);
  return noise_content(size_bytes, header, random);
}

Content text_content(uint64_t size_bytes, std::string_view line) {
  Content content;
  content.size_bytes = size_bytes;
  content.fill = [line = std::string(line)](uint64_t offset, MutableBytes out) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(line[(offset + i) % line.size()]);
  };
  return content;
}

Content bytes_content(ByteVector bytes) {
  Content content;
  content.size_bytes = bytes.size();
  content.fill = [bytes = std::move(bytes)](uint64_t offset, MutableBytes out) {
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
  };
  return content;
}

Content compact_os_content(const Content& original) {
  constexpr uint64_t kChunkBytes = 4096;
  // A table of where each chunk but the first begins, then the chunks.
  uint64_t chunks = (original.size_bytes + kChunkBytes - 1) / kChunkBytes;
  ByteVector stream(static_cast<size_t>(4 * (chunks - 1)));
  for (uint64_t i = 1; i < chunks; ++i)
    write_le<uint32_t>(stream, 4 * (i - 1), static_cast<uint32_t>(i * kChunkBytes));
  size_t table = stream.size();
  stream.resize(table + static_cast<size_t>(original.size_bytes));
  original.fill(0, MutableBytes(stream).subspan(table));

  ByteVector wof(16);
  write_le<uint32_t>(wof, 0, 1);   // version
  write_le<uint32_t>(wof, 4, 2);   // provider: files
  write_le<uint32_t>(wof, 8, 1);   // version of the provider's data
  write_le<uint32_t>(wof, 12, 0);  // XPRESS4K
  Content content;
  content.size_bytes = original.size_bytes;
  content.sparse = true;
  content.streams.push_back({u"WofCompressedData", std::move(stream)});
  content.reparse = reparse_point(kWofTag, wof);
  return content;
}

ByteVector junction(std::string_view target) {
  return reparse_point(kMountPointTag, names_of_link(target, 8));
}

ByteVector directory_symbolic_link(std::string_view target) {
  return reparse_point(kSymbolicLinkTag, names_of_link(target, 12));  // +8 flags: absolute
}

}  // namespace mend::brokenpc
