// SPDX-License-Identifier: GPL-3.0-or-later
// Makes the disk of a Windows PC that an update has broken: an image to rehearse on, for the demo, the
// tests and technicians. GPT (or MBR, or a bare volume), ESP, MSR, a Windows volume in NTFS with hives and
// the files of the incident of 19 July 2024, a recovery partition; BitLocker over the Windows volume unless
// told otherwise. The BitLocker writer shares no code with src/bitlocker, so that each proves the other.
// Needs mkntfs (ntfs-3g), mkfs.fat (dosfstools) and mtools on PATH; no root, no loop device, no mount.
//
// Invariants
//   P-1  The same options with the same seed give the same bytes; neither clock nor machine matters.
//   P-2  The image is sparse. Encryption covers the used clusters, as "used space only" of Windows does:
//        what was never used stays zero on disk and decrypts to noise. `encrypt_all` covers everything.
//   P-3  On an error no image is left behind.
// The caller owns the files that are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/guid.h"

namespace mend::brokenpc {

enum class Table { kGpt, kMbr, kMbrLogical, kBare };
// The low word is the method's number in the FVE metadata.
enum class Method : uint16_t {
  kCbc128Elephant = 0x8000,
  kCbc256Elephant = 0x8001,
  kCbc128 = 0x8002,
  kCbc256 = 0x8003,
  kXts128 = 0x8004,
  kXts256 = 0x8005,
};
enum class Hives { kSmall, kReal };
enum class Log {
  kClean,      // restart pages of version 1.1 with the clean flag, as Windows leaves them
  kUnclean,    // version 2.0, not closed, nothing to replay: Windows stopped while idle
  kUnclean11,  // the same as Windows 7 left it
  kEmpty,      // all 0xFF, as after a wipe
};
// What hiberfil.sys begins with.
enum class Hibernation {
  kNone,         // zeros: shut down
  kLower,        // hibr
  kUpper,        // HIBR
  kRestore,      // RSTR
  kWake,         // wake
  kFastStartup,  // HIBR, of a shutdown with fast startup
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): grouped by meaning; there is one of it
struct Options {
  std::string output;                       // the image; an existing file is replaced
  uint64_t size_bytes = uint64_t{2} << 30;  // of the whole image, 16 MiB at least (80 MiB with a table)
  uint32_t sector_bytes = 512;              // 512 or 4096
  uint32_t cluster_bytes = 4096;            // of the Windows volume
  Table table = Table::kGpt;
  std::optional<uint64_t> seed;  // drawn by lot when not given

  bool encrypt = true;
  Method method = Method::kXts128;
  std::vector<std::string> recovery_passwords;  // 48 digits each; one is derived from the seed when empty
  bool recovery_protector = true;               // false: none at all
  std::vector<std::string> passwords;           // UTF-8
  std::string startup_key_file;                 // a .BEK is written here
  bool startup_key_windows11 = false;           // 180 bytes with a GUID entry instead of 156
  bool clear_key = false;                       // protection suspended
  bool tpm_protector = true;                    // a protector that no TPM can open
  bool encrypt_all = false;  // every cluster, not only the used ones; the image is not sparse then

  std::string host = "PC-0147";
  Hives hives = Hives::kSmall;
  bool incident = true;        // false: the channel files are the repaired ones
  unsigned bad_files = 1;      // faulty channel files, up to 30
  uint64_t extra_files = 0;    // spread over directories of 1,000
  uint64_t big_directory = 0;  // names in one directory, Windows\Installer\$PatchCache$
  Log log = Log::kUnclean;
  // The power went before this write of a page (Crash); kUnclean and kUnclean11 say in which version.
  std::optional<uint64_t> crash_at;
  bool dirty = false;  // the dirty flag of $Volume
  Hibernation hibernation = Hibernation::kNone;

  std::string keep_plain;  // a copy of the Windows volume as it was before encryption, sparse
};

struct Partition {
  uint32_t number = 0;  // as Linux counts; 0 for a bare volume
  std::string role;     // "esp", "msr", "windows", "recovery", "system"
  uint64_t offset = 0;  // bytes
  uint64_t size_bytes = 0;
  Guid type;  // zero without GPT
  Guid id;
};

struct Protector {
  Guid id;
  std::string type;    // "recovery-password", "password", "startup-key", "clear-key", "tpm"
  std::string secret;  // what opens it: the 48 digits, the password, the path of the .BEK; or nothing
};

struct MadeFile {
  std::string path;  // "Windows\System32\ntoskrnl.exe", UTF-8
  uint64_t size_bytes = 0;
  Time modified;
  std::string sha256;  // of the unnamed stream, hexadecimal
  std::string note;  // "channel-bad", "channel-good", "wof", "compressed", "sparse", "hard-link"; or nothing
};

struct Made {
  std::string path;
  uint64_t size_bytes = 0;
  uint32_t sector_bytes = 0;
  uint64_t seed = 0;
  Table table = Table::kGpt;
  Guid disk_guid;
  uint32_t mbr_signature = 0;
  std::vector<Partition> partitions;
  size_t windows = 0;  // index of the Windows volume in `partitions`
  std::string host;
  std::string product;  // as it stands in the hive
  uint32_t build = 0;
  uint32_t ubr = 0;

  bool encrypted = false;
  Method method = Method::kXts128;
  Guid volume_guid;  // of the FVE metadata
  std::string description;
  std::vector<uint64_t> metadata_offsets;  // three, from the volume's start
  uint64_t header_offset = 0;              // where the volume header was moved to
  uint64_t header_bytes = 0;
  std::vector<Protector> protectors;

  std::vector<MadeFile> files;  // all but the extra ones, and those of a crash
  struct Stopped {
    uint64_t writes = 0, operations = 0, committed = 0;
  };
  std::optional<Stopped> crash;
  uint64_t extra_files = 0;

  const Partition& windows_partition() const { return partitions[windows]; }
  // The first secret of that type, or an empty text.
  std::string secret(const std::string& type) const;
};

std::string_view to_string(Method method);
std::optional<Method> parse_method(std::string_view text);

// Makes the image. kUsage: options that contradict each other or a key that is none; kNotFound: a program is
// missing; kIo: the file system of the image refused.
Made make(const Options& options);

}  // namespace mend::brokenpc
