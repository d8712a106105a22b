// SPDX-License-Identifier: GPL-3.0-or-later
// One customer's settings (profile.toml) and what an image says of itself (mendstick/image.toml), read from
// TOML into values. `mendstick build` checks and writes them, init and `mend` read them on the stick. Nothing
// here looks at a disk. FORMAT.md describes the text.
//
// Invariants
//   PF-1  Whatever the text, a value in which every field keeps its limits, or an Error; a key that is not
//         known is an error, never skipped.
//   PF-2  Every error names file, line and column; all that are found are listed, one a line.
// Values; copyable.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/sealing.h"
#include "trust/trusted_keys.h"

namespace mend::profile {

inline constexpr size_t kMaximumBytes = 256 * 1024;
inline constexpr uint64_t kMinimumImageBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaximumImageBytes = uint64_t{32} << 30;

enum class Mode { kAuto, kAsk, kScan };
// "auto", "ask", "scan".
std::string_view to_string(Mode mode);
std::optional<Mode> mode_from(std::string_view text);

// What happens when the technician has read the verdict.
enum class AtEnd { kRestart, kPowerOff };

// How something lies on the stick: of use to whoever finds it, or only with a secret.
enum class Storage { kSealed, kPlain };

// A setting of `mend` that the profile gives: one option of its command line, with its place for messages.
struct Setting {
  std::string option;  // such as "check"; without the dashes
  std::string value;   // "true" for a switch that is on; a switch that is off is left out
  int line = 0;
  int column = 0;
};

// What is older than this is refused: a replay of what was signed once.
struct Minimum {
  int64_t build = 0;                         // of keyrings, and of manifests that name a build
  std::map<std::string, int64_t> manifests;  // id → version
};

struct Profile {
  std::string customer;            // 1 to 64 bytes, printable
  std::string contact;             // whom the technician calls; may be empty
  std::vector<std::string> hosts;  // patterns of the customer's computer names (hosts.h); none: any PC
  int64_t build = 0;               // counts up with each change; 0: not given
  trust::Unsigned unsigned_files = trust::Unsigned::kRefuse;
  Minimum minimum;
  std::string incident;  // empty: the manifests' titles
  Mode mode = Mode::kAuto;
  std::chrono::seconds restart_after{0};  // 0: stays until a key is pressed or the stick is pulled
  AtEnd at_end = AtEnd::kRestart;
  std::chrono::seconds disk_timeout{30};  // how long to wait for the first disk
  bool shell = false;                     // a root shell on the second console, for debugging
  uint64_t size_bytes = 0;                // of the image; 0: the default, or what is needed
  Storage keys = Storage::kSealed;
  Storage logs = Storage::kPlain;
  std::optional<crypto::PublicKey> recipient;  // of sealed logs; there with Storage::kSealed
  std::vector<Setting> repair;                 // [repair], in the order of the text
  std::string file;                            // as named by the caller
};

// "256M", "1G" (powers of 1024) → bytes; nothing for any other text.
std::optional<uint64_t> parse_size(std::string_view text);

// kUsage "profile.…" or "config.…" (PF-2).
Profile parse(std::string_view text, const std::string& file_name);
Profile load(const std::string& path);

struct ImageInfo {
  std::string id;  // 32 hexadecimal digits
  std::string customer, incident;
  int64_t build = 0;  // the profile's
  Time built{};
  std::string version;
};
ImageInfo parse_image_info(std::string_view text, const std::string& file_name);
ImageInfo load_image_info(const std::string& path);
// The text that parse_image_info reads.
std::string to_toml(const ImageInfo& info);

}  // namespace mend::profile
