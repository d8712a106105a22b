// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/hive.h"

#include <fmt/format.h>
#include <hivex.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace mend::windows {
namespace {

// Base block, 4096 bytes.
constexpr uint64_t kSequence1 = 0x04;  // u32, raised before a write
constexpr uint64_t kSequence2 = 0x08;  // u32, made equal after it
constexpr uint64_t kMajor = 0x14;      // u32, 1
constexpr uint64_t kDataBytes = 0x28;  // u32, of all pages together
constexpr uint64_t kChecksum = 0x1fc;  // u32, XOR of the 127 words before it
constexpr uint64_t kBaseBytes = 0x1000;

// A page ("hbin"): magic at 0, its offset within the data area at 4, its size at 8.
constexpr uint64_t kPageUnit = 0x1000;

// hivex 1.3.23 reads the fields of some records before it compares their size with their cell's, and the list
// of a large value (up to 65,535 entries of 4 bytes) without. Behind the last page it finds zeros, not our
// memory.
constexpr uint64_t kPaddingBytes = 1 << 20;

constexpr size_t kLargestValue = 64 * 1024;
constexpr size_t kLongestText = 256;  // UTF-16 units

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using Allocated = std::unique_ptr<T, Free>;

uint32_t checksum_of(Bytes base) {
  uint32_t sum = 0;
  for (uint64_t at = 0; at < kChecksum; at += 4) sum ^= read_le<uint32_t>(base, at);
  return sum;
}

// Windows stores 0 as 1 and -1 as -2.
bool checksum_fits(Bytes base) {
  const uint32_t sum = checksum_of(base);
  const uint32_t meant = sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
  return read_le<uint32_t>(base, kChecksum) == meant;
}

bool same_name(const char* a, std::string_view b) {
  return lower_ascii(a) == lower_ascii(b);
}

// Where the pages stop being pages, counted from the start of the data area.
uint64_t whole_pages_bytes(const HiveMemory& memory, uint64_t data_bytes) {
  uint64_t at = 0;
  while (at < data_bytes) {
    const ByteVector page = memory.read(kBaseBytes + at, 12);
    const uint64_t size = read_le<uint32_t>(page, 8);
    if (as_text(slice(Bytes(page), 0, 4)) != "hbin" || read_le<uint32_t>(page, 4) != at || size == 0 ||
        size % kPageUnit != 0 || size > data_bytes - at) {
      break;
    }
    at += size;
  }
  return at;
}

void put_base(HiveMemory& memory, ByteVector& base) {
  write_le<uint32_t>(base, kChecksum, checksum_of(base));  // as hivex counts it
  memory.put(0, base);
}

// Makes the base block one that hivex takes.
HiveState prepare(HiveMemory& memory, ByteVector& base) {
  if (memory.size_bytes() < 2 * kBaseBytes || as_text(slice(Bytes(base), 0, 4)) != "regf") {
    throw Error(ErrorCode::kCorrupt, "windows.hive.magic", "it is not a registry hive");
  }
  if (read_le<uint32_t>(base, kMajor) != 1) {
    throw Error(ErrorCode::kCorrupt, "windows.hive.version",
                "it is a registry hive of a version that is not known");
  }
  HiveState state;
  state.sequence1 = read_le<uint32_t>(base, kSequence1);
  state.sequence2 = read_le<uint32_t>(base, kSequence2);
  state.dirty = state.sequence1 != state.sequence2;
  state.checksum_wrong = !checksum_fits(base);
  const uint64_t data_bytes = read_le<uint32_t>(base, kDataBytes);
  state.cut = memory.size_bytes() - kBaseBytes < data_bytes;
  const uint64_t end = align_up(memory.size_bytes(), kPageUnit);
  memory.resize(end + kPaddingBytes);
  const uint64_t room = std::min<uint64_t>(end - kBaseBytes, UINT32_MAX - UINT32_MAX % kPageUnit);
  if (data_bytes > room) write_le<uint32_t>(base, kDataBytes, static_cast<uint32_t>(room));
  put_base(memory, base);
  return state;
}

}  // namespace

struct Hive::Handle {
  explicit Handle(hive_h* opened) : hive(opened) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { hivex_close(hive); }
  hive_h* hive;
};

Hive::Hive(HiveMemory& memory) {
  ByteVector base = memory.read(0, kBaseBytes);
  state_ = prepare(memory, base);
  hive_h* hive = hivex_open(memory.path().c_str(), 0);
  if (!hive) {
    // Something in the pages is wrong. Keep the pages before it, and let hivex skip what it can.
    state_.cut = true;
    const uint64_t whole = whole_pages_bytes(memory, read_le<uint32_t>(base, kDataBytes));
    write_le<uint32_t>(base, kDataBytes, static_cast<uint32_t>(whole));
    put_base(memory, base);
    hive = hivex_open(memory.path().c_str(), HIVEX_OPEN_UNSAFE);
  }
  if (!hive) {
    throw Error(ErrorCode::kCorrupt, "windows.hive.open",
                fmt::format("it is damaged: {}", std::strerror(errno)));
  }
  handle_ = std::make_unique<Handle>(hive);
}

Hive::~Hive() = default;

std::optional<Hive::Found> Hive::find(std::string_view key, std::string_view value) {
  hive_h* const hive = handle_->hive;
  hive_node_h node = hivex_root(hive);
  while (node != 0 && !key.empty()) {
    const std::string_view part = key.substr(0, key.find('\\'));
    key.remove_prefix(std::min(key.size(), part.size() + 1));
    const Allocated<hive_node_h> children(hivex_node_children(hive, node));
    node = 0;
    for (const hive_node_h* child = children.get(); child && *child != 0 && node == 0; ++child) {
      const Allocated<char> name(hivex_node_name(hive, *child));
      if (name && same_name(name.get(), part)) node = *child;
    }
  }
  if (node == 0) return std::nullopt;
  const Allocated<hive_value_h> values(hivex_node_values(hive, node));
  for (const hive_value_h* one = values.get(); one && *one != 0; ++one) {
    const Allocated<char> name(hivex_value_key(hive, *one));
    if (!name || !same_name(name.get(), value)) continue;
    hive_type type{};
    size_t length = 0;
    if (hivex_value_type(hive, *one, &type, &length) != 0 || length > kLargestValue) return std::nullopt;
    const Allocated<char> bytes(hivex_value_value(hive, *one, &type, &length));
    if (!bytes) return std::nullopt;
    const Bytes content = as_bytes({bytes.get(), length});
    return Found{static_cast<uint32_t>(type), ByteVector(content.begin(), content.end())};
  }
  return std::nullopt;
}

std::optional<std::string> Hive::string(std::string_view key, std::string_view value) {
  const std::optional<Found> found = find(key, value);
  if (!found || (found->type != hive_t_REG_SZ && found->type != hive_t_REG_EXPAND_SZ)) return std::nullopt;
  const size_t even = std::min(found->bytes.size() / 2, kLongestText) * 2;
  std::u16string text = utf16_from_le(slice(Bytes(found->bytes), 0, even));
  text.resize(std::min(text.size(), text.find(u'\0')));
  return to_utf8(text);
}

std::optional<uint32_t> Hive::dword(std::string_view key, std::string_view value) {
  const std::optional<Found> found = find(key, value);
  if (!found || found->type != hive_t_REG_DWORD || found->bytes.size() != 4) return std::nullopt;
  return read_le<uint32_t>(found->bytes, 0);
}

}  // namespace mend::windows
