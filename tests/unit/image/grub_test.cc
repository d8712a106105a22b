// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/grub.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::fault_of;
MenuText sample() {
  return {"0123456789abcdef0123456789abcdef", "Acme GmbH", "CrowdStrike", "2026-11-25 12:00 UTC",
          profile::Mode::kAsk};
}

TEST_CASE("A menu is filled in, and a sign @ that stands for nothing stays", "[image]") {
  CHECK(fill_menu("a@b @ID@ @SERIAL@ @CUSTOMER@ @INCIDENT@ @BUILT@ @MODE_ARGUMENT@ @@ @x@ @", sample()) ==
        "a@b 0123456789abcdef0123456789abcdef 0123-4567 Acme GmbH CrowdStrike 2026-11-25 12:00 UTC "
        "mendstick.mode=ask @@ @x@ @");
  CHECK(fault_of([] { fill_menu("set x=@KEY@", sample()); }).starts_with("image.grub.placeholder: "));
  MenuText text = sample();
  text.image_id = "abcdef0123456789abcdef0123456789";
  CHECK(fill_menu("@SERIAL@", text) == "ABCD-EF01");
  CHECK(fill_menu("[@SHELL@]", text) == "[]");
  text.shell = true;
  CHECK(fill_menu("[@SHELL@]", text) == "[/mendstick/shell]");
  text.customer = "@ID@";
  CHECK(fill_menu("@CUSTOMER@", text) == "@ID@");
}

TEST_CASE("GR-1: whatever the names are, the menu is the same script to a shell and to GRUB", "[image]") {
  const std::string menu = test::read_text("image/grub.cfg");
  REQUIRE(menu.find("@CUSTOMER@") != std::string::npos);
  const bool judge = mend::test::need_program("grub-script-check");
  const mend::test::TempFolder folder;
  for (const char* name : {"O'Neil & Sons", "'; reboot; echo '", "$root ${prefix}", "a\nmenuentry 'x' {", "}",
                           "\\", "\"", "x\\' y", "''''", "#", "\x1b[2J", ""}) {
    MenuText text = sample();
    text.customer = text.incident = name;
    const std::string filled = fill_menu(menu, text);
    CHECK(std::count(filled.begin(), filled.end(), '\n') == std::count(menu.begin(), menu.end(), '\n'));
    test::write_text_file(folder / "grub.cfg", filled);
    if (judge) CHECK(run_program({"grub-script-check", folder / "grub.cfg"}).status == 0);
    // Quotes are the same in GRUB's script as in a shell's, which can be asked what it reads.
    test::write_text_file(folder / "name.sh", "printf %s '" + escape_for_menu(name) + "'\n");
    CHECK(run_program({"sh", folder / "name.sh"}).output == printable(name));
  }
}

TEST_CASE("Names are in letters that every firmware shows", "[image]") {
  CHECK(escape_for_menu("Müller & Söhne, Straße 1") == "Mueller & Soehne, Strasse 1");
  CHECK(escape_for_menu("ÀÿÇñ×") == "AyCnx");
  CHECK(escape_for_menu("„a“ – b’s…") == "\"a\" - b'\\''s...");
  CHECK(escape_for_menu("東京 €") == "?? ?");
}

TEST_CASE("GR-2: the boot code names the core's place and keeps clear of what is not code", "[image]") {
  ByteVector boot(512, 0xCC);
  write_le<uint16_t>(boot, 510, 0xAA55);
  const ByteVector code = make_boot_sector_code(boot);
  REQUIRE(code.size() == 440);
  CHECK(all_zero(Bytes(code).subspan(3, 0x5A - 3)));
  CHECK(read_le<uint64_t>(code, 0x5C) == 1);
  CHECK(code[0x64] == 0xFF);
  CHECK(read_le<uint16_t>(code, 0x66) == 0x9090);
  for (const size_t kept : std::initializer_list<size_t>{0, 2, 0x5A, 0x65, 0x68, 439})
    CHECK(code[kept] == 0xCC);
  CHECK(fault_of([&] { make_boot_sector_code(Bytes(boot).first(511)); }).starts_with("image.grub.boot: "));
  CHECK(fault_of([&] { make_boot_sector_code(ByteVector(512)); }).starts_with("image.grub.boot: "));
}

TEST_CASE("GR-2: the core is whole sectors, knows where its rest is, and ends before 1 MiB", "[image]") {
  const ByteVector core = place_core(ByteVector(5000, 0xCC));
  REQUIRE(core.size() == 10 * 512);
  CHECK(read_le<uint64_t>(core, 500) == 2);
  CHECK(read_le<uint16_t>(core, 508) == 9);
  CHECK(read_le<uint16_t>(core, 510) == 0x820);
  CHECK(core[499] == 0xCC);
  CHECK(core[512] == 0xCC);
  CHECK(core[4999] == 0xCC);
  CHECK(all_zero(Bytes(core).subspan(5000)));
  CHECK(place_core(ByteVector(2047 * 512)).size() == 2047 * 512);
  CHECK(fault_of([] { place_core(ByteVector(2047 * 512 + 1)); }).starts_with("image.grub.core: "));
  CHECK(fault_of([] { place_core(ByteVector(512)); }).starts_with("image.grub.core: "));
}

}  // namespace
}  // namespace mend::image
