// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "audit/reader.h"
#include "audit/sealed.h"
#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::audit {
namespace {

using nlohmann::ordered_json;
using test::TempFolder;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// A log of three records and its closing line.
std::string make_log(const std::string& folder, crypto::Sha256Digest* closing = nullptr) {
  Log log = Log::create(folder, "20240719T060000Z-PC01-0011", "0011", 65536);
  log.append("run-started", "success", "begins", {{"mendstick.tool", "mend"}});
  log.append("file-planned", "success", "delete a\\b", {{"file.path", "a\\b"}});
  log.append("run-finished", "failure", "ends", {{"mendstick.exit_status", 1}});
  const auto digest = log.close();
  if (closing) *closing = digest;
  return log.path();
}

TEST_CASE("A-2: a closed log is whole, and its closing hash is that of its last line", "[audit]") {
  TempFolder folder;
  crypto::Sha256Digest closing{};
  const std::string path = make_log(folder.path().string(), &closing);
  std::vector<std::string> actions;
  const ReadResult read =
      read_log(path, [&](const ordered_json& r) { actions.push_back(r.at("event.action")); });
  CHECK(read.chain == Chain::kWhole);
  CHECK(read.records == 4);
  CHECK(read.last == closing);
  CHECK(actions == std::vector<std::string>{"run-started", "file-planned", "run-finished", "log-closed"});
  const std::string text = content(path);
  const size_t last = text.rfind('\n', text.size() - 2) + 1;
  CHECK(crypto::sha256(as_bytes(std::string_view(text).substr(last, text.size() - 1 - last))) == closing);
}

TEST_CASE("every record has a time, an action, an outcome, a run and its place in the chain", "[audit]") {
  TempFolder folder;
  size_t expected = 0;
  read_log(make_log(folder.path().string()), [&](const ordered_json& record) {
    CHECK(parse_iso8601(record.at("@timestamp").get<std::string>()));
    CHECK(record.at("ecs.version") == "8.11.0");
    CHECK(record.contains("event.action"));
    CHECK(record.at("mendstick.run.id") == "0011");
    CHECK(record.at("mendstick.sequence") == expected);
    CHECK(record.at("mendstick.clock.monotonic_ns").is_number_unsigned());
    ++expected;
  });
  CHECK(expected == 4);
}

TEST_CASE("A-2: a log cut at any length is never whole, and is never called changed", "[audit]") {
  TempFolder folder;
  const std::string text = content(make_log(folder.path().string())), path = folder / "cut.jsonl";
  for (size_t length = 0; length < text.size(); ++length) {
    put(path, text.substr(0, length));
    const ReadResult read = read_log(path);
    INFO("cut at " << length);
    CHECK(read.chain == Chain::kCutShort);
    CHECK_FALSE(read.why.empty());
  }
}

TEST_CASE("A-2: a byte changed anywhere but in the closing line is named by its line", "[audit]") {
  TempFolder folder;
  const std::string text = content(make_log(folder.path().string())), path = folder / "changed.jsonl";
  const size_t closing_line = text.rfind('\n', text.size() - 2) + 1;
  constexpr size_t kLines = 4;
  size_t line = 1;
  for (size_t at = 0; at < closing_line; ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    put(path, changed);
    const ReadResult read = read_log(path);
    INFO("byte " << at << " of line " << line);
    CHECK(read.chain == Chain::kChanged);
    // Of the last two lines it cannot be told which one was changed: nothing follows from the closing one.
    const bool exact = line + 2 <= kLines && text[at] != '\n';
    CHECK((read.changed_line == line || (!exact && read.changed_line == line + 1)));
    if (text[at] == '\n') ++line;
  }
}

TEST_CASE("a line taken out, doubled, or put after the end is found", "[audit]") {
  TempFolder folder;
  const std::string text = content(make_log(folder.path().string())), path = folder / "edited.jsonl";
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line + "\n");
  const auto joined = [](const std::vector<std::string>& parts) {
    std::string whole;
    for (const std::string& part : parts) whole += part;
    return whole;
  };
  SECTION("taken out") {
    lines.erase(lines.begin() + 1);
    put(path, joined(lines));
    CHECK(read_log(path).changed_line == 2);
  }
  SECTION("doubled") {
    lines.insert(lines.begin() + 1, lines[1]);
    put(path, joined(lines));
    CHECK(read_log(path).changed_line == 3);
  }
  SECTION("after the end") {
    lines.push_back(lines.front());
    put(path, joined(lines));
    CHECK(read_log(path).changed_line == 5);
  }
  SECTION("from another tool") {
    put(path, "{\"hello\": 1}\n");
    CHECK(read_log(path).chain == Chain::kChanged);
    CHECK(read_log(path).changed_line == 1);
  }
}

TEST_CASE("a line without end is bounded", "[audit]") {
  TempFolder folder;
  const std::string path = folder / "long.jsonl";
  put(path, std::string(size_t{5} << 20, 'x'));
  const ReadResult read = read_log(path);
  CHECK(read.chain == Chain::kChanged);
  CHECK(read.changed_line == 1);
}

TEST_CASE("A-5: an existing log is not overwritten", "[audit]") {
  TempFolder folder;
  const std::string path = make_log(folder.path().string()), before = content(path);
  CHECK_THROWS_AS(make_log(folder.path().string()), Error);
  CHECK(content(path) == before);
}

TEST_CASE("a folder that is not there, or a file system that is full, is an error that names it", "[audit]") {
  TempFolder folder;
  try {
    Log::create(folder / "absent", "x", "1", 4096);
    FAIL("the log was created");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
    CHECK(std::string(error.what()).find("absent") != std::string::npos);
  }
  // No file system has this much; nothing is left behind.
  CHECK_THROWS_AS(Log::create(folder.path().string(), "full", "1", uint64_t{1} << 60), Error);
  CHECK_FALSE(std::filesystem::exists(folder / "full.jsonl"));
}

TEST_CASE("A-3: nothing is added to a log after it was closed", "[audit]") {
  TempFolder folder;
  Log log = Log::create(folder.path().string(), "x", "1", 4096);
  log.close();
  CHECK_THROWS_AS(log.append("late", "success", "late", ordered_json::object()), Error);
  CHECK(read_log(log.path()).chain == Chain::kWhole);
}

// The log's file goes, as a stick does that is pulled out: what it still holds open takes nothing any more.
void pull_out(const std::string& path) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) != path) continue;
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    REQUIRE(::dup2(full, std::stoi(entry.path().filename().string())) >= 0);
    ::close(full);
    return;
  }
  FAIL("the log is not open: " << path);
}

TEST_CASE("A-7: a log whose stick was pulled out and put back goes on, and is whole", "[audit]") {
  TempFolder folder;
  const crypto::KeyPair office = crypto::make_key_pair();
  const bool sealed = GENERATE(false, true);
  const auto recipient = sealed ? std::optional(office.public_key) : std::nullopt;
  Log log = Log::create(folder.path().string(), "x", "1", 4096, recipient);
  log.append("one", "success", "one", ordered_json::object());
  const std::string flushed = content(log.path());
  pull_out(log.path());
  put(log.path() + ".new", flushed + "half a li");  // what the write left that the pulling cut
  std::filesystem::rename(log.path() + ".new", log.path());
  log.append("two", "success", "two", ordered_json::object());
  log.close();
  if (sealed) {
    const OpenedLog opened = open_sealed_log(log.path(), office);
    CHECK(opened.whole);
    put(folder / "opened.jsonl", opened.lines);
  }
  const ReadResult read = read_log(sealed ? folder / "opened.jsonl" : log.path());
  CHECK(read.chain == Chain::kWhole);
  CHECK(read.records == 3);
}

TEST_CASE("A-7, A-3: a log is not gone on with in a file that does not hold its last line", "[audit]") {
  TempFolder folder;
  Log log = Log::create(folder.path().string(), "x", "1", 4096);
  log.append("one", "success", "one", ordered_json::object());
  std::string text = content(log.path());
  pull_out(log.path());
  const auto append = [&] { log.append("two", "success", "two", ordered_json::object()); };
  SECTION("it is not there") {
    std::filesystem::remove(log.path());
  }
  SECTION("the line is cut") {
    put(log.path() + ".new", text.substr(0, text.size() - 1));
    std::filesystem::rename(log.path() + ".new", log.path());
  }
  SECTION("the line is another one") {
    text[text.size() - 2] = 'x';
    put(log.path() + ".new", text);
    std::filesystem::rename(log.path() + ".new", log.path());
  }
  CHECK_THROWS_AS(append(), Error);
  put(log.path(), text);
  CHECK_THROWS_AS(append(), Error);  // it has failed for good
}

TEST_CASE("a renamed log goes on under its new name, with its chain", "[audit]") {
  TempFolder folder;
  Log log = Log::create(folder.path().string(), "early", "1", 4096);
  log.append("one", "success", "one", ordered_json::object());
  log.rename("PC01");
  log.append("two", "success", "two", ordered_json::object());
  log.close();
  CHECK_FALSE(std::filesystem::exists(folder / "early.jsonl"));
  CHECK(read_log(folder / "PC01.jsonl").records == 3);
  CHECK(read_log(folder / "PC01.jsonl").chain == Chain::kWhole);
}

TEST_CASE("a name that is no UTF-8 does not stop the log", "[audit]") {
  TempFolder folder;
  Log log = Log::create(folder.path().string(), "x", "1", 4096);
  log.append("file-planned", "success", "odd", {{"file.path", "a\xff\xfe"}});
  log.close();
  CHECK(read_log(log.path()).chain == Chain::kWhole);
}

TEST_CASE("what was reserved is given back when the log is closed", "[audit]") {
  TempFolder folder;
  Log log = Log::create(folder.path().string(), "x", "1", 8 << 20);
  log.close();
  struct stat status {};
  REQUIRE(::stat(log.path().c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < 1 << 20);
}

TEST_CASE("a file name is made of what FAT and a shell take", "[audit]") {
  CHECK(file_name_part("PC-01") == "PC-01");
  CHECK(file_name_part("") == "unknown");
  CHECK(file_name_part("a/b c\\d:\xc3\xa9") == "a_b_c_d___");
  CHECK(file_name_part(std::string(200, 'x')).size() == 40);
}

}  // namespace
}  // namespace mend::audit
