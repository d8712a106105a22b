// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/brokenpc.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/esp.h"
#include "tools/brokenpc/partition_table.h"
#include "tools/brokenpc/windows_volume.h"

namespace mend::brokenpc {
namespace {

struct MethodName {
  Method method;
  const char* name;
};
constexpr std::array<MethodName, 6> kMethods = {{
    {Method::kXts128, "xts-aes-128"},
    {Method::kXts256, "xts-aes-256"},
    {Method::kCbc128, "aes-cbc-128"},
    {Method::kCbc256, "aes-cbc-256"},
    {Method::kCbc128Elephant, "aes-cbc-128-elephant"},
    {Method::kCbc256Elephant, "aes-cbc-256-elephant"},
}};

void refuse(const std::string& why) {
  throw Error(ErrorCode::kUsage, "brokenpc.options", why);
}

void check(const Options& options) {
  if (options.output.empty()) refuse("no name for the image");
  if (options.sector_bytes != 512 && options.sector_bytes != 4096) refuse("a sector has 512 or 4096 bytes");
  bool good_cluster = is_power_of_two(options.cluster_bytes) &&
                      options.cluster_bytes >= options.sector_bytes && options.cluster_bytes >= 512 &&
                      options.cluster_bytes <= 65536;
  if (!good_cluster) refuse("a cluster has a power of two of bytes, from one sector to 64 KiB");
  if (options.size_bytes % options.sector_bytes != 0) refuse("the size is no multiple of the sector");
  if (options.size_bytes < (options.encrypt ? 16 : 8) * kMebibyte)
    refuse(options.encrypt ? "a BitLocker image needs at least 16 MiB" : "an image needs at least 8 MiB");
  if (options.table != Table::kGpt && options.table != Table::kBare &&
      options.size_bytes / options.sector_bytes > UINT32_MAX)
    refuse("an MBR cannot describe a disk of that size");
  if (options.bad_files > 30) refuse("at most 30 faulty channel files");
  if (options.host.empty() || options.host.size() > 63) refuse("a host name has 1 to 63 characters");
  for (const std::string& text : options.recovery_passwords) parse_recovery_password(text);
  if (!options.encrypt && (!options.recovery_passwords.empty() || !options.passwords.empty() ||
                           !options.startup_key_file.empty() || options.clear_key))
    refuse("a plain image has no keys");
}

// A device, a pipe or a directory under one of these names stays as it is.
void check_paths(const Options& options) {
  for (const std::string& path : {options.output, options.keep_plain, options.startup_key_file}) {
    struct stat info {};
    if (!path.empty() && ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
      refuse(printable(path) + " is there and is no plain file; images are made as files only");
  }
}

uint64_t draw_seed() {
  std::array<uint8_t, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw_errno("brokenpc.seed", "getrandom", errno);
  return read_le<uint64_t>(bytes, 0);
}

// Removes what was begun unless told that it is whole (P-3).
class Unfinished {
 public:
  explicit Unfinished(const Options& options) : options_(options) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (done_) return;
    for (const std::string& path : {options_.output, options_.keep_plain, options_.startup_key_file})
      if (!path.empty()) ::unlink(path.c_str());
  }
  void finish() { done_ = true; }

 private:
  const Options& options_;
  bool done_ = false;
};

void encrypt(ImageFile& image, const Options& options, const Machine& machine, const PlainVolume& volume,
             const FveLayout& layout, Made& made) {
  Random random(made.seed, "bitlocker");
  std::string description = options.host + " C: 3/14/2023";  // the date as Windows in English writes it
  Fve fve = make_fve(options, layout, description, machine.installed, random);
  encrypt_volume(image, volume, layout, fve, options);
  if (!options.startup_key_file.empty()) write_file(options.startup_key_file, fve.startup_key_file);
  made.encrypted = true;
  made.method = options.method;
  made.volume_guid = fve.volume_guid;
  made.description = fve.description;
  made.metadata_offsets.assign(layout.metadata_offsets.begin(), layout.metadata_offsets.end());
  made.header_offset = layout.header_offset;
  made.header_bytes = kVolumeHeaderBytes;
  made.protectors = fve.protectors;
}

void make_partition(ImageFile& image, const Options& options, const VolumeRequest& request, Made& made) {
  const Partition& partition = request.partition;
  if (partition.role == "esp") {
    make_esp(image, partition, options.sector_bytes, request.machine, made.seed, request.scratch);
  } else if (partition.role == "recovery") {
    make_small_volume(image, request, "Recovery");
  } else if (partition.role == "system") {
    make_small_volume(image, request, "System Reserved");
  } else if (partition.role == "windows") {
    FveLayout layout;
    PlainVolume volume = make_windows_volume(image, request, layout, made.files, made.crash);
    if (!options.keep_plain.empty())
      ImageFile::create(options.keep_plain, partition.size_bytes)
          .copy_from(image, partition.offset, 0, partition.size_bytes);
    if (options.encrypt) encrypt(image, options, request.machine, volume, layout, made);
  }
}

}  // namespace

std::string_view to_string(Method method) {
  for (const MethodName& known : kMethods)
    if (known.method == method) return known.name;
  return "unknown";
}

std::optional<Method> parse_method(std::string_view text) {
  for (const MethodName& known : kMethods)
    if (known.name == text) return known.method;
  return std::nullopt;
}

std::string Made::secret(const std::string& type) const {
  for (const Protector& protector : protectors)
    if (protector.type == type) return protector.secret;
  return {};
}

Made make(const Options& options) {
  check(options);
  check_paths(options);
  Made made;
  made.path = options.output;
  made.size_bytes = options.size_bytes;
  made.sector_bytes = options.sector_bytes;
  made.seed = options.seed ? *options.seed : draw_seed();
  made.table = options.table;
  Machine machine;
  machine.host = options.host;
  made.host = machine.host;
  made.product = machine.product;
  made.build = machine.build;
  made.ubr = machine.ubr;
  made.extra_files = options.extra_files + options.big_directory;

  Random random(made.seed, "disk");
  made.disk_guid = random.guid();
  made.mbr_signature = static_cast<uint32_t>(random.next() | 1);
  made.partitions = plan_partitions(options, random);
  Unfinished unfinished(options);
  TemporaryDirectory scratch(options.output);
  ImageFile image = ImageFile::create(options.output, options.size_bytes);
  for (size_t i = 0; i < made.partitions.size(); ++i) {
    if (made.partitions[i].role == "windows") made.windows = i;
    VolumeRequest request{options, machine, made.seed, made.partitions[i], scratch};
    make_partition(image, options, request, made);
  }
  if (options.table == Table::kGpt) {
    write_gpt(image, options.sector_bytes, made.disk_guid, made.partitions);
  } else if (options.table != Table::kBare) {
    write_mbr(image, options.sector_bytes, made.mbr_signature, options.table, made.partitions);
  }
  unfinished.finish();
  return made;
}

}  // namespace mend::brokenpc
