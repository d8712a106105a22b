// SPDX-License-Identifier: GPL-3.0-or-later
// A registry hive, filled through hivex. hivex only opens hives that are there, so an empty one is laid out
// first: base block, one bin with the root key and its security.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mend::brokenpc {

struct HiveValue {
  std::string name;  // empty: the default value
  uint32_t type;
  ByteVector data;

  static HiveValue text(std::string name, std::string_view utf8);        // REG_SZ
  static HiveValue expandable(std::string name, std::string_view utf8);  // REG_EXPAND_SZ
  static HiveValue binary(std::string name, ByteVector data);
  static HiveValue number(std::string name, uint32_t value);
  static HiveValue number64(std::string name, uint64_t value);
  static HiveValue texts(std::string name, const std::vector<std::string>& utf8);  // REG_MULTI_SZ
};

class HiveWriter {
 public:
  using Key = size_t;

  // `scratch` is a path for a temporary file, `name` what the header says the hive is called.
  HiveWriter(std::string scratch, std::string_view name, uint64_t filetime);
  HiveWriter(const HiveWriter&) = delete;
  HiveWriter& operator=(const HiveWriter&) = delete;
  ~HiveWriter();

  Key root() const;
  // The key at a path of names parted by backslashes, made where it is not there.
  Key key(Key parent, std::string_view path);
  Key key(std::string_view path) { return key(root(), path); }
  // A key that is not there yet; faster.
  Key new_key(Key parent, const std::string& name);
  // Replaces all values of the key.
  void set(Key key, const std::vector<HiveValue>& values);
  // About how large the hive is by now.
  uint64_t estimated_bytes() const { return estimated_bytes_; }
  // The file. Nothing may be called after it.
  ByteVector finish();

 private:
  std::string scratch_;
  void* hive_;
  uint64_t estimated_bytes_ = 0;
};

}  // namespace mend::brokenpc
