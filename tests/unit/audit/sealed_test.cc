// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/sealed.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/log.h"
#include "audit/reader.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/support/catch.h"
#include "tests/support/error_id.h"
#include "tests/support/temp_folder.h"

namespace mend::audit {
namespace {

using mend::test::id_of_error;

using test::TempFolder;

struct Sealed {
  Sealed() {
    Log log = Log::create(folder.path().string(), "run", "0011", 4096, recipient.public_key);
    path = log.path();
    log.append("windows-found", "success", "found a Windows installation", {{"host.name", "PC-SECRET-01"}});
    log.append("verified", "success", std::string(700, 'x'), Fields::object());
    closing = log.close();
    bytes = read_file(path, 1 << 20);
  }
  std::string with(const ByteVector& content) const {
    std::string other = folder / "other.jsonl.sealed";
    std::ofstream(other, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    return other;
  }
  TempFolder folder;
  crypto::KeyPair recipient = crypto::make_key_pair();
  std::string path;
  crypto::Sha256Digest closing{};
  ByteVector bytes;
};

TEST_CASE("A-6: a sealed log shows nothing of its lines, and its recipient reads them all", "[audit]") {
  const Sealed sealed;
  CHECK(sealed.path.ends_with("run.jsonl.sealed"));
  const std::string_view raw = as_text(sealed.bytes);
  for (const char* word : {"PC-SECRET-01", "windows-found", "event.action", "0011"})
    CHECK(raw.find(word) == raw.npos);
  const OpenedLog opened = open_sealed_log(sealed.path, sealed.recipient);
  CHECK(opened.whole);
  const std::string plain = sealed.folder / "plain.jsonl";
  std::ofstream(plain, std::ios::binary) << opened.lines;
  std::vector<std::string> actions;
  const ReadResult read =
      read_log(plain, [&](const Fields& record) { actions.push_back(record.at("event.action")); });
  CHECK(read.chain == Chain::kWhole);
  CHECK(read.last == sealed.closing);  // the receipt proves it as it proves a plain one
  CHECK(actions == std::vector<std::string>{"windows-found", "verified", "log-closed"});
  CHECK(id_of_error([&] { open_sealed_log(sealed.path, crypto::make_key_pair()); }) ==
        "audit.sealed.recipient");
  CHECK(id_of_error([&] { open_sealed_log(plain, sealed.recipient); }) == "audit.sealed.form");
  CHECK(id_of_error([&] { read_log(sealed.path); }) == "audit.read.sealed");
}

TEST_CASE("AS-1: a sealed log that was cut anywhere gives its whole records, and says that it was cut",
          "[audit]") {
  const Sealed sealed;
  const std::string lines = open_sealed_log(sealed.path, sealed.recipient).lines;
  size_t records_seen = 0;
  for (size_t size = 152; size < sealed.bytes.size(); ++size) {
    const ByteVector cut(sealed.bytes.begin(), sealed.bytes.begin() + static_cast<ptrdiff_t>(size));
    const OpenedLog opened = open_sealed_log(sealed.with(cut), sealed.recipient);
    CHECK_FALSE(opened.whole);
    CHECK_FALSE(opened.why.empty());
    CHECK(lines.compare(0, opened.lines.size(), opened.lines) == 0);
    CHECK((opened.lines.empty() || opened.lines.back() == '\n'));
    records_seen = std::max(records_seen, opened.lines.size());
  }
  CHECK(records_seen > 1000);  // two of the three
  CHECK(id_of_error([&] {
          open_sealed_log(sealed.with(ByteVector(sealed.bytes.begin(), sealed.bytes.begin() + 151)),
                          sealed.recipient);
        }) == "audit.sealed.form");
}

TEST_CASE("AS-2: a sealed log that was changed anywhere is never whole", "[audit]") {
  const Sealed sealed;
  for (size_t at = 0; at < sealed.bytes.size(); ++at) {
    if (at >= 16 && at < 48) continue;  // says whose it is; the box decides
    ByteVector changed = sealed.bytes;
    changed[at] ^= static_cast<uint8_t>(1u << (at % 8));
    bool whole = false;
    try {
      whole = open_sealed_log(sealed.with(changed), sealed.recipient).whole;
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): refused as a whole
    }
    CAPTURE(at);
    CHECK_FALSE(whole);
  }
  ByteVector longer = sealed.bytes;
  longer.insert(longer.end(), 21, 0);
  CHECK_FALSE(open_sealed_log(sealed.with(longer), sealed.recipient).whole);
}

TEST_CASE("two sealed logs to one recipient share no key", "[audit]") {
  const Sealed one;
  const Sealed two;
  ByteVector mixed(one.bytes.begin(), one.bytes.begin() + 152);
  mixed.insert(mixed.end(), two.bytes.begin() + 152, two.bytes.end());
  CHECK(open_sealed_log(one.with(mixed), one.recipient).lines.empty());
}

}  // namespace
}  // namespace mend::audit
