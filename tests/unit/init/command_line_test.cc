// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel's command line may ask for, and what it may not.
#include "init/command_line.h"
#include "tests/support/catch.h"

using namespace mend;
using namespace mend::init;

TEST_CASE("The command line of the stick's menu", "[init]") {
  const CommandLine line = parse_command_line(
      "BOOT_IMAGE=/mendstick/vmlinuz mendstick.image=0123456789abcdef0123456789ABCDEF mendstick.mode=ask "
      "console=tty0 console=ttyS0,115200 quiet loglevel=3\n");
  CHECK(line.image_id == "0123456789abcdef0123456789abcdef");
  CHECK(line.mode == profile::Mode::kAsk);
  CHECK_FALSE(line.debug);
  CHECK(line.faults.empty());
}

TEST_CASE("Nothing given: the profile's mode, no debug, no image", "[init]") {
  const CommandLine line = parse_command_line("console=tty0 quiet");
  CHECK(line.image_id.empty());
  CHECK_FALSE(line.mode.has_value());
  CHECK_FALSE(line.debug);
  CHECK(line.faults.empty());
  CHECK(parse_command_line("").faults.empty());
}

TEST_CASE("Debug is a switch; of two equal keys the last one counts", "[init]") {
  CHECK(parse_command_line("mendstick.debug").debug);
  CHECK(parse_command_line("mendstick.debug=1").debug);
  CHECK_FALSE(parse_command_line("mendstick.debug mendstick.debug=0").debug);
  CHECK(parse_command_line("mendstick.mode=ask mendstick.mode=scan").mode == profile::Mode::kScan);
}

TEST_CASE("Policy cannot be set here, and what is wrong is said", "[init]") {
  const CommandLine line = parse_command_line(
      "mendstick.allow_dirty=true mendstick.mode=everything mendstick.image=0123 mendstick.\x1b[2J=1");
  CHECK(line.faults.size() == 4);
  CHECK_FALSE(line.mode.has_value());
  CHECK(line.image_id.empty());
  for (const std::string& fault : line.faults) CHECK(fault.find('\x1b') == std::string::npos);
}

TEST_CASE("PF-4: nothing that a profile decides is taken from here", "[init]") {
  for (const char* key :
       {"unsigned=allow", "keys=plain", "hosts=*", "shell=true", "shell=1", "discard_hibernation=true",
        "any_volume=true", "check=touched", "trusted=x", "logs=plain", "customer=x", "build=1"}) {
    const CommandLine line = parse_command_line(std::string("mendstick.") + key);
    CAPTURE(key);
    REQUIRE(line.faults.size() == 1);
    CHECK(line.faults[0].find("is not known here; image, mode, console and debug are") != std::string::npos);
  }
  CHECK(
      parse_command_line("shell=1 unsigned=allow init=/bin/sh").faults.empty());  // the kernel's, or nobody's
}

TEST_CASE("An image id has 32 hexadecimal digits, no more, no less, no others", "[init]") {
  const std::string good = "00112233445566778899aabbccddeeff";
  CHECK(parse_command_line("mendstick.image=" + good).image_id == good);
  CHECK(parse_command_line("mendstick.image=" + good + "0").image_id.empty());
  CHECK(parse_command_line("mendstick.image=" + good.substr(1)).image_id.empty());
  CHECK(parse_command_line("mendstick.image=g" + good.substr(1)).image_id.empty());
  CHECK(parse_command_line("mendstick.image").image_id.empty());
  CHECK(parse_command_line("mendstick.image=").faults.size() == 1);
}
