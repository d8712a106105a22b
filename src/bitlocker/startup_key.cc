// SPDX-License-Identifier: GPL-3.0-or-later
// .BEK files: a header of 48 bytes like that of the metadata, then one entry that holds the external key.
#include <algorithm>

#include "base/error.h"
#include "bitlocker/entries.h"
#include "bitlocker/keys.h"

namespace mend::bitlocker {
namespace {

// +0x00 u32 size, +0x04 u32 version 1, +0x08 u32 header size 48, +0x0C u32 size again, +0x10 GUID of the key,
// +0x20 u32 next nonce, +0x24 u32 method 0, +0x28 FILETIME
constexpr size_t kHeaderBytes = 48, kSizeAt = 0x00, kVersionAt = 0x04, kHeaderSizeAt = 0x08,
                 kSizeCopyAt = 0x0C, kGuidAt = 0x10;
constexpr size_t kKeyBytes = 32;

[[noreturn]] void refuse(const char* id, const std::string& what) {
  throw Error(ErrorCode::kUsage, id, "not a usable startup key (.BEK): " + what);
}

bool header_fits(Bytes file) {
  return file.size() >= kHeaderBytes + fve::entry::kHeaderBytes && read_le<uint32_t>(file, kVersionAt) == 1 &&
         read_le<uint32_t>(file, kHeaderSizeAt) == kHeaderBytes &&
         read_le<uint32_t>(file, kSizeAt) == read_le<uint32_t>(file, kSizeCopyAt);
}

struct ExternalKey {
  Guid id;
  std::optional<Guid> volume_guid;
  Secret key;
};

ExternalKey parse_external_key(Bytes data) {
  ExternalKey external;
  external.id = Guid::read(data, 0);
  const Bytes properties = slice(data, fve::entry::kExternalProperties,
                                 data.size() - std::min(data.size(), fve::entry::kExternalProperties));
  for_each_entry(properties, [&](const Entry& property) {
    if (property.value == fve::entry::kKey && external.key.empty()) {
      if (property.data.size() != fve::entry::kKeyData + kKeyBytes)
        refuse("bitlocker.bek.key", "its key has not 256 bits");
      external.key = Secret(property.data.subspan(fve::entry::kKeyData));
    } else if (property.value == fve::entry::kGuid && property.type == fve::entry::kVolumeGuidType) {
      external.volume_guid = Guid::read(property.data, 0);
    }
  });
  return external;
}

}  // namespace

bool looks_like_startup_key(Bytes file) {
  return file.size() <= StartupKey::kMaximumFileBytes && header_fits(file);
}

StartupKey StartupKey::parse(Bytes file) {
  if (file.size() > kMaximumFileBytes) refuse("bitlocker.bek.size", "the file is larger than 64 KiB");
  if (!header_fits(file)) refuse("bitlocker.bek.header", "its header is not that of such a file");
  const uint64_t size = read_le<uint32_t>(file, kSizeAt);
  if (size < kHeaderBytes || size > file.size())
    refuse("bitlocker.bek.truncated",
           "it says it has " + std::to_string(size) + " bytes, the file has " + std::to_string(file.size()));
  ExternalKey external;
  try {
    for_each_entry(slice(file, kHeaderBytes, size - kHeaderBytes), [&](const Entry& entry) {
      if (entry.type == fve::entry::kStartupKey && entry.value == fve::entry::kExternalKey &&
          external.key.empty())
        external = parse_external_key(entry.data);
    });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUsage) throw;
    refuse("bitlocker.bek.entry", error.what());
  }
  if (external.key.empty()) refuse("bitlocker.bek.no_key", "there is no key in it");
  if (external.id != Guid::read(file, kGuidAt)) refuse("bitlocker.bek.guid", "it names two different keys");
  return StartupKey(external.id, external.volume_guid, std::move(external.key));
}

}  // namespace mend::bitlocker
