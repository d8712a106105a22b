// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/build.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "image/stick_files.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

constexpr uint64_t kMaximumReadMeBytes = 64 * 1024;

// Of the file as it now is, holes as zeros. The file is in the cache, where it was just written.
crypto::Sha256Digest hash_file_bytes(const OutputFile& file, uint64_t size_bytes, Progress& progress) {
  crypto::Sha256 sha;
  uint64_t done = 0;
  const Content whole = Content::file(fmt::format("/proc/self/fd/{}", file.descriptor()), 0, size_bytes);
  whole.for_each_piece([&](Bytes piece) {
    sha.update(piece);
    done += piece.size();
    progress.step("hashing the image", static_cast<double>(done) / static_cast<double>(size_bytes));
  });
  return sha.finish();
}

std::string file_name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Time build_time(const char* source_date_epoch) {
  if (source_date_epoch == nullptr || *source_date_epoch == '\0')
    return std::chrono::time_point_cast<std::chrono::seconds>(now());
  const std::string_view text(source_date_epoch);
  constexpr int64_t kLatest = 4'354'819'199;  // the last second of 2107, where FAT's years end
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > kLatest) {
    throw Error(ErrorCode::kUsage, "image.build.epoch",
                fmt::format("SOURCE_DATE_EPOCH is \"{}\"; it is to be a number of seconds since 1970", text));
  }
  return Time(std::chrono::seconds(seconds));
}

std::string load_read_me(const std::string& parts) {
  const std::string path = parts + "/" + std::string(stick::kReadMe);
  try {
    const ByteVector bytes = read_file(path, kMaximumReadMeBytes);
    return std::string(as_text(bytes));
  } catch (const Error& error) {
    throw Error(ErrorCode::kNotFound, "image.build.parts",
                fmt::format("{}: {} is no folder of parts; give one with --parts", error.what(), parts));
  }
}

BuiltImage build_image(const Base& base, const Customer& customer, const BuildOptions& options,
                       const std::string& path, RangeHasher& hasher, Progress& progress) {
  const uint64_t asked = options.size_bytes != 0 ? options.size_bytes : customer.profile.size_bytes;
  const StickFiles stick = gather_stick_files(base, customer, options, asked);
  const uint64_t size = asked != 0 ? asked : default_image_bytes(stick.volume);
  // Windows tells disks apart by their signature: taken from another part of the id than the serial number.
  const auto signature = static_cast<uint32_t>(std::stoul(stick.info.id.substr(8, 8), nullptr, 16));
  const DiskImage disk = lay_out_disk(base, stick.volume, size, signature);
  progress.step("writing " + path, -1);
  OutputFile image = write_disk(disk, path);
  const Bmap bmap = make_bmap(disk, hasher);

  BuiltImage built;
  built.path = path;
  built.id = stick.info.id;
  built.size_bytes = size;
  built.mapped_bytes = bmap.mapped_bytes();
  built.free_bytes = uint64_t{disk.volume.free_clusters} * disk.volume.cluster_bytes;
  std::vector<OutputFile> beside;
  beside.push_back(write_text(path + ".bmap", to_xml(bmap)));
  beside.push_back(write_text(path + ".bill.json", stick.bill));
  if (options.whole_hash == WholeHash::kYes) {
    built.sha256 = hash_file_bytes(image, size, progress);
    beside.push_back(
        write_text(path + ".sha256", fmt::format("{}  {}\n", to_hex(*built.sha256), file_name_of(path))));
  }
  progress.step("flushing " + path, -1);
  image.sync();
  for (OutputFile& file : beside) file.commit();
  image.commit();
  return built;
}

}  // namespace mend::image
