// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/base_file.h"

#include <functional>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::fault_of;
using test::read_text;
using test::write_text_file;

// A base on the disk, as assemble_base() leaves it.
struct Written {
  Written() : base(test::small_base(folder.path())) {
    write_text_file(folder / "boot-sector-code", as_text(base.boot_sector_code));
    write_text_file(folder / "bios-core", as_text(base.bios_core));
    write_text_file(folder / "grub.cfg", base.menu_template);
    base.sha256 = digest_of(base);
    write_text_file(folder / "base.json", to_json(base));
  }
  mend::test::TempFolder folder;
  Base base;
};

TEST_CASE("What is written of a base is read again", "[image]") {
  const Written written;
  const Base read = open_base(written.folder.path().string());
  CHECK(read.sha256 == written.base.sha256);
  CHECK(to_json(read) == to_json(written.base));
  CHECK(read.boot_sector_code == written.base.boot_sector_code);
  CHECK(read.bios_core == written.base.bios_core);
  CHECK(read.menu_template == written.base.menu_template);
  CHECK(read.files.size() == 6);
  CHECK(read.packages.front().licences == "GPL-2.0-only AND MIT");
}

TEST_CASE("IB-3: one changed byte in any file of a base, and it is not opened", "[image]") {
  for (const char* name :
       {"shim", "grub", "mm", "initramfs", "vmlinuz", "boot-sector-code", "bios-core", "grub.cfg"}) {
    const Written written;
    std::string content = read_text(written.folder / name);
    content.back() = static_cast<char>(content.back() ^ 1);
    write_text_file(written.folder / name, content);
    const std::string fault = fault_of([&] { open_base(written.folder.path().string()); });
    CHECK(fault.starts_with("image.base.file: " + written.folder.path().string()));
    CHECK(fault.find(name) != std::string::npos);
    std::filesystem::remove(written.folder / name);
    CHECK(fault_of([&] { open_base(written.folder.path().string()); }) != "none");
  }
}

TEST_CASE("IB-3: a list that was edited, cut or replaced is not believed", "[image]") {
  const Written written;
  const std::string path = written.folder / "base.json", text = read_text(path);
  const auto open_with = [&](const std::string& list) {
    write_text_file(path, list);
    return fault_of([&] { open_base(written.folder.path().string()); });
  };
  const auto with = [&](const std::string& what, const std::string& by) {
    std::string changed = text;
    return changed.replace(changed.find(what), what.size(), by);
  };
  CHECK(open_with(text) == "none");
  CHECK(open_with(with("6.12.0-test", "6.13.0-test")).starts_with("image.base.list: "));
  CHECK(open_with(with("6.12.0-1+b1", "6.12.0-1+b2")).starts_with("image.base.list: "));
  CHECK(open_with(with("\"format\": 1", "\"format\": 2")).starts_with("image.base.format: "));
  CHECK(open_with(with("\"file\": \"shim\"", "\"file\": \"../shim\"")).starts_with("image.base.list: "));
  CHECK(open_with(with("EFI/BOOT/BOOTX64.EFI", "EFI/../BOOTX64.EFI")).starts_with("image.base.list: "));
  CHECK(open_with(with("\"size_bytes\": 900001", "\"size_bytes\": \"x\"")).starts_with("image.base.list: "));
  CHECK(open_with(with("\"unpacked\"", "\"mixed in\"")).starts_with("image.base.list: "));
  CHECK(open_with(with(to_hex(written.base.sha256), std::string(64, 'z'))).starts_with("image.base.list: "));
  for (size_t length = 0; length + 1 < text.size(); length += 7)
    CHECK(open_with(text.substr(0, length)).starts_with("image.base.list: "));
  std::filesystem::remove(path);
  CHECK(fault_of([&] { open_base(written.folder.path().string()); }).starts_with("image.base.open: "));
}

}  // namespace
}  // namespace mend::image
