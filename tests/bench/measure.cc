// SPDX-License-Identifier: GPL-3.0-or-later
// One measurement of a part of the product, as tools/bench asks for it. Prints one JSON object: CPU seconds
// and what was done in them. Nothing is printed before the work is done, so that callgrind sees the work
// alone.
//
//   measure compressions COUNT            bare SHA-256 compressions, the yardstick of an unlock
//   measure stretch                       one recovery password stretched
//   measure pair                          two of them side by side
//   measure unlock IMAGE KEY              a bare volume's metadata read, and unlocked by a recovery password
//   measure candidates IMAGE KEY COUNT    unlocked by COUNT keys without an ID, of which the last fits
//   measure singles IMAGE KEY COUNT       these keys one after the other, each an unlock of its own
//   measure cipher METHOD SECTOR MIB      sectors deciphered in memory
//   measure glob IMAGE OFFSET PATTERN     names of a plain volume matched
//   measure installations IMAGE OFFSET    Windows installations found, with their hives
//   measure fill-log IMAGE OFFSET         (prepares) the log of a plain volume, as full as it gets
//   measure replay IMAGE OFFSET RECORDS   that log read once and its targets read and written; and replayed
//   measure extents IMAGE OFFSET PATH…    where files lie, in bytes of the image
#include <sys/resource.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "bitlocker/bitlocker.h"
#include "bitlocker/sector_cipher.h"
#include "block/file_device.h"
#include "block/overlay.h"
#include "block/window.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "crypto/stretch_pair.h"
#include "measure_replay.h"
#include "ntfs/path.h"
#include "windows/installation.h"

namespace mend::bench {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename Work>
Json timed(Work work) {
  const double start = cpu_seconds();
  const uint64_t wall_start = monotonic_ns();
  Json result = work();
  result["cpu_s"] = cpu_seconds() - start;
  result["wall_s"] = static_cast<double>(monotonic_ns() - wall_start) / 1e9;
  return result;
}

Json compressions(const Words& words) {
  const uint64_t count = std::stoull(words.at(1));
  return timed([&] { return Json{{"state", to_hex(crypto::bare_compressions(count))}}; });
}

Json stretch() {
  const ByteVector initial(32, 1), salt(16, 2);
  return timed([&] { return Json{{"bytes", crypto::stretch(initial, salt).size()}}; });
}

Json pair() {
  const ByteVector initial(32, 1), salt(16, 2);
  if (!crypto::can_stretch_pairs()) throw Error(ErrorCode::kUnsupported, "bench.pair", "no SHA-NI");
  return timed([&] {
    return Json{{"bytes", crypto::stretch_pair({initial, salt}, {initial, salt})[0].size()}};
  });
}

Json unlock(const Words& words) {
  const auto disk = block::FileDevice::open(words.at(1), block::Access::kRead);
  bitlocker::Credentials credentials;
  credentials.recovery.push_back({std::nullopt, {}, bitlocker::RecoveryPassword::parse(words.at(2))});
  return timed([&] {
    const bitlocker::Metadata metadata = bitlocker::Metadata::read(*disk);
    return Json{{"opened", bitlocker::unlock(metadata, credentials).has_value()}};
  });
}

// Wrong ones, and the right one last.
std::vector<bitlocker::RecoveryPassword> candidate_keys(const Words& words) {
  std::vector<bitlocker::RecoveryPassword> keys;
  const auto count = static_cast<uint32_t>(std::stoul(words.at(3)));
  for (uint32_t i = 1; i < count; ++i) {
    ByteVector key(16);
    write_le<uint32_t>(key, 0, i);
    keys.push_back(bitlocker::RecoveryPassword::from_words(key));
  }
  keys.push_back(bitlocker::RecoveryPassword::parse(words.at(2)));
  return keys;
}

Json candidates(const Words& words, size_t at_once) {
  const auto disk = block::FileDevice::open(words.at(1), block::Access::kRead);
  const bitlocker::Metadata metadata = bitlocker::Metadata::read(*disk);
  std::vector<bitlocker::RecoveryPassword> keys = candidate_keys(words);
  return timed([&] {
    size_t opened = 0;
    for (size_t first = 0; first < keys.size(); first += at_once) {
      bitlocker::Credentials credentials;
      for (size_t i = first; i < std::min(keys.size(), first + at_once); ++i)
        credentials.recovery.push_back({std::nullopt, {}, std::move(keys[i])});
      opened += bitlocker::unlock(metadata, credentials).has_value() ? 1u : 0u;
    }
    return Json{{"opened", opened}};
  });
}

Json cipher(const Words& words) {
  const auto method = bitlocker::parse_method(words.at(1));
  if (!method) throw Error(ErrorCode::kUsage, "bench.method", "unknown method " + words.at(1));
  const uint32_t sector = static_cast<uint32_t>(std::stoul(words.at(2)));
  const uint64_t mebibytes = std::stoull(words.at(3));
  const bool xts = words.at(1).starts_with("xts"), wide = words.at(1).find("256") != std::string::npos;
  const bool elephant = words.at(1).find("elephant") != std::string::npos;
  Secret key(wide ? (xts ? 64u : 32u) : (xts ? 32u : 16u)), tweak(elephant ? key.size() : 0);
  crypto::random_bytes(key.bytes());
  crypto::random_bytes(tweak.bytes());
  const bitlocker::VolumeKeys keys(*method, std::move(key), std::move(tweak), {});
  const auto sectors = bitlocker::make_sector_cipher(keys, sector);
  ByteVector piece(1 << 20);
  return timed([&] {
    for (uint64_t i = 0; i < mebibytes; ++i) sectors->decrypt(i << 20, piece);
    return Json{{"mebibytes", mebibytes}, {"first", piece[0]}};
  });
}

std::unique_ptr<ntfs::Volume> open_volume(const Words& words, std::shared_ptr<block::BlockDevice>& window) {
  std::shared_ptr<block::FileDevice> disk = block::FileDevice::open(words.at(1), block::Access::kRead);
  const uint64_t offset = std::stoull(words.at(2));
  const uint64_t size = disk->size_bytes() - offset;
  window = std::make_shared<block::Window>(std::make_shared<block::Overlay>(disk), offset, size, "volume");
  return std::make_unique<ntfs::Volume>(*window);
}

Json glob(const Words& words) {
  std::shared_ptr<block::BlockDevice> window;
  const auto volume = open_volume(words, window);
  const auto components = ntfs::split_path(words.at(3));
  return timed([&] { return Json{{"matches", ntfs::glob(*volume, components, 1'000'000).matches.size()}}; });
}

Json installations(const Words& words) {
  std::shared_ptr<block::BlockDevice> window;
  const auto volume = open_volume(words, window);
  return timed([&] { return Json{{"installations", windows::find_installations(*volume).size()}}; });
}

Json extents(const Words& words) {
  std::shared_ptr<block::BlockDevice> window;
  const auto volume = open_volume(words, window);
  const uint64_t offset = std::stoull(words.at(2));
  Json all = Json::array();
  for (size_t i = 3; i < words.size(); ++i) {
    const ntfs::Resolution found = ntfs::resolve(*volume, words[i]);
    if (!found.found()) throw Error(ErrorCode::kNotFound, "bench.extents", words[i] + " is not there");
    const auto data = volume->open(found.entry->reference).stream(ntfs::AttributeType::kData);
    if (!data || data->is_resident()) continue;
    for (const ntfs::Range& range : data->ranges(0, data->size_bytes())) {
      all.push_back({{"path", words[i]}, {"offset", offset + range.offset}, {"length", range.length}});
    }
  }
  return {{"extents", std::move(all)}};
}

Json run(const Words& words) {
  const std::string& what = words.at(0);
  if (what == "compressions") return compressions(words);
  if (what == "stretch") return stretch();
  if (what == "pair") return pair();
  if (what == "unlock") return unlock(words);
  if (what == "candidates") return candidates(words, std::stoul(words.at(3)));
  if (what == "singles") return candidates(words, 1);
  if (what == "cipher") return cipher(words);
  if (what == "glob") return glob(words);
  if (what == "installations") return installations(words);
  if (what == "extents") return extents(words);
  if (what == "fill-log") return fill_log(words.at(1), std::stoull(words.at(2)));
  if (what == "replay") return replay(words.at(1), std::stoull(words.at(2)), std::stoull(words.at(3)));
  throw Error(ErrorCode::kUsage, "bench.what", "nothing is measured under the name " + what);
}

}  // namespace
}  // namespace mend::bench

int main(int argc, char** argv) {
  try {
    std::printf("%s\n", mend::bench::run({argv + 1, argv + argc}).dump().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "measure: %s\n", error.what());
    return 2;
  }
}
