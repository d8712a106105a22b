// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/verify.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "block/file_device.h"
#include "image/bill.h"
#include "image/bmap.h"
#include "image/fat_reader.h"
#include "keys/keyring.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

constexpr uint64_t kPieceBytes = kMiB;
constexpr uint64_t kMaximumBillBytes = 16 * kMiB;

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.substr(0, folder.size()) == folder && path[folder.size()] == '/';
}

// What is made on the stick, or by Windows when the stick is put into a PC.
bool is_of_use(std::string_view path) {
  return lies_in(path, stick::kLogs) || path == stick::kStickId ||
         lies_in(path, "System Volume Information") || lies_in(path, "$RECYCLE.BIN");
}

class Verifier {
 public:
  Verifier(const VerifyRequest& request, Progress& progress)
      : path_(request.path),
        bmap_(request.bmap),
        record_(request.record),
        trusted_(request.trusted),
        progress_(progress) {}

  VerifyReport run() {
    disk_ = block::FileDevice::open(path_, block::Access::kRead);
    check_whole_hash();
    check_partition();
    if (read_volume()) {
      compare_ranges();
      read_record();
      compare_files();
    }
    return std::move(report_);
  }

 private:
  void finding(std::string what) { report_.findings.push_back(std::move(what)); }
  void note(std::string what) { report_.notes.push_back(std::move(what)); }

  crypto::Sha256Digest hash(uint64_t offset, uint64_t size_bytes, const std::string& what) {
    crypto::Sha256 sha;
    hash(sha, offset, size_bytes, what);
    return sha.finish();
  }
  void hash(crypto::Sha256& sha, uint64_t offset, uint64_t size_bytes, const std::string& what) {
    for (uint64_t done = 0; done < size_bytes; done += kPieceBytes) {
      sha.update(disk_->read_bytes(offset + done, std::min(kPieceBytes, size_bytes - done)));
      progress_.step(what, static_cast<double>(done) / static_cast<double>(size_bytes));
    }
  }

  void check_whole_hash() {
    const std::string record = path_ + ".sha256";
    if (disk_->is_block_device() || !is_there(record)) return;
    const ByteVector text = read_file(record, 4096);
    const std::string expected(as_text(text).substr(0, 64));
    if (to_hex(hash(0, disk_->size_bytes(), "hashing " + path_)) == expected) {
      note("every byte is as " + record + " says");
    } else {
      finding(
          fmt::format("the SHA-256 is not the one in {}: the image was changed, or is another one", record));
    }
  }

  // The bill beside the image, and by whom it is signed.
  void read_record() {
    const std::string file = record_.empty() ? path_ + ".bill.json" : record_;
    if (record_.empty() && (disk_->is_block_device() || !is_there(file))) return;
    const trust::SignedFile record = trust::read_signed_file(file, kMaximumBillBytes);
    try {
      note(fmt::format("{}: {}", printable(file), subject_of_bill(as_text(record.text), file)));
      if (record.signature && trust::has_role(trusted_, trust::Role::kBuild))
        note(fmt::format("{}: signed with key {}", printable(file),
                         trust::to_text(require_signed(record, trust::Role::kBuild, trusted_).id)));
    } catch (const Error& error) {
      return finding(error.what());
    }
    record_text_ = record.text;
    record_ = file;
  }

  void check_partition() {
    if (disk_->size_bytes() < 2 * kMiB) return finding("it is too small for an image");
    const ByteVector sector = disk_->read_bytes(0, 512);
    const Bytes entry = slice(Bytes(sector), 446, 16);
    const bool good = read_le<uint16_t>(sector, 510) == 0xAA55 && entry[0] == 0x80 && entry[4] == 0x0C &&
                      read_le<uint32_t>(entry, 8) == kMiB / 512;
    if (!good)
      finding("the partition table is not that of an image: one active FAT32 partition from 1 MiB on");
  }

  bool read_volume() {
    try {
      volume_ = read_fat32(*disk_, kMiB);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;
      finding(error.what());
      return false;
    }
    for (const std::string& fault : volume_.faults) finding("the volume is damaged: " + fault);
    return true;
  }

  // Which ranges of the map hold what they held.
  void compare_ranges() {
    const std::string file = bmap_.empty() ? path_ + ".bmap" : bmap_;
    if (bmap_.empty() && !is_there(file)) return;
    const Bmap map = load_bmap(file);
    if (map.image_bytes > disk_->size_bytes())
      return finding(
          fmt::format("{} is for an image of {}, which does not fit here", file, size_text(map.image_bytes)));
    has_map_ = true;
    uint64_t done = 0;
    for (const BmapRange& range : map.ranges) {
      const uint64_t size = std::min(range.size_bytes(), map.image_bytes - range.offset());
      if (hash(range.offset(), size, "comparing with the map") != range.sha256) changed_.push_back(range);
      done += size;
    }
    if (changed_.empty())
      return note(fmt::format("all {} that {} names are as they were built", size_text(done), file));
    sort_out_changes();
  }

  // Files are compared by the bill, which tells their names; here it is said what else has changed.
  void sort_out_changes() {
    size_t of_use = 0;
    for (const BmapRange& range : changed_) {
      if (range.offset() < kMiB) {
        finding("the boot code before the partition is not the image's");
      } else if (range.offset() < volume_.data_offset || owner_of(range) == nullptr ||
                 owner_of(range)->is_folder) {
        ++of_use;
      }
    }
    if (of_use != 0)
      note(
          "tables, folders or freed blocks of the volume have changed since it was built, as they do by use");
  }

  const FatEntry* owner_of(const BmapRange& range) const {
    for (const FatEntry& entry : volume_.entries) {
      for (const FatEntry::Piece& piece : entry.pieces) {
        if (piece.offset < range.offset() + range.size_bytes() &&
            range.offset() < piece.offset + piece.size_bytes)
          return &entry;
      }
    }
    return nullptr;
  }

  bool is_changed(const FatEntry& entry) const {
    return std::any_of(changed_.begin(), changed_.end(),
                       [&](const BmapRange& range) { return owner_of(range) == &entry; });
  }

  ByteVector bytes_of(const FatEntry& entry) {
    ByteVector bytes;
    for (const FatEntry::Piece& piece : entry.pieces) {
      const ByteVector more = disk_->read_bytes(piece.offset, piece.size_bytes);
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    bytes.resize(static_cast<size_t>(std::min<uint64_t>(bytes.size(), entry.size_bytes)));
    return bytes;
  }

  crypto::Sha256Digest hash_of(const FatEntry& entry) {
    crypto::Sha256 sha;
    uint64_t left = entry.size_bytes;
    for (const FatEntry::Piece& piece : entry.pieces) {
      const uint64_t part = std::min(left, piece.size_bytes);
      hash(sha, piece.offset, part, "hashing " + entry.path);
      left -= part;
    }
    return sha.finish();
  }

  void compare_files() {
    std::map<std::string, const FatEntry*> files;
    for (const FatEntry& entry : volume_.entries) {
      if (!entry.is_folder) files.emplace(entry.path, &entry);
    }
    const auto bill = files.find(std::string(stick::kBill));
    if (bill == files.end())
      return finding(fmt::format("{} is missing: no image of this program", stick::kBill));
    if (is_changed(*bill->second)) return finding(fmt::format("{} differs from the image's", stick::kBill));
    if (bill->second->size_bytes > kMaximumBillBytes)
      return finding(fmt::format("{} is no bill", stick::kBill));
    try {
      const ByteVector own = bytes_of(*bill->second);
      if (record_text_.empty())
        return compare_with(billed_files(as_text(own), std::string(stick::kBill)), files);
      if (own != record_text_)
        finding(fmt::format("it is not of the build that {} records, but: {}", printable(record_),
                            subject_of_bill(as_text(own), std::string(stick::kBill))));
      compare_with(billed_files(as_text(record_text_), record_), files);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;
      finding(error.what());
    }
  }

  // `mendstick keys put` replaces the keyring, and nothing else.
  void check_other_keyring(const FatEntry& entry) {
    try {
      if (entry.size_bytes > keys::kMaximumKeyringBytes)
        return finding("the keyring differs from the image's");
      const keys::Keyring keyring = keys::Keyring::parse(bytes_of(entry), "the keyring on it");
      note(fmt::format("its keyring is another one than it was built with: whole, sealed {} for {}",
                       to_iso8601(keyring.info().sealed), keyring.info().customer));
    } catch (const Error& error) {
      finding(error.what());
    }
  }

  void compare_with(const std::vector<BilledFile>& billed, std::map<std::string, const FatEntry*>& files) {
    for (const BilledFile& file : billed) {
      const auto there = files.find(file.path);
      if (there == files.end()) {
        finding(printable(file.path) + " is missing");
        continue;
      }
      if (there->second->size_bytes != file.size_bytes || hash_of(*there->second) != file.sha256)
        file.path == stick::kKeyring ? check_other_keyring(*there->second)
                                     : finding(printable(file.path) + " differs from the image's");
      files.erase(there);
    }
    const bool has_record = !record_text_.empty();
    note(fmt::format("{} files were compared with the bill{}", billed.size(),
                     has_record ? " of the build"
                     : has_map_ ? ""
                                : " on the stick itself, since there is no record (--record) of its build"));
    files.erase(std::string(stick::kBill));
    for (const auto& [path, entry] : files) {
      if (is_of_use(path)) continue;
      finding(printable(path) + " was added: it is not of the image");
    }
  }

  const std::string path_, bmap_;
  std::string record_;  // its file
  ByteVector record_text_;
  const trust::TrustedKeys& trusted_;
  Progress& progress_;
  VerifyReport report_;
  std::unique_ptr<block::FileDevice> disk_;
  FatContent volume_;
  bool has_map_ = false;
  std::vector<BmapRange> changed_;
};

}  // namespace

VerifyReport verify_stick(const VerifyRequest& request, Progress& progress) {
  return Verifier(request, progress).run();
}

}  // namespace mend::image
