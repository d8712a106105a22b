// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/base_file.h"
#include "image/cpio.h"
#include "image/elf_program.h"
#include "image/files.h"
#include "image/grub.h"
#include "image/initramfs.h"
#include "image/licences.h"
#include "image/modules.h"
#include "image/program.h"
#include "image/signature.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostProgramBytes = uint64_t{256} * 1024 * 1024;
constexpr uint64_t kMostTextBytes = uint64_t{4} * 1024 * 1024;
constexpr uint64_t kMostBootBytes = uint64_t{40} * 1024 * 1024;  // kernel and initramfs
constexpr int kFingerprintFormat = 2;  // goes up when the same input makes another base
constexpr std::string_view kGrubFolder = "usr/lib/grub/i386-pc/";
constexpr std::string_view kMenuPrefix = "(,msdos1)/EFI/debian";

std::string read_text(const std::string& path) {
  return std::string(as_text(read_file(path, kMostTextBytes)));
}

ByteVector read_program(const std::string& path) {
  ByteVector program = read_file(path, kMostProgramBytes);
  if (!is_static_program(program))
    throw Error(ErrorCode::kUsage, "image.parts.static",
                path +
                    " is not a static program for x86-64: there are no libraries on the stick. Configure the "
                    "build with MEND_STATIC=ON and without sanitizers");
  return program;
}

double mebibytes(uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

// What the firmware, shim or GRUB checks before it starts it.
struct SignedProgram {
  std::string path_on_stick, file, from;
};

class Assembly {
 public:
  Assembly(const std::string& unpacked, const std::string& directory, Progress& progress)
      : unpacked_(unpacked), progress_(progress) {
    base_.directory = directory;
  }

  Base run(const BaseParts& parts, const Selection& selection) {
    base_.kernel_version = selection.kernel_version;
    for (const SignedProgram& program : signed_programs()) add_signed(program);
    add_initramfs(parts);
    add_shell();
    progress_.step("making the code for a BIOS", -1);
    base_.boot_sector_code =
        make_boot_sector_code(read_file(path_of(std::string(kGrubFolder) + "boot.img"), kMostTextBytes));
    base_.bios_core = make_core();
    base_.menu_template = parts.menu_template;
    add_packages(parts, selection);
    finish();
    return base_;
  }

 private:
  std::string path_of(const std::string& name) const { return unpacked_ + "/" + name; }
  std::string out(std::string_view name) const { return base_.directory + "/" + std::string(name); }

  std::vector<SignedProgram> signed_programs() const {
    return {{"EFI/BOOT/BOOTX64.EFI", "BOOTX64.EFI", "usr/lib/shim/shimx64.efi.signed"},
            {"EFI/BOOT/grubx64.efi", "grubx64.efi", "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"},
            {"EFI/BOOT/mmx64.efi", "mmx64.efi", "usr/lib/shim/mmx64.efi.signed"},
            {std::string(stick::kKernel), "vmlinuz", "boot/vmlinuz-" + base_.kernel_version}};
  }

  void add_file(const std::string& path_on_stick, const std::string& file, Bytes content) {
    write_file(out(file), content);
    base_.files.push_back({path_on_stick, file, content.size(), crypto::sha256(content)});
  }

  void add_signed(const SignedProgram& program) {
    const std::string path = path_of(program.from);
    if (!fs::exists(path))
      throw Error(ErrorCode::kCorrupt, "image.base.absent",
                  "none of the packages has " + program.from + "; look at packages.conf");
    const ByteVector content = read_file(path, kMostProgramBytes);
    if (!is_signed_for_uefi(content))
      throw Error(ErrorCode::kCorrupt, "image.base.unsigned",
                  program.from +
                      " has no signature, so that no PC with Secure Boot would start it; name the "
                      "signed package in packages.conf");
    add_file(program.path_on_stick, program.file, content);
  }

  std::string module_folder() const {
    for (const char* parent : {"lib/modules/", "usr/lib/modules/"})
      if (fs::exists(path_of(parent + base_.kernel_version))) return path_of(parent + base_.kernel_version);
    throw Error(ErrorCode::kCorrupt, "image.base.modules",
                "none of the packages has the modules of Linux " + base_.kernel_version);
  }

  void add_initramfs(const BaseParts& parts) {
    progress_.step("collecting kernel modules", -1);
    const ModuleSet modules =
        collect_modules(ModuleTree(module_folder()),
                        parse_module_list(parts.module_list, parts.module_list_file), parts.module_list_file);
    const ByteVector archive = make_initramfs({parts.init, parts.mend, base_.kernel_version}, modules);
    progress_.step("compressing the initramfs", -1);
    const ByteVector compressed = compress_initramfs(archive);
    const uint64_t kernel_bytes = base_.files.back().size_bytes;
    const std::string sizes = fmt::format(
        "Linux {}: kernel {:.1f} MiB, initramfs {:.1f} MiB with {} modules ({:.1f} MiB that the kernel "
        "unpacks)",
        base_.kernel_version, mebibytes(kernel_bytes), mebibytes(compressed.size()), modules.modules.size(),
        mebibytes(archive.size()));
    if (kernel_bytes + compressed.size() > kMostBootBytes)
      throw Error(ErrorCode::kRefused, "image.base.size",
                  sizes +
                      ": more than 40 MiB, which old firmware takes minutes to read. Take modules out of "
                      "modules.conf");
    progress_.note(sizes);
    add_file(std::string(stick::kInitramfs), "initramfs", compressed);
  }

  // A second archive, which the kernel unpacks over the first where the menu names it.
  void add_shell() {
    for (const char* program : {"bin/busybox", "usr/bin/busybox"}) {
      if (!fs::exists(path_of(program))) continue;
      CpioArchive archive;
      archive.add_file("bin/sh", read_program(path_of(program)), 0755);
      return add_file(std::string(stick::kShell), "shell", compress_initramfs(archive.bytes()));
    }
    throw Error(ErrorCode::kCorrupt, "image.base.shell",
                "none of the packages has busybox, the shell; look at packages.conf");
  }

  ByteVector make_core() const {
    const std::string image = out("core.img");
    std::vector<std::string> words{path_of("usr/bin/grub-mkimage"),
                                   "--directory=" + path_of(std::string(kGrubFolder)), "--format=i386-pc",
                                   "--prefix=" + std::string(kMenuPrefix), "--output=" + image};
    words.insert(words.end(), bios_core_modules().begin(), bios_core_modules().end());
    RunOptions options;
    options.environment["LD_LIBRARY_PATH"] =
        path_of("usr/lib/x86_64-linux-gnu") + ":" + path_of("lib/x86_64-linux-gnu");
    run_successfully(words, "making GRUB's core for a BIOS", options);
    ByteVector core = place_core(read_file(image, kMostTextBytes));
    fs::remove(image);
    return core;
  }

  std::string licences_of(const std::string& package, const std::string& told) const {
    const std::string path = path_of("usr/share/doc/" + package + "/copyright");
    return !told.empty() || !fs::exists(path) ? told : licences_in(read_text(path));
  }

  void add_packages(const BaseParts& parts, const Selection& selection) {
    for (const auto& [offer, use, licence] : selection.packages)
      base_.packages.push_back({offer.name, offer.version, offer.architecture, offer.sha256,
                                licences_of(offer.name, licence), use});
    std::istringstream lines(parts.components);
    for (PackageRecord linked; lines >> linked.name >> linked.version;) {
      linked.architecture = "amd64";
      linked.use = PackageUse::kLinked;
      const auto copyright = parts.copyrights.find(linked.name);
      linked.licences = copyright == parts.copyrights.end() ? "" : licences_in(copyright->second);
      base_.packages.push_back(linked);
    }
    std::stable_sort(base_.packages.begin(), base_.packages.end(),
                     [](const PackageRecord& a, const PackageRecord& b) { return a.name < b.name; });
  }

  void finish() {
    std::sort(base_.files.begin(), base_.files.end(),
              [](const BaseFile& a, const BaseFile& b) { return a.path_on_stick < b.path_on_stick; });
    write_file(out(kBootCodeFile), base_.boot_sector_code);
    write_file(out(kCoreFile), base_.bios_core);
    write_file(out(kMenuFile), as_bytes(base_.menu_template));
    base_.sha256 = digest_of(base_);
    write_file(out(kBaseList), as_bytes(to_json(base_)));
    sync_folder(base_.directory);
  }

  std::string unpacked_;
  Progress& progress_;
  Base base_;
};

}  // namespace

BaseParts read_parts(const std::string& directory) {
  BaseParts parts;
  try {
    parts.init = read_program(directory + "/init");
    parts.mend = read_program(directory + "/mend");
    parts.package_list_file = directory + "/packages.conf";
    parts.package_list = read_text(parts.package_list_file);
    parts.module_list_file = directory + "/modules.conf";
    parts.module_list = read_text(parts.module_list_file);
    parts.menu_template = read_text(directory + "/grub.cfg");
    parts.components = read_text(directory + "/components.txt");
  } catch (Error& error) {
    error.with_context("the parts of a stick, in " + directory);
    throw;
  }
  parse_module_list(parts.module_list, parts.module_list_file);  // faults in it are told before the downloads
  const std::string folder = directory + "/copyright";
  if (fs::is_directory(folder))
    for (const std::string& name : files_below(folder))
      parts.copyrights[name] = read_text(fmt::format("{}/{}", folder, name));
  return parts;
}

std::string fingerprint(const BaseParts& parts, const Selection& selection) {
  std::string text = fmt::format("{}\n", kFingerprintFormat);
  const auto add = [&](Bytes content) { text += to_hex(crypto::sha256(content)) + "\n"; };
  add(parts.init);
  add(parts.mend);
  for (const std::string* part : {&parts.module_list, &parts.menu_template, &parts.components})
    add(as_bytes(*part));
  for (const auto& [package, copyright] : parts.copyrights)
    add(as_bytes(fmt::format("{}\n{}", package, copyright)));
  for (const auto& [offer, use, licence] : selection.packages)
    text += fmt::format("{} {} {} {} {}\n", offer.name, offer.version, offer.sha256, to_string(use), licence);
  return to_hex(crypto::sha256(as_bytes(text))).substr(0, 16);
}

Base assemble_base(const BaseParts& parts, const Selection& selection, const std::string& unpacked,
                   const std::string& directory, Progress& progress) {
  return Assembly(unpacked, directory, progress).run(parts, selection);
}

}  // namespace mend::image
