// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/hive_writer.h"

#include <hivex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/image_file.h"
#include "tools/brokenpc/security.h"

namespace mend::brokenpc {
namespace {

constexpr uint32_t kBaseBytes = 4096;
constexpr uint32_t kBinBytes = 4096;
constexpr uint32_t kRootCell = 0x20;  // from the first bin

// A cell in use: its size, negative, then its content.
uint32_t put_cell(MutableBytes bin, uint32_t at, Bytes content) {
  uint32_t size = static_cast<uint32_t>(align_up(4 + content.size(), 8));
  write_le<uint32_t>(bin, at, 0u - size);
  std::copy(content.begin(), content.end(), bin.begin() + at + 4);
  return at + size;
}

// The root key: +2 flags, +4 time, +0x14 no subkeys, +0x2c security, +0x48 length of the name.
ByteVector root_key(uint64_t filetime, uint32_t security_cell) {
  constexpr std::string_view kName = "ROOT";
  constexpr uint32_t kNone = 0xffffffff;
  ByteVector key(0x4c + kName.size());
  std::copy_n("nk", 2, key.begin());
  write_le<uint16_t>(key, 0x02, 0x2c);  // root of a hive, not to be deleted, name in one byte a letter
  write_le<uint64_t>(key, 0x04, filetime);
  for (uint64_t list : {0x1cU, 0x20U, 0x28U, 0x30U}) write_le<uint32_t>(key, list, kNone);
  write_le<uint32_t>(key, 0x2c, security_cell);
  write_le<uint16_t>(key, 0x48, kName.size());
  std::copy(kName.begin(), kName.end(), key.begin() + 0x4c);
  return key;
}

ByteVector security_key(uint32_t own_cell) {
  ByteVector descriptor = system_security();
  ByteVector key(0x14);
  std::copy_n("sk", 2, key.begin());
  write_le<uint32_t>(key, 0x04, own_cell);  // the list has one member
  write_le<uint32_t>(key, 0x08, own_cell);
  write_le<uint32_t>(key, 0x0c, 1);  // references
  write_le<uint32_t>(key, 0x10, static_cast<uint32_t>(descriptor.size()));
  key.insert(key.end(), descriptor.begin(), descriptor.end());
  return key;
}

ByteVector empty_hive(std::string_view name, uint64_t filetime) {
  ByteVector hive(kBaseBytes + kBinBytes);
  std::copy_n("regf", 4, hive.begin());
  write_le<uint32_t>(hive, 0x04, 1);  // both sequence numbers alike: nothing is pending in a log
  write_le<uint32_t>(hive, 0x08, 1);
  write_le<uint64_t>(hive, 0x0c, filetime);
  write_le<uint32_t>(hive, 0x14, 1);  // version 1.5
  write_le<uint32_t>(hive, 0x18, 5);
  write_le<uint32_t>(hive, 0x20, 1);  // format
  write_le<uint32_t>(hive, 0x24, kRootCell);
  write_le<uint32_t>(hive, 0x28, kBinBytes);
  write_le<uint32_t>(hive, 0x2c, 1);  // clustering factor
  ByteVector units = utf16_to_le(to_utf16(name));
  std::copy_n(units.begin(), std::min<size_t>(units.size(), 64), hive.begin() + 0x30);

  MutableBytes bin = MutableBytes(hive).subspan(kBaseBytes);
  std::copy_n("hbin", 4, bin.begin());
  write_le<uint32_t>(bin, 8, kBinBytes);
  write_le<uint64_t>(bin, 20, filetime);
  ByteVector root = root_key(filetime, 0);
  uint32_t security_cell = kRootCell + static_cast<uint32_t>(align_up(4 + root.size(), 8));
  uint32_t end = put_cell(bin, kRootCell, root_key(filetime, security_cell));
  end = put_cell(bin, end, security_key(security_cell));
  write_le<uint32_t>(bin, end, kBinBytes - end);  // free

  uint32_t checksum = 0;
  for (uint64_t at = 0; at < 0x1fc; at += 4) checksum ^= read_le<uint32_t>(hive, at);
  write_le<uint32_t>(hive, 0x1fc, checksum);
  return hive;
}

hive_h* handle(void* hive) {
  return static_cast<hive_h*>(hive);
}

[[noreturn]] void fail(const std::string& what) {
  throw_errno("brokenpc.hive.hivex", "hivex, " + what, errno);
}

ByteVector terminated(std::string_view utf8) {
  ByteVector data = utf16_to_le(to_utf16(utf8));
  data.resize(data.size() + 2);
  return data;
}

}  // namespace

HiveValue HiveValue::text(std::string name, std::string_view utf8) {
  return {std::move(name), hive_t_REG_SZ, terminated(utf8)};
}
HiveValue HiveValue::expandable(std::string name, std::string_view utf8) {
  return {std::move(name), hive_t_REG_EXPAND_SZ, terminated(utf8)};
}
HiveValue HiveValue::binary(std::string name, ByteVector data) {
  return {std::move(name), hive_t_REG_BINARY, std::move(data)};
}
HiveValue HiveValue::number(std::string name, uint32_t value) {
  ByteVector data(4);
  write_le<uint32_t>(data, 0, value);
  return {std::move(name), hive_t_REG_DWORD, std::move(data)};
}
HiveValue HiveValue::number64(std::string name, uint64_t value) {
  ByteVector data(8);
  write_le<uint64_t>(data, 0, value);
  return {std::move(name), hive_t_REG_QWORD, std::move(data)};
}
HiveValue HiveValue::texts(std::string name, const std::vector<std::string>& utf8) {
  ByteVector data;
  for (const std::string& text : utf8) {
    ByteVector one = terminated(text);
    data.insert(data.end(), one.begin(), one.end());
  }
  data.resize(data.size() + 2);
  return {std::move(name), hive_t_REG_MULTI_SZ, std::move(data)};
}

HiveWriter::HiveWriter(std::string scratch, std::string_view name, uint64_t filetime)
    : scratch_(std::move(scratch)), hive_(nullptr) {
  write_file(scratch_, empty_hive(name, filetime));
  hive_ = hivex_open(scratch_.c_str(), HIVEX_OPEN_WRITE);
  if (hive_ == nullptr) fail("opening an empty hive");
}

HiveWriter::~HiveWriter() {
  if (hive_ != nullptr) hivex_close(handle(hive_));
  ::unlink(scratch_.c_str());
}

HiveWriter::Key HiveWriter::root() const {
  return hivex_root(handle(hive_));
}

HiveWriter::Key HiveWriter::new_key(Key parent, const std::string& name) {
  Key key = hivex_node_add_child(handle(hive_), parent, name.c_str());
  if (key == 0) fail("adding the key " + name);
  estimated_bytes_ += 80 + name.size() + 12;
  return key;
}

HiveWriter::Key HiveWriter::key(Key parent, std::string_view path) {
  while (!path.empty()) {
    size_t end = std::min(path.find('\\'), path.size());
    std::string name(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    Key child = hivex_node_get_child(handle(hive_), parent, name.c_str());
    parent = child != 0 ? child : new_key(parent, name);
  }
  return parent;
}

void HiveWriter::set(Key key, const std::vector<HiveValue>& values) {
  std::vector<hive_set_value> raw;
  for (const HiveValue& value : values) {
    char* data = reinterpret_cast<char*>(const_cast<uint8_t*>(value.data.data()));
    raw.push_back(
        {const_cast<char*>(value.name.c_str()), static_cast<hive_type>(value.type), value.data.size(), data});
    estimated_bytes_ += 36 + value.name.size() + (value.data.size() > 4 ? value.data.size() + 8 : 0);
  }
  if (hivex_node_set_values(handle(hive_), key, raw.size(), raw.data(), 0) != 0) fail("setting values");
}

ByteVector HiveWriter::finish() {
  int result = hivex_commit(handle(hive_), scratch_.c_str(), 0);
  if (result != 0) fail("writing the hive");
  hivex_close(handle(hive_));
  hive_ = nullptr;
  ImageFile file = ImageFile::open(scratch_);
  ByteVector bytes(static_cast<size_t>(file.size_bytes()));
  file.read(0, bytes);
  return bytes;
}

}  // namespace mend::brokenpc
