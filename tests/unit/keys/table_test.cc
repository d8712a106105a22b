// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/table.h"

#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

TEST_CASE("the normalised table is read back as it was written, and its bytes do not depend on the order",
          "[keys]") {
  const Result one =
      read("Hostname,KeyID,RecoveryKey\n\"CN=A\\, \"\"B\"\",OU=x\"," + guid_text(7) + "," + password(1) +
           "\nPC02,," + password(2) + "\n," + guid_text(9) + "," + password(3) + "\n");
  const Result other =
      read("Hostname,KeyID,RecoveryKey\n," + guid_text(9) + "," + password(3, "") + "\nPC02,," + password(2) +
           "\n\"CN=A\\, \"\"B\"\",OU=x\"," + guid_text(7) + "," + password(1) + "\n");
  const Secret table = write_table(one.credentials);
  CHECK(table.text() == write_table(other.credentials).text());
  const Result again = read(std::string(table.text()));
  CHECK(again.report.problems.empty());
  CHECK(again.credentials.recovery.size() == 3);
  CHECK(is(again, 0, 3, 9));
  CHECK(is(again, 1, 1, 7, "A\\, \"B\""));
  CHECK(is(again, 2, 2, 0, "PC02"));
  CHECK(write_table(again.credentials).text() == table.text());
}

}  // namespace
}  // namespace mend::keys::test
