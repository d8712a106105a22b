// SPDX-License-Identifier: GPL-3.0-or-later
// The base: all that is the same on every stick of one release, made once and shared by the images of all
// customers. A directory with the signed boot chain and kernel out of the distribution's packages, our
// initramfs, the BIOS boot code, the menu's template, and base.json, which lists them with their hashes.
// `mendstick` makes and opens it; image building takes values from it and copies files. Nothing here knows a
// customer. Needs no root, and changes nothing on this machine outside of the cache and the named directory.
//
// Invariants
//   IB-1  The same packages and the same parts give the same bytes, wherever and whenever they are put
//   together. IB-2  The directory appears when it is whole and on the disk, or not at all. IB-3  open_base()
//   returns a base only when every file has the size and hash that base.json says. IB-4  What comes from a
//   package was checked against the hash in the distribution's signed lists.
// Values; files are read when they are needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "image/progress.h"

namespace mend::image {

struct BaseFile {
  std::string path_on_stick;  // such as "EFI/BOOT/BOOTX64.EFI"
  std::string file;           // its name in the base's directory
  uint64_t size_bytes = 0;
  crypto::Sha256Digest sha256{};
  std::shared_ptr<const ByteVector> held;  // its content, once hold_in_memory() was called
};

// How a package comes to be on the stick.
enum class PackageUse {
  kUnpacked,  // files of it are on the stick as they are
  kTool,      // it made something that is on the stick
  kLinked,    // it is linked into `mend` or `init`
  kShell,     // files of it are on the sticks whose profile asks for a shell
};
std::string_view to_string(PackageUse use);

struct PackageRecord {
  std::string name, version, architecture;
  std::string sha256;    // of the .deb, 64 hexadecimal digits; empty for kLinked
  std::string licences;  // names of SPDX where one is known, joined by " AND "; empty: not told
  PackageUse use = PackageUse::kUnpacked;
};

struct Base {
  std::string directory;
  std::string kernel_version;           // such as "6.12.117+deb12-amd64"
  std::vector<BaseFile> files;          // shim, GRUB, mmx64.efi, kernel, initramfs, shell; by path_on_stick
  ByteVector boot_sector_code;          // 440 bytes for the MBR; it looks for the core at LBA 1
  ByteVector bios_core;                 // for LBA 1 on; whole sectors, ends before 1 MiB
  std::string menu_template;            // for fill_menu() in image/grub.h
  std::vector<PackageRecord> packages;  // by name
  crypto::Sha256Digest sha256{};        // over all of the above but the directory
};

struct BaseRequest {
  std::string parts;                     // directory: mend, init, components.txt and the files of image/
  std::string cache;                     // directory; is made when it is not there. Empty: default_cache()
  std::vector<std::string> apt_options;  // such as "Acquire::http::Proxy=…", given to apt with -o
};

// $XDG_CACHE_HOME/mendstick, or ~/.cache/mendstick. kUsage "image.base.home" when neither variable is set.
std::string default_cache();

// Downloads what is not in the cache, and makes a base in `directory`, which must not be there yet (kRefused
// "image.base.exists"). kNotFound and kIo name what is missing and what to do.
Base make_base(const BaseRequest& request, const std::string& directory, Progress& progress);

// The base of these parts and of the newest packages, in the cache: made when it is not there yet.
Base base_in_cache(const BaseRequest& request, Progress& progress);

// kNotFound "image.base.open", kCorrupt "image.base.…" (IB-3).
Base open_base(const std::string& directory);

// Reads the files of the base once for the many images that are made of it. kIo; kCorrupt
// "image.base.changed".
void hold_in_memory(Base& base);

}  // namespace mend::image
