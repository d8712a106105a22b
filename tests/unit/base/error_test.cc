// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

#include <cerrno>
#include <set>

#include "tests/support/catch.h"

namespace mend {
namespace {

TEST_CASE("an error carries code, id and message, and gets context from the outside in", "[base]") {
  try {
    try {
      throw Error(ErrorCode::kCorrupt, "base.test", "what was found");
    } catch (Error& error) {
      error.with_context("inner").with_context("outer");
      throw;
    }
  } catch (const std::exception& caught) {
    const Error* error = dynamic_cast<const Error*>(&caught);
    REQUIRE(error != nullptr);
    CHECK(error->code() == ErrorCode::kCorrupt);
    CHECK(error->id() == std::string("base.test"));
    CHECK(error->what() == std::string("outer: inner: what was found"));
  }
}

TEST_CASE("each code has its own word", "[base]") {
  std::set<std::string_view> words;
  for (ErrorCode code :
       {ErrorCode::kUsage, ErrorCode::kNotFound, ErrorCode::kIo, ErrorCode::kCorrupt, ErrorCode::kUnsupported,
        ErrorCode::kWrongKey, ErrorCode::kRefused, ErrorCode::kConflict}) {
    words.insert(to_string(code));
  }
  CHECK(words.size() == 8);
  CHECK(words.count("wrong-key") == 1);
  CHECK(words.count("unknown") == 0);
}

TEST_CASE("throw_errno puts the system's words behind what was attempted", "[base]") {
  try {
    throw_errno("base.test.errno", "cannot open /some/where", ENOENT);
    FAIL("it returned");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
    CHECK(error.id() == std::string("base.test.errno"));
    CHECK(error.what() == std::string("cannot open /some/where: No such file or directory"));
  }
}

}  // namespace
}  // namespace mend
