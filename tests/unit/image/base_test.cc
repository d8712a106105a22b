// SPDX-License-Identifier: GPL-3.0-or-later
// A base made of the distribution's real packages, which are downloaded once into build/cache. Everything
// that has a judge among other people's programs is judged.
#include "image/base.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/error.h"
#include "image/base_file.h"
#include "image/files.h"
#include "tests/support/catch.h"
#include "tests/unit/image/elf_builder.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using mend::test::need_program;
using mend::test::TempFolder;
using test::fault_of;
using test::read_text;
using test::write_text_file;

constexpr const char* kCache = "build/cache";
constexpr const char* kModules =
    "always vfat\nnvme\nuas\nusb_storage delay_use=0\nmpt3sas\nintel_lpss\ni8042\n";

// Keeps what it was told, and stops the work at a step when asked to.
class Listener : public Progress {
 public:
  void step(std::string_view what, double /*fraction*/) override {
    if (!stop_at.empty() && what.starts_with(stop_at)) throw std::runtime_error("stopped");
    if (steps.empty() || steps.back() != what) steps.emplace_back(what);
  }
  void note(std::string_view what) override { notes.emplace_back(what); }

  std::vector<std::string> steps, notes;
  std::string stop_at;
};

// The parts of a stick, small: programs that only look like some, few modules.
struct Parts {
  explicit Parts(const std::string& modules = kModules) {
    write_text_file(folder / "init", as_text(test::program_with_segment(1)));
    write_text_file(folder / "mend", as_text(test::program_with_segment(1)));
    write_text_file(folder / "modules.conf", modules);
    for (const char* name : {"packages.conf", "grub.cfg"})
      write_text_file(folder / name, read_text(std::string("image/") + name));
    write_text_file(folder / "components.txt", "libexample-dev 1.2-3\n");
    write_text_file(folder / "copyright/libexample-dev", "Format: x\n\nFiles: *\nLicense: Expat\n");
  }
  BaseRequest request(const std::string& cache = kCache) const { return {folder.path().string(), cache, {}}; }
  TempFolder folder;
};

// False, with the reason printed, where this machine cannot get at packages at all.
bool can_make_bases() {
  if (!need_program("apt-get") || !need_program("dpkg-deb")) return false;
  static const std::string problem = [] {
    Listener listener;
    const std::string fault = fault_of([&] { base_in_cache(Parts().request(), listener); });
    return fault.starts_with("image.apt.lists: ") ? fault : std::string();
  }();
  if (!problem.empty()) mend::test::print_skip("no packages: " + problem);
  return problem.empty();
}

std::string path_of(const Base& base, const std::string& path_on_stick) {
  for (const BaseFile& file : base.files)
    if (file.path_on_stick == path_on_stick) return base.directory + "/" + file.file;
  return "none";
}

// "FILE: FILE…" of modules.dep, without regard to the order after the colon.
std::map<std::string, std::set<std::string>> dependencies_in(const std::string& text) {
  std::map<std::string, std::set<std::string>> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(line.find(':') + 1));
    auto& needs = all[line.substr(0, line.find(':'))];
    for (std::string word; words >> word;) needs.insert(word);
  }
  return all;
}

std::set<std::string> aliases_in(const std::string& text) {
  std::set<std::string> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("alias ")) all.insert(line);
  return all;
}

void unpack_initramfs(const Base& base, const std::string& folder) {
  make_folders(folder);
  run_successfully(
      {"zstd", "--quiet", "--decompress", path_of(base, "mendstick/initramfs"), "-o", folder + ".cpio"}, "");
  RunOptions inside;
  inside.directory = folder;
  const std::vector<std::string> extract{"cpio", "--extract", "--quiet", "--no-preserve-owner", "--file"};
  const auto extract_from = [&](const std::string& archive) {
    std::vector<std::string> words = extract;
    words.push_back(archive);
    run_successfully(words, "", inside);
  };
  extract_from(folder + ".cpio");
  run_successfully({"zstd", "--quiet", "--decompress", folder + "/packed/modules", "-o", folder + ".packed"},
                   "");
  extract_from(folder + ".packed");
}

TEST_CASE("A base holds the signed boot chain and kernel, each as its judge wants it", "[image][slow]") {
  if (!can_make_bases()) return;
  Listener listener;
  const Base base = base_in_cache(Parts().request(), listener);
  std::vector<std::string> paths;
  for (const BaseFile& file : base.files) paths.push_back(file.path_on_stick);
  CHECK(paths == std::vector<std::string>{"EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi",
                                          "EFI/BOOT/mmx64.efi", "mendstick/initramfs", "mendstick/shell",
                                          "mendstick/vmlinuz"});
  if (need_program("sbverify")) {
    const auto issuers = [&](const std::string& path) {
      return run_successfully({"sbverify", "--list", path_of(base, path)}, "").output;
    };
    CHECK(issuers("EFI/BOOT/BOOTX64.EFI").find("Microsoft Corporation") != std::string::npos);
    for (const char* path : {"EFI/BOOT/grubx64.efi", "EFI/BOOT/mmx64.efi", "mendstick/vmlinuz"})
      CHECK(issuers(path).find("Debian Secure Boot CA") != std::string::npos);
  }
  if (need_program("file")) {
    const std::string kernel = run_successfully({"file", path_of(base, "mendstick/vmlinuz")}, "").output;
    CHECK(kernel.find("Linux kernel x86 boot executable") != std::string::npos);
    CHECK(kernel.find("version " + base.kernel_version + " ") != std::string::npos);
  }
  CHECK(base.boot_sector_code.size() == 440);
  CHECK(read_le<uint64_t>(base.boot_sector_code, 0x5C) == 1);
  CHECK(base.bios_core.size() % 512 == 0);
  CHECK(base.bios_core.size() > 100 * 512);
  CHECK(base.menu_template == read_text("image/grub.cfg"));
}

TEST_CASE("A base's list names its packages with version, hash and licences", "[image][slow]") {
  if (!can_make_bases()) return;
  Listener listener;
  const Base base = base_in_cache(Parts().request(), listener);
  std::map<std::string, PackageRecord> packages;
  for (const PackageRecord& package : base.packages) packages[package.name] = package;
  CHECK(packages.size() == base.packages.size());
  const PackageRecord& kernel = packages["linux-image-" + base.kernel_version];
  CHECK(kernel.use == PackageUse::kUnpacked);
  CHECK(kernel.sha256.size() == 64);
  CHECK(kernel.licences.starts_with("GPL-2.0-only"));
  CHECK(packages["shim-signed"].licences == "BSD-2-Clause");
  CHECK(packages["grub-common"].use == PackageUse::kTool);
  CHECK(packages["grub-pc-bin"].licences.starts_with("GPL-3.0-or-later"));
  CHECK(packages["libexample-dev"].use == PackageUse::kLinked);
  CHECK(packages["libexample-dev"].version == "1.2-3");
  CHECK(packages["libexample-dev"].licences == "MIT");
}

TEST_CASE("The initramfs is what cpio and zstd read, and its lists are those that depmod makes",
          "[image][slow]") {
  if (!can_make_bases() || !need_program("cpio") || !need_program("zstd") || !need_program("depmod")) return;
  Listener listener;
  const Base base = base_in_cache(Parts().request(), listener);
  run_successfully({"zstd", "--test", "--quiet", path_of(base, "mendstick/initramfs")}, "");
  const TempFolder folder;
  const std::string root = folder / "root";
  unpack_initramfs(base, root);
  for (const char* name : {"dev", "proc", "sys", "run", "stick", "tmp"})
    CHECK(std::filesystem::is_directory(root + "/" + name));
  CHECK(read_text(root + "/init") == as_text(test::program_with_segment(1)));
  CHECK(std::filesystem::status(root + "/bin/mend").permissions() == std::filesystem::perms(0755));
  CHECK(read_text(root + "/etc/mendstick/modules.load") == "vfat\n");
  CHECK(read_text(root + "/etc/mendstick/modules.options") == "options usb_storage delay_use=0\n");

  const std::string modules = root + "/lib/modules/" + base.kernel_version;
  const std::string ours = read_text(modules + "/modules.dep"),
                    our_aliases = read_text(modules + "/modules.alias");
  CHECK(read_text(modules + "/modules.softdep").find("softdep") == std::string::npos);
  run_successfully({"depmod", "--basedir", root, base.kernel_version}, "");
  CHECK(dependencies_in(ours) == dependencies_in(read_text(modules + "/modules.dep")));
  CHECK(dependencies_in(ours).size() > 10);
  CHECK(aliases_in(our_aliases) == aliases_in(read_text(modules + "/modules.alias")));
  CHECK(aliases_in(our_aliases).size() > 50);
  const Outcome info = run_successfully({"modinfo", modules + "/kernel/drivers/nvme/host/nvme.ko"}, "");
  CHECK(info.output.find("sig_key:") != std::string::npos);  // signed still
}

TEST_CASE("IB-1: the same parts and packages give the same bytes in another place", "[image][slow]") {
  if (!can_make_bases()) return;
  Listener listener;
  const TempFolder place;
  const std::string modules =
      kModules + ("# for " + place.path().string() + "\n");  // nobody else makes this one
  const Base first = make_base(Parts(modules).request(), place / "first", listener);
  std::filesystem::remove_all(base_in_cache(Parts(modules).request(), listener).directory);
  const Base second = make_base(Parts(modules).request(), place / "deep/second", listener);
  std::filesystem::remove_all(base_in_cache(Parts(modules).request(), listener).directory);
  CHECK(std::count(listener.steps.begin(), listener.steps.end(), "compressing the initramfs") == 2);
  CHECK(files_below(first.directory) == files_below(second.directory));
  for (const std::string& name : files_below(first.directory))
    CHECK(read_text(first.directory + "/" + name) == read_text(second.directory + "/" + name));
  CHECK(first.sha256 == second.sha256);
  CHECK(fault_of([&] {
          make_base(Parts().request(), place / "first", listener);
        }).starts_with("image.base.exists: "));
}

TEST_CASE("IB-2: work that is broken off leaves no base, and the next one clears up", "[image][slow]") {
  if (!can_make_bases()) return;
  const TempFolder place;
  const Parts parts("ahci  # for " + place.path().string() + "\n");  // a base that nobody has made yet
  Listener listener;
  for (const char* step : {"unpacking linux-image", "compressing"}) {
    listener.stop_at = step;
    CHECK_THROWS_AS(make_base(parts.request(), place / "base", listener), std::runtime_error);
    CHECK(std::filesystem::is_empty(place.path()));
    for (const auto& entry : std::filesystem::directory_iterator(kCache))
      CHECK_FALSE(entry.path().filename().string().starts_with("scratch-"));
  }
  listener.stop_at.clear();
  write_text_file(std::string(kCache) + "/scratch-killed/base/vmlinuz", "half");
  make_base(parts.request(), place / "base", listener);
  std::filesystem::remove_all(base_in_cache(parts.request(), listener).directory);
  CHECK_FALSE(std::filesystem::exists(std::string(kCache) + "/scratch-killed"));
  const Base base = open_base(place / "base");
  CHECK(base.kernel_version.ends_with("-amd64"));
  CHECK(base.sha256 != base_in_cache(Parts().request(), listener).sha256);  // which has other modules
}

TEST_CASE("What has not been used for a month leaves the cache, and what is used stays", "[image][slow]") {
  if (!can_make_bases()) return;
  const std::filesystem::path cache = kCache;
  Listener listener;
  const Base base = base_in_cache(Parts().request(), listener);
  write_text_file(cache / "base-0000000000000000/base.json", "{}");
  write_text_file(cache / "packages/old_1_amd64.deb", "old");
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 31);
  for (const char* name : {"base-0000000000000000", "packages/old_1_amd64.deb"})
    std::filesystem::last_write_time(cache / name, long_ago);
  base_in_cache(Parts().request(), listener);
  CHECK_FALSE(std::filesystem::exists(cache / "base-0000000000000000"));
  CHECK_FALSE(std::filesystem::exists(cache / "packages/old_1_amd64.deb"));
  CHECK(std::filesystem::exists(base.directory));
}

TEST_CASE("Who waits for another program that works in the cache is told so, once", "[image]") {
  const TempFolder cache;
  struct Waiting : Listener {
    void note(std::string_view what) override {
      Listener::note(what);
      other.reset();  // it has ended
    }
    std::optional<FolderLock> other;
  } listener;
  listener.stop_at = "bringing the package lists";  // the first thing that is done there
  const auto never = [] { FAIL("nobody else is there"); };
  listener.other.emplace(cache.path().string(), never);
  for (int i = 0; i < 2; ++i)
    CHECK_THROWS_AS(base_in_cache(Parts().request(cache.path().string()), listener), std::runtime_error);
  REQUIRE(listener.notes.size() == 1);
  CHECK(listener.notes[0] == "another mendstick is at work in the cache " + cache.path().string() +
                                 "; waiting until it has ended");
}

TEST_CASE("A base that cannot be made names what to change", "[image][slow]") {
  if (!can_make_bases()) return;
  Listener listener;
  const Parts no_line("nvme\nahci loaded?\n");
  CHECK(fault_of([&] { base_in_cache(no_line.request(), listener); }).find("/modules.conf:2: ") !=
        std::string::npos);
  const Parts no_module("nvme\n# gone\nnvmee\n");
  const std::string module = fault_of([&] { base_in_cache(no_module.request(), listener); });
  CHECK(module.starts_with("image.modules.none: "));
  CHECK(module.ends_with("/modules.conf:3: nvmee"));

  const Parts no_package;
  write_text_file(no_package.folder / "packages.conf", "kernel linux-image-amd64\nboot shim-sealed\n");
  const std::string package = fault_of([&] { base_in_cache(no_package.request(), listener); });
  CHECK(package.starts_with("image.packages.none: "));
  CHECK(package.ends_with("/packages.conf:2: shim-sealed"));

  const Parts dynamic;
  write_text_file(dynamic.folder / "mend", as_text(test::program_with_segment(3)));
  CHECK(fault_of([&] { base_in_cache(dynamic.request(), listener); }).starts_with("image.parts.static: "));
  std::filesystem::remove(dynamic.folder / "mend");
  CHECK(fault_of([&] { base_in_cache(dynamic.request(), listener); }).find("/mend'") != std::string::npos);
}

}  // namespace
}  // namespace mend::image
