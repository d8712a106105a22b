// SPDX-License-Identifier: GPL-3.0-or-later
// When a battery is too empty for a repair, in trees as real laptops show them.
#include <map>

#include "init/power.h"
#include "tests/support/catch.h"
#include "tests/unit/init/fake_tree.h"

using namespace mend;
using namespace mend::init;
using mend::test::FakeTree;

namespace {

void supply(const FakeTree& tree, const std::string& name, const std::map<std::string, std::string>& values) {
  const std::string directory = "sys/class/power_supply/" + name + "/";
  for (const auto& [key, value] : values) tree.file(std::string(directory).append(key), value + "\n");
}

}  // namespace

TEST_CASE("A machine without a battery has power enough", "[init]") {
  const FakeTree tree;
  CHECK(is_enough(read_power(tree.sys())));
  supply(tree, "AC", {{"type", "Mains"}, {"online", "0"}});
  const Power power = read_power(tree.sys());
  CHECK_FALSE(power.percent.has_value());
  CHECK(is_enough(power));
}

TEST_CASE("A laptop under 15 % without mains has to wait, at 15 % it goes on", "[init]") {
  const FakeTree tree;
  supply(tree, "AC", {{"type", "Mains"}, {"online", "0"}});
  supply(tree, "BAT0",
         {{"type", "Battery"}, {"present", "1"}, {"status", "Discharging"}, {"capacity", "14"}});
  CHECK(read_power(tree.sys()).percent == 14);
  CHECK_FALSE(is_enough(read_power(tree.sys())));
  supply(tree, "BAT0", {{"capacity", "15"}});
  CHECK(is_enough(read_power(tree.sys())));
}

TEST_CASE("Mains, a charger on USB-C, or a battery that is being charged are enough", "[init]") {
  const FakeTree tree;
  supply(tree, "BAT0", {{"type", "Battery"}, {"status", "Discharging"}, {"capacity", "3"}});
  CHECK_FALSE(is_enough(read_power(tree.sys())));
  SECTION("mains") {
    supply(tree, "AC", {{"type", "Mains"}, {"online", "1"}});
  }
  SECTION("USB-C") {
    supply(tree, "ucsi-source-psy-1", {{"type", "USB"}, {"online", "1"}});
  }
  SECTION("charging") {
    supply(tree, "BAT0", {{"status", "Charging"}});
  }
  CHECK(is_enough(read_power(tree.sys())));
}

TEST_CASE("Batteries of a mouse or a pen, and empty bays, do not count", "[init]") {
  const FakeTree tree;
  supply(tree, "hid-mouse", {{"type", "Battery"}, {"scope", "Device"}, {"capacity", "2"}});
  supply(tree, "hid-dock", {{"type", "USB"}, {"scope", "Device"}, {"online", "1"}});
  supply(tree, "BAT1", {{"type", "Battery"}, {"present", "0"}, {"capacity", "0"}});
  const Power power = read_power(tree.sys());
  CHECK_FALSE(power.percent.has_value());
  CHECK_FALSE(power.mains);
}

TEST_CASE("Two batteries count by what they hold, not by their number", "[init]") {
  const FakeTree tree;
  supply(tree, "BAT0",
         {{"type", "Battery"}, {"capacity", "0"}, {"energy_now", "0"}, {"energy_full", "23000000"}});
  supply(tree, "BAT1",
         {{"type", "Battery"}, {"capacity", "20"}, {"energy_now", "14000000"}, {"energy_full", "70000000"}});
  CHECK(read_power(tree.sys()).percent == 15);  // 14 of 93 Wh
}

TEST_CASE("A battery that tells only its charges; figures that cannot be", "[init]") {
  const FakeTree tree;
  supply(tree, "BAT0", {{"type", "Battery"}, {"charge_now", "300000"}, {"charge_full", "3000000"}});
  CHECK(read_power(tree.sys()).percent == 10);
  supply(tree, "BAT0", {{"charge_now", "9000000"}});
  CHECK(read_power(tree.sys()).percent == 100);
  supply(tree, "BAT0", {{"charge_full", "0"}});
  CHECK_FALSE(read_power(tree.sys()).percent.has_value());
  supply(tree, "BAT0", {{"charge_full", "9223372036854775807"}});
  CHECK_FALSE(read_power(tree.sys()).percent.has_value());
  supply(tree, "BAT0", {{"capacity", "-7"}});
  CHECK(read_power(tree.sys()).percent == 0);
}
