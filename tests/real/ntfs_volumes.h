// SPDX-License-Identifier: GPL-3.0-or-later
// The volumes in ../shared/data that need a replay, unpacked into memory, and those that they were made of.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include "ntfs/check.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"

namespace mend::test {

inline const std::filesystem::path kData = "../shared/data";

// What a command writes to its standard output.
inline ByteVector output_of(const std::string& command) {
  ByteVector out;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  ByteVector piece(1 << 16);
  for (size_t got; (got = std::fread(piece.data(), 1, piece.size(), pipe)) != 0;)
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(got));
  INFO(command);
  REQUIRE(::pclose(pipe) == 0);
  return out;
}

inline bool have_data() {
  return need_data(kData / "unclean-logs") && need_program("xz") && need_program("bzip2") &&
         need_program("python3");
}

inline ByteVector unclean(const std::string& name) {
  return output_of("xz -dc " + (kData / "unclean-logs" / (name + ".img.xz")).string());
}

inline ByteVector unzip(const std::string& name, const std::string& member) {
  return output_of(
      "python3 -c 'import sys,zipfile; "
      "sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' " +
      (kData / "volumes" / name).string() + " '" + member + "'");
}

inline ByteVector base(const std::string& name) {
  const std::string volumes = (kData / "volumes").string() + "/";
  if (name == "charlie") return output_of("bzip2 -dc " + volumes + "charlie.dd.bz2");
  if (name == "default") return output_of("tar -xOf " + volumes + "ntfs_default.img.tar.xz");
  if (name == "xp7") return unzip("7-undel-ntfs.zip", "7-undel-ntfs/7-ntfs-undel.dd");
  if (name == "tiny") return unzip("SampleTinyNtfsVolume.zip", "SampleTinyNtfsVolume/partition.dd");
  ByteVector disk = output_of("zcat " + volumes + "ntfs_index.raw.gz");
  disk.erase(disk.begin(), disk.begin() + 128 * 512);  // the partition
  return disk;
}

inline ntfs::CheckReport check_of(MemoryDevice& device) {
  ntfs::Volume volume(device);
  return ntfs::check_full(volume);
}

}  // namespace mend::test
