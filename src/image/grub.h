// SPDX-License-Identifier: GPL-3.0-or-later
// GRUB on the stick: the menu, and the code by which a BIOS gets to it. Where the firmware is UEFI, the
// signed GRUB of the distribution reads the same menu, with no other commands than are built into it.
//
// Invariants
//   GR-1  Whatever a customer's name or an incident is, in the menu it is shown, never interpreted.
//   GR-2  The boot code finds the core at LBA 1, and the core ends before 1 MiB.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "profile/profile.h"

namespace mend::image {

struct MenuText {
  std::string image_id;  // 32 hexadecimal digits; the first 8 are the file system's serial number
  std::string customer, incident;
  std::string built;  // as people read it
  profile::Mode mode = profile::Mode::kAuto;
  bool shell = false;
};

// EFI/debian/grub.cfg for one image. kCorrupt "image.grub.placeholder" when the template asks for something
// that is not known here.
std::string fill_menu(std::string_view menu_template, const MenuText& text);

// `text` to stand between single quotes of GRUB's script (GR-1): printable, and in ASCII, since not every
// firmware has other letters.
std::string escape_for_menu(std::string_view text);

// The modules that the core for a BIOS has built in: all that the menu uses, and how to read the stick.
const std::vector<std::string>& bios_core_modules();

// 440 bytes for the MBR out of GRUB's boot.img. kCorrupt "image.grub.boot".
ByteVector make_boot_sector_code(Bytes boot_image);
// The core as grub-mkimage made it, told where it lies; whole sectors. kCorrupt "image.grub.core".
ByteVector place_core(Bytes core_image);

}  // namespace mend::image
