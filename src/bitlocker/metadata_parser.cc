// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/metadata_parser.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "bitlocker/entries.h"

namespace mend::bitlocker {
namespace {

namespace at = fve::block;

[[noreturn]] void corrupt(const char* id, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, id, what);
}

std::string hex(uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + digits;
}

ProtectorType protector_type(uint16_t code) {
  switch (code) {
    case 0x0000:
      return ProtectorType::kClearKey;
    case 0x0100:
      return ProtectorType::kTpm;
    case 0x0200:
      return ProtectorType::kStartupKey;
    case 0x0300:
      return ProtectorType::kTpmStartupKey;
    case 0x0500:
      return ProtectorType::kTpmPin;
    case 0x0700:
      return ProtectorType::kTpmPinStartupKey;
    case 0x0800:
      return ProtectorType::kRecoveryPassword;
    case 0x1000:
      return ProtectorType::kPublicKey;
    case 0x2000:
      return ProtectorType::kPassword;
    default:
      return ProtectorType::kOther;
  }
}

Method method_of(uint32_t stored) {
  const uint16_t code = stored & 0xFFFF;  // Windows 10 stores something else above
  return code >= 0x8000 && code <= 0x8005 ? Method{code} : Method::kUnknown;
}

// UTF-16 up to the first zero, fit for a terminal.
std::string text_of(Bytes data) {
  std::u16string text = utf16_from_le(data.first(data.size() & ~size_t{1}));
  text.resize(std::min(text.find(u'\0'), text.size()));
  return printable(to_utf8(text));
}

void parse_property(Protector& protector, const Entry& property) {
  switch (property.value) {
    case fve::entry::kText:
      if (protector.info.name.empty()) protector.info.name = text_of(property.data);
      return;
    case fve::entry::kStretchKey:
      if (!protector.salt) {
        const Bytes salt = slice(property.data, fve::entry::kSalt, 16);
        std::copy(salt.begin(), salt.end(), protector.salt.emplace().begin());
      }
      return;
    case fve::entry::kSealedKey:
      if (!protector.sealed_vmk) protector.sealed_vmk = parse_sealed_key(property.data);
      return;
    case fve::entry::kKey:
      if (!protector.clear_key && property.data.size() > fve::entry::kKeyData)
        protector.clear_key = std::make_shared<const Secret>(property.data.subspan(fve::entry::kKeyData));
      return;
    default:
      return;  // times, hints, certificates
  }
}

Protector parse_protector(Bytes data) {
  Protector protector;
  protector.info.id = Guid::read(data, 0);
  protector.info.type_code = read_le<uint16_t>(data, fve::entry::kVmkProtection);
  protector.info.type = protector_type(protector.info.type_code);
  for_each_entry(data.subspan(fve::entry::kVmkProperties),
                 [&](const Entry& property) { parse_property(protector, property); });
  return protector;
}

bool overlap(const Region& a, const Region& b) {
  return a.length != 0 && b.length != 0 && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

std::string state_text(uint16_t state) {
  switch (state) {
    case fve::kDecrypted:
      return "decrypted";
    case fve::kConverting:
      return "being encrypted or decrypted";
    case fve::kEncryptOnWrite:
      return "encrypt on write";
    case fve::kEncrypted:
      return "encrypted";
    case fve::kConversionPaused:
      return "encryption or decryption paused";
    default:
      return "unknown state " + std::to_string(state);
  }
}

constexpr const char* kFinishInWindows =
    "; connect the disk to a PC with Windows, unlock the volume there and let the conversion finish "
    "(manage-bde -status shows it), or decrypt it";

}  // namespace

uint64_t MetadataParser::region_bytes() const {
  if (boot_.layout != Layout::kVista) return fve::kRegionBytes;
  return align_up(fve::kVistaRegionBytes, boot_.cluster_bytes);
}

void MetadataParser::check_place(uint64_t offset) const {
  if (offset % boot_.sector_bytes != 0)
    corrupt("bitlocker.fve.aligned", "its offset is no multiple of the sector size");
  if (offset < fve::boot::kBytes) corrupt("bitlocker.fve.zero", "no offset is given");
  if (!fits(offset, region_bytes(), device_bytes_))
    corrupt("bitlocker.fve.place",
            "it would reach past the end of the volume (" + std::to_string(device_bytes_) + " bytes)");
}

std::array<uint64_t, 3> MetadataParser::offsets_in(Bytes block) {
  std::array<uint64_t, 3> offsets{};
  for (size_t i = 0; i < offsets.size(); ++i)
    offsets[i] = read_le<uint64_t>(block, at::kOffsets + i * sizeof(uint64_t));
  return offsets;
}

// The block alone, after signature, version, size and CRC.
Bytes MetadataParser::checked_block(Bytes region) const {
  if (!equal(slice(region, at::kSignature, fve::kSignature.size()), as_bytes(fve::kSignature)))
    corrupt("bitlocker.fve.signature", "no signature there");
  const uint16_t version = read_le<uint16_t>(region, at::kVersion);
  if (version != 1 && version != 2)
    throw Error(ErrorCode::kUnsupported, "bitlocker.version",
                "BitLocker metadata of version " + std::to_string(version) + ", which is not known");
  if ((version == 1) != (boot_.layout == Layout::kVista))
    corrupt("bitlocker.fve.version",
            "metadata version " + std::to_string(version) + " does not fit the first sector");
  const size_t size = size_t{read_le<uint16_t>(region, at::kSize)} * (version == 2 ? 16 : 1);
  const size_t validation = version == 2 ? at::kValidationBytesVersion2 : at::kValidationBytesVersion1;
  if (size < at::kEntries || !fits(size, validation, region.size()))
    corrupt("bitlocker.fve.size", "impossible size of " + std::to_string(size) + " bytes");
  const Bytes block = region.first(size);
  const uint32_t stored = read_le<uint32_t>(region, size + at::kValidationCrc);
  if (crc32(block) != stored) corrupt("bitlocker.fve.crc", "wrong checksum");
  return block;
}

void MetadataParser::parse_header(Metadata& metadata, Bytes block) const {
  metadata.version_ = read_le<uint16_t>(block, at::kVersion);
  metadata.layout_ = boot_.layout;
  metadata.sector_bytes_ = boot_.sector_bytes;
  metadata.block_hash_ = crypto::sha256(block);
  const uint32_t size = read_le<uint32_t>(block, at::kMetadataSize);
  if (read_le<uint32_t>(block, at::kMetadataVersion) != 1 ||
      read_le<uint32_t>(block, at::kMetadataHeaderSize) != at::kMetadataHeaderBytes ||
      size < at::kMetadataHeaderBytes || !fits(at::kMetadata, size, block.size())) {
    corrupt("bitlocker.fve.header", "its metadata header is not of the known form");
  }
  metadata.volume_guid_ = Guid::read(block, at::kVolumeGuid);
  metadata.method_ = method_of(read_le<uint32_t>(block, at::kMethod));
  metadata.created_ = from_filetime(read_le<uint64_t>(block, at::kCreated));
  if (metadata.version_ == 1) {
    metadata.vista_mft_mirror_cluster_ = read_le<uint64_t>(block, at::kMftMirrorCluster);
    // A partition may end before the last sector, which holds nothing but the copy of the first.
    const uint64_t whole = boot_.vista_volume_bytes;
    const bool last_missing = device_bytes_ < whole && whole - device_bytes_ <= boot_.sector_bytes;
    metadata.encrypted_bytes_ = last_missing ? whole - boot_.sector_bytes : whole;
  } else {
    metadata.encrypted_bytes_ = read_le<uint64_t>(block, at::kEncryptedBytes);
    const uint64_t sectors = read_le<uint32_t>(block, at::kMovedHeaderSectors);
    metadata.moved_header_ = {read_le<uint64_t>(block, at::kMovedHeaderOffset), sectors * boot_.sector_bytes};
  }
}

void MetadataParser::parse_validation(Metadata& metadata, Bytes region, size_t block_bytes) const {
  if (metadata.version_ == 1) return;
  const Bytes validation =
      slice(region, block_bytes + at::kValidationEntry, at::kValidationBytesVersion2 - at::kValidationEntry);
  for_each_entry(validation, [&](const Entry& entry) {
    if (entry.value == fve::entry::kSealedKey && !metadata.sealed_hash_)
      metadata.sealed_hash_ = parse_sealed_key(entry.data);
  });
}

void MetadataParser::parse_entries(Metadata& metadata, Bytes block) const {
  const uint32_t size = read_le<uint32_t>(block, at::kMetadataSize);
  const Bytes entries = slice(block, at::kEntries, size - at::kMetadataHeaderBytes);
  for_each_entry(entries, [&](const Entry& entry) {
    if (entry.type == fve::entry::kVmk && entry.value == fve::entry::kVmkValue) {
      metadata.protectors_.push_back(parse_protector(entry.data));
      metadata.infos_.push_back(metadata.protectors_.back().info);
    } else if (entry.type == fve::entry::kFvek && entry.value == fve::entry::kSealedKey &&
               !metadata.sealed_fvek_) {
      metadata.sealed_fvek_ = parse_sealed_key(entry.data);
    } else if (entry.type == fve::entry::kDescription && entry.value == fve::entry::kText &&
               metadata.description_.empty()) {
      metadata.description_ = text_of(entry.data);
    } else if (entry.type == fve::entry::kMovedHeader && entry.value == fve::entry::kOffsetAndSize &&
               metadata.version_ == 2) {
      // Says the same as the block's header, in bytes, and wins where it is there, as it does in Windows.
      metadata.moved_header_ = {read_le<uint64_t>(entry.data, 0), read_le<uint64_t>(entry.data, 8)};
    }
  });
}

// Places that the plaintext view takes apart: none may leave the volume, none may overlap another.
void MetadataParser::check_geometry(Metadata& metadata, Bytes block) const {
  const uint64_t sector = boot_.sector_bytes;
  std::vector<Region>& regions = metadata.regions_;
  for (uint64_t offset : offsets_in(block)) {
    check_place(offset);
    regions.push_back({offset, region_bytes()});
  }
  Region start{
      0, fve::kVistaClearSectors * sector};  // what lies at the volume's start and is not ciphertext of it
  if (metadata.version_ == 2) {
    const Region& moved = metadata.moved_header_;
    if (moved.length == 0 || moved.offset % sector != 0 || moved.length % sector != 0 ||
        !fits(moved.offset, moved.length, device_bytes_)) {
      corrupt("bitlocker.fve.moved_header", "impossible place or size of the moved volume header");
    }
    regions.push_back(moved);
    start.length = moved.length;
  }
  std::sort(regions.begin(), regions.end(),
            [](const Region& a, const Region& b) { return a.offset < b.offset; });
  for (size_t i = 0; i < regions.size(); ++i) {
    if (overlap(regions[i], start) || (i != 0 && overlap(regions[i - 1], regions[i])))
      corrupt("bitlocker.fve.overlap", "it names regions that overlap");
  }
}

std::optional<Unsupported> MetadataParser::find_obstacle(const Metadata& metadata, Bytes block) const {
  if (boot_.header_guid && *boot_.header_guid == fve::kEncryptOnWriteHeaderGuid)
    return Unsupported{
        "bitlocker.encrypt_on_write",
        std::string("the volume is in BitLocker's encrypt-on-write mode: parts of it are encrypted and "
                    "parts are not, and only Windows knows which") +
            kFinishInWindows};
  if (boot_.header_guid && *boot_.header_guid != fve::kHeaderGuid)
    return Unsupported{
        "bitlocker.header_guid",
        "the volume's first sector carries the unknown BitLocker GUID " + boot_.header_guid->to_string()};
  const uint16_t state = read_le<uint16_t>(block, at::kState);
  const uint16_t next = read_le<uint16_t>(block, at::kNextState);
  if (state == fve::kConversionPaused)
    return Unsupported{
        "bitlocker.state.paused",
        std::string("encryption or decryption of the volume is paused half-way") + kFinishInWindows};
  if (state != fve::kEncrypted || next != fve::kEncrypted)
    return Unsupported{"bitlocker.state.converting",
                       "the volume is not fully encrypted (now: " + state_text(state) +
                           ", next: " + state_text(next) + ")" + kFinishInWindows};
  if (metadata.method() == Method::kUnknown)
    return Unsupported{"bitlocker.method", "unknown encryption method " +
                                               hex(read_le<uint32_t>(block, at::kMethod)) +
                                               " (it may be encrypted by the drive's own hardware)"};
  return std::nullopt;
}

void MetadataParser::judge(Metadata& metadata, Bytes block) const {
  metadata.unsupported_ = find_obstacle(metadata, block);
  if (metadata.unsupported_) return;
  const uint64_t size = metadata.encrypted_bytes_;
  if (size % boot_.sector_bytes != 0 || size > device_bytes_) {
    metadata.unsupported_ = Unsupported{
        "bitlocker.size", "the metadata speaks of " + std::to_string(size) +
                              " encrypted bytes, but the volume has " + std::to_string(device_bytes_) +
                              ": it was cut short, or the partition table is not the one it was made with"};
    return;
  }
  for (const Region& region : metadata.regions_) {
    if (fits(region.offset, region.length, size)) continue;
    metadata.unsupported_ = Unsupported{"bitlocker.size.regions",
                                        "BitLocker's own regions lie beyond the " + std::to_string(size) +
                                            " bytes that the metadata says are encrypted"};
    return;
  }
}

Metadata MetadataParser::parse(Bytes region, int index, uint64_t offset) const {
  const Bytes block = checked_block(region);
  if (offsets_in(block)[static_cast<size_t>(index)] != offset)
    corrupt("bitlocker.fve.elsewhere", "it says that it belongs to another place");
  Metadata metadata;
  metadata.copy_used_ = index;
  parse_header(metadata, block);
  parse_validation(metadata, region, block.size());
  parse_entries(metadata, block);
  check_geometry(metadata, block);
  judge(metadata, block);
  return metadata;
}

}  // namespace mend::bitlocker
