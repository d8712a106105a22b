// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/snapshot.h"

#include <algorithm>

#include "base/error.h"

namespace mend::brokenpc {
namespace {

constexpr uint32_t kData = 0x80, kIndexAllocation = 0xa0, kBitmap = 0xb0, kEnd = 0xffffffff;
constexpr uint32_t kStride = 512;

// False: torn, or nothing of that kind.
bool unprotect(MutableBytes bytes, const char* magic) {
  if (!std::equal(magic, magic + 4, bytes.begin())) return false;
  const size_t array = read_le<uint16_t>(bytes, 4);
  if (read_le<uint16_t>(bytes, 6) != 1 + bytes.size() / kStride) return false;
  for (size_t stride = 1; stride <= bytes.size() / kStride; ++stride) {
    if (read_le<uint16_t>(bytes, stride * kStride - 2) != read_le<uint16_t>(bytes, array)) return false;
    write_le<uint16_t>(bytes, stride * kStride - 2, read_le<uint16_t>(bytes, array + 2 * stride));
  }
  return true;
}

// The clusters of an attribute, in order; a hole is 0.
std::vector<uint64_t> clusters_of(const AttributeBytes& attribute) {
  std::vector<uint64_t> out;
  const ByteVector pairs = attribute.pairs();
  int64_t lcn = 0;
  for (size_t at = 0; pairs[at] != 0;) {
    const size_t length_bytes = pairs[at] & 15, offset_bytes = pairs[at] >> 4;
    uint64_t length = 0, offset = 0;
    for (size_t i = 0; i < length_bytes; ++i) length |= uint64_t{pairs[at + 1 + i]} << (8 * i);
    for (size_t i = 0; i < offset_bytes; ++i) offset |= uint64_t{pairs[at + 1 + length_bytes + i]} << (8 * i);
    if (offset_bytes != 0 && (pairs[at + length_bytes + offset_bytes] & 0x80) != 0)
      offset |= offset_bytes == 8 ? 0 : ~uint64_t{0} << (8 * offset_bytes);
    lcn += static_cast<int64_t>(offset);
    for (uint64_t i = 0; i < length; ++i)
      out.push_back(offset_bytes == 0 ? 0 : static_cast<uint64_t>(lcn) + i);
    at += 1 + length_bytes + offset_bytes;
  }
  return out;
}

class Reader {
 public:
  Reader(const ImageFile& image, uint64_t volume_offset) : image_(image), volume_offset_(volume_offset) {
    const uint64_t mft = read_le<uint64_t>(read(0, kStride), 0x30) * kStructureClusterBytes;
    ByteVector first = read(mft, kRecordBytes);
    if (!unprotect(first, "FILE")) lost();
    for (const AttributeBytes& attribute : attributes_of(first))
      if (attribute.type() == kData && attribute.name().empty()) mft_ = clusters_of(attribute);
  }

  Snapshot snapshot() {
    for (uint64_t number = 0; number < mft_.size() * 4; ++number) {
      const uint64_t offset = mft_[number / 4] * kStructureClusterBytes + number % 4 * kRecordBytes;
      Structure record{Structure::Kind::kRecord, uint64_t{1} << 48,         kData, {},
                       number * kRecordBytes,    read(offset, kRecordBytes)};
      if (!unprotect(record.bytes, "FILE")) continue;
      if (record.in_use()) add_attributes(number, record.bytes);
      out_[offset] = std::move(record);
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] static void lost() {
    throw Error(ErrorCode::kIo, "brokenpc.snapshot", "the volume that was made cannot be read again");
  }
  ByteVector read(uint64_t offset, uint64_t length) const {
    ByteVector out(static_cast<size_t>(length));
    image_.read(volume_offset_ + offset, out);
    return out;
  }
  void add_attributes(uint64_t number, Bytes record) {
    const uint64_t base = read_le<uint64_t>(record, 0x20);
    const uint64_t owner = base != 0 ? base : number | uint64_t{read_le<uint16_t>(record, 0x10)} << 48;
    for (const AttributeBytes& attribute : attributes_of(record)) {
      if (attribute.resident()) continue;
      const bool index = attribute.type() == kIndexAllocation;
      const bool bitmap = attribute.type() == kBitmap ||
                          (number == 6 && attribute.type() == kData && attribute.name().empty());
      if (!index && !bitmap) continue;
      uint64_t position = read_le<uint64_t>(attribute.bytes, 0x10) * kStructureClusterBytes;
      for (const uint64_t lcn : clusters_of(attribute)) {
        Structure found{index ? Structure::Kind::kIndexBlock : Structure::Kind::kBitmap,
                        owner,
                        attribute.type(),
                        attribute.name(),
                        position,
                        read(lcn * kStructureClusterBytes, kStructureClusterBytes)};
        position += kStructureClusterBytes;
        if (lcn == 0 || (index && !unprotect(found.bytes, "INDX"))) continue;
        out_[lcn * kStructureClusterBytes] = std::move(found);
      }
    }
  }

  const ImageFile& image_;
  uint64_t volume_offset_;
  std::vector<uint64_t> mft_;
  Snapshot out_;
};

}  // namespace

ByteVector AttributeBytes::name() const {
  const auto from = bytes.begin() + read_le<uint16_t>(bytes, 0x0a);
  return {from, from + 2 * bytes[0x09]};
}

ByteVector AttributeBytes::value() const {
  const auto from = bytes.begin() + read_le<uint16_t>(bytes, 0x14);
  return {from, from + static_cast<ptrdiff_t>(read_le<uint32_t>(bytes, 0x10))};
}

ByteVector AttributeBytes::pairs() const {
  return {bytes.begin() + read_le<uint16_t>(bytes, 0x20), bytes.end()};
}

std::vector<AttributeBytes> attributes_of(Bytes record) {
  std::vector<AttributeBytes> out;
  for (size_t at = read_le<uint16_t>(record, 0x14); read_le<uint32_t>(record, at) != kEnd;) {
    const size_t length = read_le<uint32_t>(record, at + 4);
    const Bytes bytes = record.subspan(at, length);
    out.push_back({at, ByteVector(bytes.begin(), bytes.end())});
    at += length;
  }
  return out;
}

Snapshot take_snapshot(const ImageFile& image, uint64_t volume_offset) {
  return Reader(image, volume_offset).snapshot();
}

void protect(MutableBytes structure, uint16_t check_value) {
  const size_t array = read_le<uint16_t>(structure, 4);
  write_le<uint16_t>(structure, array, check_value);
  for (size_t stride = 1; stride <= structure.size() / kStride; ++stride) {
    const size_t tail = stride * kStride - 2;
    write_le<uint16_t>(structure, array + 2 * stride, read_le<uint16_t>(structure, tail));
    write_le<uint16_t>(structure, tail, check_value);
  }
}

}  // namespace mend::brokenpc
