// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/put.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "block/file_device.h"
#include "image/bmap.h"
#include "image/fat_replace.h"
#include "image/output_file.h"
#include "profile/accept.h"
#include "profile/profile.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

constexpr uint64_t kPieceBytes = kMiB;

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string check_device(const PutRequest& request) {
  struct stat status {};
  if (::stat(request.target.c_str(), &status) != 0 || !S_ISBLK(status.st_mode))
    return printable(request.target);
  const disk::Identity identity = check_target(request.roots, major(status.st_rdev), minor(status.st_rdev),
                                               printable(request.target), request.serial);
  return fmt::format("{} ({} {}, {})", printable(request.target), identity.vendor, identity.model,
                     size_text(identity.size_bytes));
}

// One of the texts that each stick has.
ByteVector read_text(block::BlockReader& disk, const FatContent& volume, std::string_view path) {
  const auto file = std::find_if(volume.entries.begin(), volume.entries.end(),
                                 [&](const FatEntry& entry) { return entry.path == path; });
  if (file == volume.entries.end() || file->size_bytes > profile::kMaximumBytes || file->pieces.size() != 1)
    throw Error(ErrorCode::kRefused, "image.put.image",
                disk.describe() + " is no stick and no image of this program");
  return disk.read_bytes(file->pieces.front().offset, file->size_bytes);
}

// PU-2.
void check_accepted(block::BlockReader& disk, const FatContent& volume, const keys::Keyring& keyring) {
  const profile::ImageInfo image = profile::parse_image_info(
      as_text(read_text(disk, volume, stick::kImageInfo)), std::string(stick::kImageInfo));
  if (image.customer != keyring.info().customer)
    throw Error(ErrorCode::kRefused, "image.put.customer",
                fmt::format("the keyring is of {}, and {} is for {}; nothing was changed",
                            keyring.info().customer, disk.describe(), image.customer));
  const profile::Profile profile = profile::parse(as_text(read_text(disk, volume, stick::kProfile)),
                                                  disk.describe() + ", " + std::string(stick::kProfile));
  profile::require_accepted(profile, keyring.info(), "the keyring");
}

crypto::Sha256Digest hash(block::BlockReader& disk, uint64_t offset, uint64_t size_bytes) {
  crypto::Sha256 sha;
  for (uint64_t done = 0; done < size_bytes; done += kPieceBytes)
    sha.update(disk.read_bytes(offset + done, std::min(kPieceBytes, size_bytes - done)));
  return sha.finish();
}

// The ranges of the old map, and the blocks of the new content that none of them has.
void renew_map(block::BlockReader& image, const std::string& path,
               const std::vector<FatEntry::Piece>& pieces) {
  Bmap map = load_bmap(path);
  std::vector<bool> named(static_cast<size_t>(align_up(image.size_bytes(), kBlockBytes) / kBlockBytes));
  for (const BmapRange& range : map.ranges)
    for (uint64_t block = range.first_block; block <= range.last_block; ++block) named.at(block) = true;
  for (const FatEntry::Piece& piece : pieces) {
    for (uint64_t block = piece.offset / kBlockBytes; block * kBlockBytes < piece.offset + piece.size_bytes;
         ++block) {
      if (named.at(block)) continue;
      named.at(block) = true;
      map.ranges.push_back({block, block, {}});
    }
  }
  std::sort(map.ranges.begin(), map.ranges.end(),
            [](const BmapRange& a, const BmapRange& b) { return a.first_block < b.first_block; });
  for (BmapRange& range : map.ranges)
    range.sha256 =
        hash(image, range.offset(), std::min(range.size_bytes(), image.size_bytes() - range.offset()));
  write_text(path, to_xml(map)).commit();
}

void renew_beside(block::BlockReader& image, const std::string& path,
                  const std::vector<FatEntry::Piece>& pieces, Progress& progress) {
  progress.step("hashing " + path, -1);
  if (is_there(path + ".bmap")) renew_map(image, path + ".bmap", pieces);
  if (!is_there(path + ".sha256")) return;
  const std::string name = path.substr(path.rfind('/') + 1);
  write_text(path + ".sha256", fmt::format("{}  {}\n", to_hex(hash(image, 0, image.size_bytes())), name))
      .commit();
}

}  // namespace

PutResult put_keyring(const PutRequest& request, const keys::Keyring& keyring, Progress& progress) {
  PutResult result{check_device(request)};
  const auto disk = block::FileDevice::open(request.target, block::Access::kReadWrite);
  FatContent volume = read_fat32(*disk, kMiB);
  check_accepted(*disk, volume, keyring);
  progress.step("writing the keyring to " + result.target, -1);
  const auto pieces = replace_file(*disk, std::move(volume), std::string(stick::kKeyring), keyring.bytes());
  if (!disk->is_block_device()) renew_beside(*disk, request.target, pieces, progress);
  return result;
}

}  // namespace mend::image
