// SPDX-License-Identifier: GPL-3.0-or-later
// The least volume that a log can be replayed into: a boot sector, some MFT records with their mirror, an
// index block, a bitmap, and the log. Written by hand, so that a fuzz target needs no program.
#pragma once

#include "tests/support/memory_device.h"
#include "tests/unit/ntfs/log_writer.h"

namespace mend::test {

// An attribute as bytes, aligned to 8.
inline ByteVector resident_attribute(uint32_t type, uint16_t id, const ByteVector& value,
                                     bool indexed = false) {
  ByteVector out(0x18);
  write_le<uint32_t>(out, 0x00, type);
  write_le<uint16_t>(out, 0x0e, id);
  write_le<uint32_t>(out, 0x10, static_cast<uint32_t>(value.size()));
  write_le<uint16_t>(out, 0x14, 0x18);
  out[0x16] = indexed ? 1 : 0;
  out.insert(out.end(), value.begin(), value.end());
  out.resize((out.size() + 7) / 8 * 8);
  write_le<uint32_t>(out, 0x04, static_cast<uint32_t>(out.size()));
  return out;
}

inline ByteVector non_resident_attribute(uint32_t type, uint16_t id, uint8_t clusters, uint8_t lcn) {
  ByteVector out(0x48);
  write_le<uint32_t>(out, 0x00, type);
  write_le<uint32_t>(out, 0x04, 0x48);
  out[0x08] = 1;
  write_le<uint16_t>(out, 0x0e, id);
  write_le<uint64_t>(out, 0x18, uint64_t{clusters} - 1);
  write_le<uint16_t>(out, 0x20, 0x40);
  for (const size_t at : {0x28u, 0x30u, 0x38u}) write_le<uint64_t>(out, at, clusters * uint64_t{4096});
  const uint8_t pairs[] = {0x22, clusters, 0, lcn, 0, 0};  // signed, so two bytes each
  std::copy(std::begin(pairs), std::end(pairs), out.begin() + 0x40);
  return out;
}

// An entry of a directory's index. `name`: of one letter.
inline ByteVector index_entry(uint64_t reference, char name) {
  ByteVector key(0x44);
  write_le<uint64_t>(key, 0x00, 5 | uint64_t{5} << 48);
  key[0x40] = 1;
  key[0x42] = static_cast<uint8_t>(name);
  ByteVector out(0x10);
  write_le<uint64_t>(out, 0x00, reference);
  write_le<uint16_t>(out, 0x0a, static_cast<uint16_t>(key.size()));
  out.insert(out.end(), key.begin(), key.end());
  out.resize((out.size() + 7) / 8 * 8);
  write_le<uint16_t>(out, 0x08, static_cast<uint16_t>(out.size()));
  return out;
}
inline ByteVector last_entry() {
  ByteVector out(0x10);
  write_le<uint16_t>(out, 0x08, 0x10);
  write_le<uint16_t>(out, 0x0c, 2);
  return out;
}
// Header and entries of a node; `allocated` 0: as much as it uses.
inline ByteVector index_node_bytes(const std::vector<ByteVector>& entries, uint32_t first = 0x10,
                                   uint32_t allocated = 0) {
  ByteVector out(first);
  for (const ByteVector& entry : entries) out.insert(out.end(), entry.begin(), entry.end());
  write_le<uint32_t>(out, 0x00, first);
  write_le<uint32_t>(out, 0x04, static_cast<uint32_t>(out.size()));
  write_le<uint32_t>(out, 0x08, allocated != 0 ? allocated : static_cast<uint32_t>(out.size()));
  return out;
}
inline ByteVector index_root_value(const std::vector<ByteVector>& entries) {
  ByteVector out(0x10);
  write_le<uint32_t>(out, 0x00, 0x30);
  write_le<uint32_t>(out, 0x04, 1);
  write_le<uint32_t>(out, 0x08, 4096);
  out[0x0c] = 1;
  const ByteVector node = index_node_bytes(entries);
  out.insert(out.end(), node.begin(), node.end());
  return out;
}

struct LogVolume {
  static constexpr size_t kCluster = 4096, kRecord = 1024, kClusters = 256;
  static constexpr uint64_t kMft = 4, kMirror = 10, kLog = 16, kBlock = 200, kBitmap = 204, kStream = 206;
  static constexpr uint64_t kRecords = 16;  // in clusters 4 to 7

  // A record without fixups.
  static ByteVector record(uint64_t number, uint16_t flags, const std::vector<ByteVector>& attributes,
                           uint64_t lsn = 1) {
    ByteVector out(0x38);
    write_le<uint32_t>(out, 0x00, 0x454c4946);
    write_le<uint16_t>(out, 0x04, 0x30);
    write_le<uint16_t>(out, 0x06, 3);
    write_le<uint64_t>(out, 0x08, lsn);
    write_le<uint16_t>(out, 0x10, 1);
    write_le<uint16_t>(out, 0x12, 1);
    write_le<uint16_t>(out, 0x14, 0x38);
    write_le<uint16_t>(out, 0x16, flags);
    write_le<uint32_t>(out, 0x1c, kRecord);
    write_le<uint16_t>(out, 0x28, static_cast<uint16_t>(attributes.size()));
    write_le<uint32_t>(out, 0x2c, static_cast<uint32_t>(number));
    for (const ByteVector& attribute : attributes) out.insert(out.end(), attribute.begin(), attribute.end());
    out.resize(out.size() + 8);
    write_le<uint32_t>(out, out.size() - 8, 0xffffffff);
    write_le<uint32_t>(out, 0x18, static_cast<uint32_t>(out.size()));
    out.resize(kRecord);
    return out;
  }
  // A block without fixups.
  static ByteVector block(uint64_t vcn, const std::vector<ByteVector>& entries, uint64_t lsn = 1) {
    ByteVector out(0x18);
    write_le<uint32_t>(out, 0x00, 0x58444e49);
    write_le<uint16_t>(out, 0x04, 0x28);
    write_le<uint16_t>(out, 0x06, 9);
    write_le<uint64_t>(out, 0x08, lsn);
    write_le<uint64_t>(out, 0x10, vcn);
    const ByteVector node = index_node_bytes(entries, 0x28, kCluster - 0x18);
    out.insert(out.end(), node.begin(), node.end());
    out.resize(kCluster);
    return out;
  }

  LogVolume() : device(kClusters * kCluster) {
    ByteVector boot(512);
    const char signature[] = "NTFS    ";
    std::copy_n(signature, 8, boot.begin() + 3);
    write_le<uint16_t>(boot, 0x0b, 512);
    boot[0x0d] = 8;
    write_le<uint64_t>(boot, 0x28, kClusters * 8);
    write_le<uint64_t>(boot, 0x30, kMft);
    write_le<uint64_t>(boot, 0x38, kMirror);
    boot[0x40] = 0xf6;
    boot[0x44] = 1;
    write_le<uint16_t>(boot, 0x1fe, 0xaa55);
    device.write(0, boot);
    put_record(0, record(0, 1, {non_resident_attribute(0x80, 0, 4, kMft)}));
    put_record(1, record(1, 1, {non_resident_attribute(0x80, 0, 1, kMirror)}));
    put_record(2, record(2, 1, {non_resident_attribute(0x80, 0, 128, kLog)}));
    for (uint64_t number = 3; number < kRecords; ++number)
      put_record(number, record(number, 1,
                                {resident_attribute(0x10, 0, ByteVector(0x30)),
                                 resident_attribute(0x80, 1, ByteVector(8, 0x5a))}));
    ByteVector information(12);  // of $Volume: version 3.1, no flags
    std::fill_n(information.begin(), 8, uint8_t{0x5a});
    information[8] = 3, information[9] = 1;
    put_record(
        3, record(3, 1,
                  {resident_attribute(0x10, 0, ByteVector(0x30)), resident_attribute(0x70, 1, information)}));
    put_record(8, record(8, 3,
                         {resident_attribute(0x10, 0, ByteVector(0x30)),
                          resident_attribute(0x90, 1, index_root_value({last_entry()}))}));
    put_block(block(0, {index_entry(7, 'a'), last_entry()}));
  }

  void put_record(uint64_t number, ByteVector bytes) {
    protect(bytes, 0x30);
    device.write(kMft * kCluster + number * kRecord, bytes);
    if (number < 4) device.write(kMirror * kCluster + number * kRecord, bytes);
  }
  void put_block(ByteVector bytes) {
    protect(bytes, 0x28);
    device.write(kBlock * kCluster, bytes);
  }
  void put_log(const ByteVector& log) { device.write(kLog * kCluster, log); }
  // Without fixups.
  ByteVector get_record(uint64_t number, bool mirror = false) {
    return unprotected(device.read_bytes((mirror ? kMirror : kMft) * kCluster + number * kRecord, kRecord));
  }
  ByteVector get_block() { return unprotected(device.read_bytes(kBlock * kCluster, kCluster)); }
  ByteVector get_log() { return device.read_bytes(kLog * kCluster, 128 * kCluster); }
  bool is_dirty() {
    const ByteVector record = get_record(3);  // header, $STANDARD_INFORMATION, then $VOLUME_INFORMATION
    return (record[0x38 + 0x48 + 0x18 + 0x0a] & 1) != 0;
  }
  uint8_t bitmap_byte(size_t at) { return device.bytes[kBitmap * kCluster + at]; }

  static void protect(ByteVector& bytes, size_t array) {
    write_le<uint16_t>(bytes, array, 1);
    for (size_t i = 1; i <= bytes.size() / 512; ++i) {
      write_le<uint16_t>(bytes, array + 2 * i, read_le<uint16_t>(bytes, 512 * i - 2));
      write_le<uint16_t>(bytes, 512 * i - 2, 1);
    }
  }
  static ByteVector unprotected(ByteVector bytes) {
    const size_t array = read_le<uint16_t>(bytes, 4);
    for (size_t i = 1; i <= bytes.size() / 512; ++i) {
      if (read_le<uint16_t>(bytes, 512 * i - 2) != read_le<uint16_t>(bytes, array)) return {};  // torn
      write_le<uint16_t>(bytes, 512 * i - 2, read_le<uint16_t>(bytes, array + 2 * i));
    }
    return bytes;
  }

  MemoryDevice device;
};

}  // namespace mend::test
