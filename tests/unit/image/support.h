// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of images share: a small base in a scratch folder, a customer's folder, and programs that
// are not ours run on what was built.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/error.h"
#include "image/base.h"
#include "image/program.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "trust/secret_key.h"
#include "trust/trusted_keys.h"

namespace mend::image::test {

namespace fs = std::filesystem;

// "id: message" of the Error that the work throws, "none" without one.
inline std::string fault_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(error.id()) + ": " + error.what();
  }
  return "none";
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_text_file(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

// Bytes that repeat nowhere near.
inline std::string pattern(size_t size_bytes, uint32_t seed = 1) {
  std::string text(size_bytes, '\0');
  uint32_t state = seed * 2654435761U + 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

// A base as make_base() gives it, with content that no firmware would start.
inline Base small_base(const fs::path& folder) {
  Base base;
  base.directory = folder.string();
  base.kernel_version = "6.12.0-test";
  const auto add = [&](const char* path, const char* file, size_t size, uint32_t seed) {
    const std::string content = pattern(size, seed);
    write_text_file(folder / file, content);
    base.files.push_back({path, file, size, crypto::sha256(as_bytes(content))});
  };
  add("EFI/BOOT/BOOTX64.EFI", "shim", 900'001, 2);
  add("EFI/BOOT/grubx64.efi", "grub", 2'600'000, 3);
  add("EFI/BOOT/mmx64.efi", "mm", 800'000, 4);
  add("mendstick/initramfs", "initramfs", 5'000'123, 5);
  add("mendstick/shell", "shell", 900'000, 7);
  add("mendstick/vmlinuz", "vmlinuz", 12'000'000, 6);
  base.boot_sector_code.assign(440, 0x90);
  base.bios_core.assign(285 * 512, 0x5A);
  base.menu_template =
      "set id=@ID@ customer=@CUSTOMER@ @INCIDENT@ @BUILT@ @SERIAL@ @MODE_ARGUMENT@ shell=@SHELL@\n";
  base.packages.push_back({"linux-image-test", "6.12.0-1+b1", "amd64", std::string(64, 'a'),
                           "GPL-2.0-only AND MIT", PackageUse::kUnpacked});
  base.packages.push_back(
      {"shell-test", "1.0", "amd64", std::string(64, 'b'), "GPL-2.0-only", PackageUse::kShell});
  base.sha256.fill(7);
  return base;
}

inline constexpr std::string_view kProfileText =
    "[customer]\nname = \"Müller & Söhne\"\n[stick]\nkeys = \"plain\"\n";

inline constexpr std::string_view kManifestText =
    "[manifest]\nid = \"test-1\"\nversion = 1\ntitle = \"A test\"\n\n"
    "[[rule]]\nid = \"one\"\naction = \"quarantine\"\npath = 'Windows\\Temp\\bad*.sys'\n";

// Made up: eight groups that are multiples of eleven.
inline constexpr std::string_view kKeyText = "000011-000022-000033-000044-000055-000066-000077-000088\n";

// A preparer's two keys, made for this run of the tests.
inline const trust::SecretKey& secret_key(trust::Role role) {
  static const trust::SecretKey build = trust::SecretKey::make(), manifest = trust::SecretKey::make();
  return role == trust::Role::kBuild ? build : manifest;
}
inline const trust::TrustedKeys& trusted() {
  static const trust::TrustedKeys keys = {
      {"build.pub", trust::Role::kBuild, secret_key(trust::Role::kBuild).public_key()},
      {"manifest.pub", trust::Role::kManifest, secret_key(trust::Role::kManifest).public_key()}};
  return keys;
}
inline void sign(const fs::path& file, trust::Role role) {
  const std::string content = read_text(file.string());
  write_text_file(file.string() + ".minisig",
                  to_file_text(secret_key(role).sign(as_bytes(content), "for a test")));
}
// Profile and manifests, as they are now.
inline void sign_customer(const fs::path& folder) {
  if (fs::exists(folder / "profile.toml")) sign(folder / "profile.toml", trust::Role::kBuild);
  if (!fs::exists(folder / "manifests")) return;
  std::vector<fs::path> manifests;
  for (const auto& entry : fs::directory_iterator(folder / "manifests"))
    if (entry.path().extension() == ".toml") manifests.push_back(entry.path());
  for (const fs::path& manifest : manifests) sign(manifest, trust::Role::kManifest);
}

// A customer's folder with a profile, a manifest and a key; signed.
inline void make_customer(const fs::path& folder) {
  write_text_file(folder / "profile.toml", kProfileText);
  write_text_file(folder / "manifests" / "test.toml", kManifestText);
  write_text_file(folder / "keys" / "PC-1.txt", kKeyText);
  write_text_file(folder / "README.md", "the preparer's own\n");
  sign_customer(folder);
}

// The FAT volume in an image file, to mtools.
inline std::string volume_of(const std::string& image) {
  return image + "@@1M";
}

inline Outcome run_judge(const std::vector<std::string>& arguments) {
  return run_program(arguments, {.environment = {{"MTOOLS_SKIP_CHECK", "0"}, {"LC_ALL", "C.UTF-8"}}});
}

}  // namespace mend::image::test
