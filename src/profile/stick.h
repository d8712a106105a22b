// SPDX-License-Identifier: GPL-3.0-or-later
// The names on the stick, relative to its root, and the exit statuses by which the console tells init what to
// do. Shared by what builds the stick (image/) and what runs on it (console/, init/).
#pragma once

#include <string_view>

namespace mend::stick {

inline constexpr std::string_view kReadMe = "READ-ME-FIRST.txt";
inline constexpr std::string_view kProfile = "profile.toml";
inline constexpr std::string_view kProfileSignature = "profile.toml.minisig";
inline constexpr std::string_view kManifests = "manifests";
inline constexpr std::string_view kKeys = "keys";
inline constexpr std::string_view kKeyring = "keyring";  // the same, sealed
inline constexpr std::string_view kLogs = "logs";        // logs and journals
inline constexpr std::string_view kOwn = "mendstick";
inline constexpr std::string_view kKernel = "mendstick/vmlinuz";
inline constexpr std::string_view kInitramfs = "mendstick/initramfs";
inline constexpr std::string_view kShell = "mendstick/shell";  // only where the profile asks for one
inline constexpr std::string_view kImageInfo = "mendstick/image.toml";
inline constexpr std::string_view kBill = "mendstick/bill.json";
inline constexpr std::string_view kTrusted = "mendstick/trusted";   // public keys
inline constexpr std::string_view kStickId = "mendstick/stick-id";  // made at the first boot
inline constexpr std::string_view kMenu = "EFI/debian/grub.cfg";

// How its FAT is mounted, and that of another stick. codepage and iocharset name the two modules that
// image/modules.conf loads; with utf8 names are UTF-8 all the same. flush: what is written goes to the stick
// soon, not only at the end. Windows keeps local time on FAT, the log is in UTC.
inline constexpr const char* kFatOptions = "codepage=437,iocharset=ascii,utf8,flush,tz=UTC,umask=077";

// Exit status of `mend console`: what init does next. Any other one: the console has failed.
enum class Next { kRestart = 0, kPowerOff = 10, kFirmwareSetup = 11 };

}  // namespace mend::stick
