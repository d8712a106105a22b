// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/licences.h"

#include "tests/support/catch.h"

namespace mend::image {
namespace {

TEST_CASE("Debian's short names of licences become those of SPDX", "[image]") {
  CHECK(spdx_name("GPL-2+") == "GPL-2.0-or-later");
  CHECK(spdx_name("GPL-2.0") == "GPL-2.0-only");
  CHECK(spdx_name(" LGPL-2.1+ ") == "LGPL-2.1-or-later");
  CHECK(spdx_name("Expat") == "MIT");
  CHECK(spdx_name("BSD-3-clause") == "BSD-3-Clause");
  CHECK(spdx_name("zlib") == "Zlib");
  CHECK(spdx_name("Xen-interface") == "Xen-interface");
  CHECK(spdx_name("GPL-9+") == "GPL-9+");
}

TEST_CASE("A machine-readable copyright file tells each licence of the content once", "[image]") {
  constexpr const char* kText = R"(Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: example

Files: *
Copyright: somebody
License: GPL-2+
 Its text, in which a
 License: Expat
 is not a field.

Files:
 debian/*
License: ISC

Files: lib/*
 debian/patches/*
License: GPL-2 or MIT, and Zlib

License: Apache-2.0
 This text belongs to no file.
)";
  CHECK(licences_in(kText) == "GPL-2.0-or-later AND (GPL-2.0-only OR MIT) AND Zlib");
}

TEST_CASE("What speaks of the packaging alone counts when there is nothing else", "[image]") {
  CHECK(licences_in("Format: 1.0\n\nFiles: debian/rules debian/copyright\nLicense: GPL-2\n") ==
        "GPL-2.0-only");
}

TEST_CASE("In a free text the references to common licences are taken", "[image]") {
  CHECK(licences_in(
            "On Debian see /usr/share/common-licenses/GPL-2, and\n`/usr/share/common-licenses/LGPL-2.1'.\n"
            "Again: /usr/share/common-licenses/GPL-2.") == "GPL-2 AND LGPL-2.1");
  CHECK(licences_in("No such thing.").empty());
  CHECK(licences_in("").empty());
}

}  // namespace
}  // namespace mend::image
