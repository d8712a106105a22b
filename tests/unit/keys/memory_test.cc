// SPDX-License-Identifier: GPL-3.0-or-later
// Looks through the memory of this process for a key after it was read. So the key's text must not be in the
// program itself: it is kept with every bit turned over, and the files are written by a child.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/error.h"
#include "keys/keys.h"
#include "tests/support/catch.h"
#include "tests/support/memory_search.h"

namespace mend::keys::test {
namespace {

// Two groups of a key, turned over: "702713-415943".
constexpr unsigned char kTurned[] = {0xc8, 0xcf, 0xcd, 0xc8, 0xce, 0xcc, 0xd2,
                                     0xcb, 0xce, 0xca, 0xc6, 0xcb, 0xcc};
constexpr size_t kLength = sizeof kTurned;

bool is_here(const uint8_t* at) {
  for (size_t i = 0; i < kLength; ++i)
    if (at[i] != static_cast<uint8_t>(~kTurned[i])) return false;
  return true;
}

// Where the key's text lies in memory that was written to, if anywhere.
std::optional<std::string> find_key() {
  return mend::test::find_in_memory(kLength, is_here);
}

// `KEY` in the text becomes the key, in a child whose memory goes with it.
std::filesystem::path write_file(const std::string& pattern) {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("mend-memory-" + std::to_string(::getpid()));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string key;
    for (unsigned char c : kTurned) key.push_back(static_cast<char>(~c));
    std::string text = pattern;
    while (text.find("KEY") != std::string::npos) text.replace(text.find("KEY"), 3, key);
    std::ofstream(path, std::ios::binary) << text;
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return path;
}

TEST_CASE("KF-1: no part of a key's text is left in memory, whatever the file and whatever is wrong with it",
          "[keys]") {
  const std::string id = "12345678-1234-4abc-8def-123456789abc";
  // The rest of a key whose first two groups are the ones looked for.
  const std::string key = "KEY-000022-000033-000044-000055-000066-000077";
  const std::string wrong = "KEY-000022-000033-000044-000055-000066-000078";
  const struct {
    std::string text;
    bool usable;
  } files[] = {
      {"Hostname,KeyID,RecoveryKey\nPC01," + id + "," + key + "\nPC02,," + wrong + "\n", true},
      {"Hostname;KeyID;RecoveryKey\n\"PC01\";" + id + ";\"" + key + "\"\n\"PC02;\"" + wrong + "\n", true},
      {"Device Name,BitLocker Keys\nPC01,\"[{\"\"id\"\":\"\"" + id + "\"\",\"\"key\"\":\"\"" + key +
           "\"\"}]\"\n",
       true},
      {"{\"value\": [{\"id\": \"" + id + "\", \"key\": \"" + key + "\"}, {\"key\": \"" + key +
           "\\u002d\"}, \"" + wrong,
       true},
      {"Id:\n\t" + id + "\n\t" + key + "\n" + wrong + "\n", true},
      {"Schl\xfcssel\n" + key + "\n", true},
      {"Hostname,RecoveryKey\nPC01," + wrong + "\n" + wrong + ",x\n", false},
      {wrong + "\n", false},
  };
  CHECK_FALSE(find_key());  // or the test itself has it
  for (const auto& file : files) {
    CAPTURE(file.text);
    const std::filesystem::path path = write_file(file.text);
    {
      bitlocker::Credentials credentials;
      bool usable = true;
      try {
        load(path.string(), credentials);
      } catch (const Error&) {
        usable = false;
      }
      CHECK(usable == file.usable);
    }
    std::filesystem::remove(path);
    const std::optional<std::string> place = find_key();
    INFO(place.value_or(""));
    CHECK_FALSE(place);
  }
  // And it would be found if it were there.
  std::string here;
  for (unsigned char c : kTurned) here.push_back(static_cast<char>(~c));
  CHECK(find_key());
  std::fill(here.begin(), here.end(), '\0');
}

}  // namespace
}  // namespace mend::keys::test
