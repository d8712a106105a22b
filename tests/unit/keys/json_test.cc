// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/json_reader.h"

#include "tests/unit/keys/key_files.h"

namespace mend::keys::test {
namespace {

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}
std::string graph(uint32_t id, uint32_t key) {
  return "{\"@odata.type\": \"#x\", \"id\": " + quoted(guid_text(id)) +
         ", \"createdDateTime\": \"2024-07-19T05:27:00Z\", \"deviceId\": " + quoted(guid_text(99)) +
         ", \"volumeType\": 1, \"key\": " + quoted(password(key)) + "}";
}

TEST_CASE("answers of the Graph API are read, single, in a list, under value, and one a line", "[keys]") {
  for (const std::string& text : {graph(7, 1), "[" + graph(7, 1) + "]",
                                  "{\"@odata.context\": \"x\", \"value\": [\r\n" + graph(7, 1) + "\r\n]}",
                                  "\xef\xbb\xbf  \n" + graph(7, 1) + "\n", utf16(graph(7, 1))}) {
    const Result result = read(text);
    CHECK(is(result, 0, 1, 7));
    CHECK(result.report.keys == 1);
    CHECK(result.report.problems.empty());
  }
  const Result two = read(graph(7, 1) + "\n" + graph(8, 2) + "\n");
  CHECK(is(two, 0, 1, 7));
  CHECK(is(two, 1, 2, 8));
  CHECK(is(read("{\"volumeType\": \"operatingSystemVolume\", \"key\": " + quoted(password(1)) +
                ", \"id\": " + quoted(guid_text(7)) + "}"),
           0, 1, 7));
}

TEST_CASE("a list of the Graph API has no keys, and the report says which request gives them", "[keys]") {
  const auto entry = [](uint32_t id) {
    return "{\"id\": " + quoted(guid_text(id)) +
           ", \"createdDateTime\": \"2024-07-19T05:27:00Z\", \"deviceId\": \"x\"}";
  };
  const std::string text = problem(read("{\"value\": [\n" + entry(7) + ",\n" + entry(8) + "]}"));
  CHECK(contains(text, "keys.csv:2: 2 entries have an ID and no key"));
  CHECK(contains(text, "/informationProtection/bitlocker/recoveryKeys/{id}?$select=key"));
  CHECK(contains(problem(read(entry(7))), "1 entry has an ID"));
  CHECK(contains(problem(read("{\"id\": " + quoted(guid_text(7)) + ", \"key\": null}")), "there is no key"));
}

TEST_CASE("exports of management tools are read, with the host of an object around", "[keys]") {
  const std::string nested = "[{\"computerName\": \"PC01\", \"protectors\": [\n {\"KeyProtectorId\": \"{" +
                             guid_text(7) + "}\", \"RecoveryPassword\": " + quoted(password(1)) +
                             "},\n {\"KeyProtectorId\": \"{" + guid_text(8) +
                             "}\", \"RecoveryPassword\": " + quoted(password(2)) +
                             "}]},\n {\"computerName\": \"PC02\", \"recoveryKeys\": [" + quoted(password(3)) +
                             ", " + quoted(password(4)) + "]}]";
  const Result result = read(nested);
  CHECK(is(result, 0, 1, 7, "PC01"));
  CHECK(is(result, 1, 2, 8, "PC01"));
  CHECK(is(result, 2, 3, 0, "PC02"));
  CHECK(is(result, 3, 4, 0, "PC02"));
  CHECK(result.report.problems.empty());

  const Result parallel = read("{\"KeyProtectorId\": [" + quoted(guid_text(7)) + ", " + quoted(guid_text(8)) +
                               "], \"RecoveryPassword\": [" + quoted(password(1)) + ", " +
                               quoted(password(2)) + "], \"name\": \"PC\"}");
  CHECK(is(parallel, 0, 1, 7, "PC"));
  CHECK(is(parallel, 1, 2, 8, "PC"));

  CHECK(is(read("[\n" + quoted(password(1)) + "]"), 0, 1, 0));
  CHECK(is(read("{\"key\": " + password(1, "") + ", \"id\": " + quoted(guid_text(7)) + "}"), 0, 1,
           7));  // as a number
  CHECK(is(read("{\"key\": \"" + password(1, "\\u002D") + "\", \"id\": " + quoted(guid_text(7)) + "}"), 0, 1,
           7));
}

TEST_CASE("KF-3: an id beside a named key may be a device's", "[keys]") {
  CHECK(is(read("{\"id\": " + quoted(guid_text(7)) + ", \"recoveryKey\": " + quoted(password(1)) + "}"), 0, 1,
           0));
  CHECK(is(read("{\"deviceId\": " + quoted(guid_text(7)) + ", \"key\": " + quoted(password(1)) + "}"), 0, 1,
           0));
}

TEST_CASE("KF-2: a wrong key in JSON is reported with its line, and the others count", "[keys]") {
  const Result result = read("[{\"id\": " + quoted(guid_text(7)) +
                             ",\n \"key\": \"System.Object[]\"},\n{\"id\": " + quoted(guid_text(8)) +
                             ",\n \"key\": \"123\"},\n" + graph(9, 3) + "]");
  CHECK(is(result, 0, 3, 9));
  REQUIRE(result.report.problems.size() == 2);
  CHECK(contains(result.report.problems[0].text(), "keys.csv:1: the export wrote"));
  CHECK(contains(result.report.problems[1].text(), "keys.csv:3: a recovery password has 48 digits"));
}

TEST_CASE("malformed JSON keeps what was complete, and says line and column", "[keys]") {
  struct Case {
    std::string rest;
    const char* says;
  };
  for (const Case& c :
       {Case{"", "the text ends within a list"}, Case{",", "the text ends where a value"},
        Case{", }", ":2:3: malformed JSON: a value was to come"}, Case{"; ", "a comma or ']'"},
        Case{", {\"key\"", "a colon"}, Case{", {key: 1}]", ":2:4: malformed JSON: the name of a member"},
        Case{", {\"key\": \"abc", "within a string"},
        Case{", {\"key\": \"a\nb\"}]", "not closed on its line"}, Case{", \"\\x\"]", "backslash"},
        Case{", \"\\u12G4\"]", "backslash"}, Case{", nul]", "a value was to come"},
        Case{"], ", "outside of any list"}, Case{"] x", ":2:3: malformed JSON"},
        Case{", " + std::string(70, '[') + std::string(70, ']') + "]", "nested too deeply"},
        Case{", " + std::string(1000000, '['), "nested too deeply"}}) {
    CAPTURE(c.rest.substr(0, 100));
    const Result result = read("[" + graph(7, 1) + "\n" + c.rest);
    CHECK(is(result, 0, 1, 7));
    CHECK(contains(problem(result), c.says));
    CHECK(contains(problem(result), "keys.csv:2:"));
  }
}

TEST_CASE("what JSON allows is read as it is meant", "[keys]") {
  struct Recorder : JsonHandler {
    std::string log;
    void begin_object(size_t line) override { log += "{" + std::to_string(line) + " "; }
    void end_object() override { log += "} "; }
    void begin_array() override { log += "[ "; }
    void end_array() override { log += "] "; }
    void name(std::string_view text) override { log += std::string(text) + ": "; }
    void string(std::string_view text, size_t line) override {
      log += "'" + std::string(text) + "'" + std::to_string(line) + " ";
    }
    void other(std::string_view text, size_t) override { log += std::string(text) + " "; }
  };
  Recorder recorder;
  JsonReader reader(
      "{\"a\" : [1, -2.5e+10, true,\nfalse, null, \"\"], \"\\u00e9\\n\": "
      "\"\\\"\\\\\\/\\uD83D\\ude00\\ud800\"}\n[]",
      3, 64, recorder);
  CHECK(reader.read_all());
  CHECK(recorder.log ==
        "{3 a: [ 1 -2.5e+10 true false null ''4 ] \xc3\xa9\n: '\"\\/\xf0\x9f\x98\x80\xef\xbf\xbd'4 } [ ] ");
}

TEST_CASE("every cut of a JSON export is read without harm", "[keys]") {
  const std::string text = "{\"value\": [" + graph(7, 1) + ", " + graph(8, 2) + "]}";
  for (size_t length = 0; length < text.size(); ++length) {
    const Result result = read(text.substr(0, length));
    REQUIRE(result.report.keys <= 2);
    REQUIRE_FALSE(result.report.problems.empty());
  }
}

}  // namespace
}  // namespace mend::keys::test
