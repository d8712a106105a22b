// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/hive_facts.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>

#include "base/text.h"
#include "windows/hive.h"
#include "windows/isolate.h"

namespace mend::windows {
namespace {

constexpr uint32_t kFirstBuildOf11 = 22000;

template <typename T>
std::optional<T> first_of(std::initializer_list<std::function<std::optional<T>()>> sources) {
  for (const auto& source : sources) {
    if (auto found = source()) return found;
  }
  return std::nullopt;
}

void put(Facts& facts, const char* key, const std::optional<std::string>& value) {
  if (value && !value->empty()) facts[key] = *value;
}
void put(Facts& facts, const char* key, std::optional<uint32_t> value) {
  if (value) facts[key] = std::to_string(*value);
}

// --- in the child ---

void put_state(Facts& facts, const HiveState& state) {
  if (state.dirty) facts["dirty"] = fmt::format("{} and {}", state.sequence1, state.sequence2);
  if (state.checksum_wrong) facts["checksum"] = "wrong";
  if (state.cut) facts["cut"] = "yes";
}

Facts system_facts(HiveMemory& memory) {
  Hive hive(memory);
  Facts facts;
  put_state(facts, hive.state());
  const auto select = [&](const char* value) {
    return [&hive, value] { return hive.dword("Select", value); };
  };
  const uint32_t current =
      first_of<uint32_t>({select("Current"), select("Default"), select("LastKnownGood")}).value_or(1);
  const std::string set = fmt::format("ControlSet{:03}\\", current);
  const auto text = [&](const char* key, const char* value) {
    return [&hive, key = set + key, value] { return hive.string(key, value); };
  };
  const auto number = [&](const char* key, const char* value) {
    return [&hive, key = set + key, value] { return hive.dword(key, value); };
  };
  put(facts, "host",
      first_of<std::string>({text("Control\\ComputerName\\ComputerName", "ComputerName"),
                             text("Services\\Tcpip\\Parameters", "NV Hostname"),
                             text("Services\\Tcpip\\Parameters", "Hostname")}));
  put(facts, "time_zone",
      first_of<std::string>({text("Control\\TimeZoneInformation", "TimeZoneKeyName"),
                             text("Control\\TimeZoneInformation", "StandardName")}));
  put(facts, "bias",
      first_of<uint32_t>({number("Control\\TimeZoneInformation", "ActiveTimeBias"),
                          number("Control\\TimeZoneInformation", "Bias")}));
  put(facts, "hiberboot", hive.dword(set + "Control\\Session Manager\\Power", "HiberbootEnabled"));
  return facts;
}

Facts software_facts(HiveMemory& memory) {
  Hive hive(memory);
  Facts facts;
  put_state(facts, hive.state());
  const auto text = [&](const char* value) {
    return [&hive, value] { return hive.string("Microsoft\\Windows NT\\CurrentVersion", value); };
  };
  put(facts, "product", text("ProductName")());
  put(facts, "edition", text("EditionID")());
  put(facts, "display_version", first_of<std::string>({text("DisplayVersion"), text("ReleaseId")}));
  put(facts, "build", first_of<std::string>({text("CurrentBuildNumber"), text("CurrentBuild")}));
  put(facts, "ubr", hive.dword("Microsoft\\Windows NT\\CurrentVersion", "UBR"));
  return facts;
}

// --- in the parent, which believes nothing ---

std::string text_of(const Facts& facts, const char* key) {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : printable(trim_ascii(found->second));
}

std::optional<uint32_t> number_of(const Facts& facts, const char* key) {
  const auto found = facts.find(key);
  if (found == facts.end()) return std::nullopt;
  uint32_t number = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The facts, after the warnings that belong to them; empty when there are none.
Facts ask(HiveMemory& memory, const char* name, const std::function<Facts(HiveMemory&)>& read,
          std::vector<std::string>& warnings) {
  const Isolated answer = run_isolated(memory.descriptor(), [&] { return read(memory); });
  if (!answer.done) {
    warnings.push_back(fmt::format("the hive {} could not be read: {}. What it would tell is missing", name,
                                   printable(answer.why)));
    return {};
  }
  const Facts& facts = answer.facts;
  if (facts.count("dirty") != 0) {
    warnings.push_back(
        fmt::format("the hive {} was not closed (sequence numbers {}), as after a crash: what it tells "
                    "is as of its last complete write. Its logs were not replayed; Windows does "
                    "that at its next start",
                    name, text_of(facts, "dirty")));
  }
  if (facts.count("checksum") != 0) {
    warnings.push_back(
        fmt::format("the hive {} has a wrong checksum in its first block; it was read all the same", name));
  }
  if (facts.count("cut") != 0) {
    warnings.push_back(
        fmt::format("the hive {} is damaged or cut short; what could be read of it was taken", name));
  }
  return facts;
}

}  // namespace

void read_system_hive(HiveMemory& memory, Installation& into) {
  const Facts facts = ask(memory, "SYSTEM", system_facts, into.warnings);
  into.host = text_of(facts, "host");
  into.time_zone = text_of(facts, "time_zone");
  if (const auto bias = number_of(facts, "bias")) {
    const auto minutes = static_cast<int32_t>(*bias);
    if (minutes >= -24 * 60 && minutes <= 24 * 60) into.bias_minutes = minutes;
  }
  into.hiberboot_enabled = number_of(facts, "hiberboot").value_or(0) != 0;
  if (into.host.empty()) into.warnings.push_back("the computer's name is not known: SYSTEM does not tell it");
}

void read_software_hive(HiveMemory& memory, Installation& into) {
  const Facts facts = ask(memory, "SOFTWARE", software_facts, into.warnings);
  into.product = text_of(facts, "product");
  into.edition = text_of(facts, "edition");
  into.display_version = text_of(facts, "display_version");
  into.build = number_of(facts, "build").value_or(0);
  into.ubr = number_of(facts, "ubr").value_or(0);
  // Windows 11 still calls itself 10 there.
  constexpr std::string_view kTen = "Windows 10";
  if (into.build >= kFirstBuildOf11 && into.product.rfind(kTen, 0) == 0) {
    into.product.replace(0, kTen.size(), "Windows 11");
  }
  if (into.build == 0)
    into.warnings.push_back("the build of Windows is not known: SOFTWARE does not tell it");
}

}  // namespace mend::windows
