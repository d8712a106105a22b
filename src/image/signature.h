// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a program for UEFI (shim, GRUB, a kernel) carries a signature at all: the certificate table of its
// PE header. Whether the firmware trusts it is the firmware's to say; this catches a package that is not
// signed while the base is made, instead of on a PC. Holds for each byte sequence; reads nothing outside of
// it.
#pragma once

#include "base/bytes.h"

namespace mend::image {

// True when `file` is a 64-bit PE file with a certificate of the kind that Secure Boot looks at (PKCS #7).
bool is_signed_for_uefi(Bytes file);

}  // namespace mend::image
