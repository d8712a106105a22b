// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/build.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "image/batch.h"
#include "image/bill.h"
#include "image/verify.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

BuildOptions some_options() {
  BuildOptions options;
  options.read_me = "For @CUSTOMER@: @INCIDENT@\nBuilt @BUILT@, @ID@, ask @CONTACT@\n";
  options.built = build_time("1790000000");
  options.size_bytes = 64 * kMiB;
  return options;
}

struct Site {
  Site() : base(test::small_base(folder.path() / "base")) {
    test::make_customer(folder.path() / "customers/acme");
  }

  BuiltImage build(const std::string& output, const BuildOptions& options = some_options()) {
    RangeHasher hasher;
    SilentProgress silent;
    test::sign_customer(folder / "customers/acme");
    const Customer customer = load_customer(folder / "customers/acme", test::trusted());
    fs::create_directories(fs::path(folder / output).parent_path());
    return build_image(base, customer, options, folder / output, hasher, silent);
  }
  std::string file_of(const std::string& image, const std::string& path) const {
    return test::run_judge({"mtype", "-i", test::volume_of(folder / image), "::" + path}).output;
  }
  std::vector<std::string> names(const std::string& sub) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder / sub))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  mend::test::TempFolder folder;
  Base base;
};

VerifyReport verified(const std::string& path, const std::string& bmap = "", const std::string& record = "") {
  SilentProgress silent;
  return verify_stick({path, bmap, record, test::trusted()}, silent);
}

bool finds(const VerifyReport& report, const std::string& what) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const std::string& finding) { return finding.find(what) != std::string::npos; });
}

}  // namespace

TEST_CASE("BU-1: the same input gives the same bytes in another folder; another time does not", "[image]") {
  Site site;
  const BuiltImage first = site.build("one/acme.img");
  fs::rename(site.folder / "customers", site.folder / "elsewhere");
  fs::create_directory(site.folder / "customers");
  fs::rename(site.folder / "elsewhere/acme", site.folder / "customers/acme");
  const BuiltImage second = site.build("two/acme.img");
  CHECK(first.id == second.id);
  for (const char* ending : {"", ".bmap", ".bill.json", ".sha256"}) {
    INFO(ending);
    CHECK((test::read_text(site.folder / ("one/acme.img" + std::string(ending))) ==
           test::read_text(site.folder / ("two/acme.img" + std::string(ending)))));
  }
  BuildOptions later = some_options();
  later.built += std::chrono::seconds(1);
  CHECK(site.build("three/acme.img", later).id != first.id);
}

TEST_CASE("BU-2: whatever goes in changes the id", "[image]") {
  Site site;
  std::set<std::string> ids = {site.build("a.img").id};
  BuildOptions options = some_options();
  options.size_bytes = 300 * kMiB;
  CHECK(ids.insert(site.build("a.img", options).id).second);
  options = some_options();
  options.read_me += "!";
  CHECK(ids.insert(site.build("a.img", options).id).second);
  site.base.sha256[0] ^= 1;
  CHECK(ids.insert(site.build("a.img").id).second);
  test::write_text_file(site.folder.path() / "customers/acme/keys/PC-2.txt", test::kKeyText);
  CHECK(ids.insert(site.build("a.img").id).second);
  fs::rename(site.folder / "customers/acme/keys/PC-2.txt", site.folder / "customers/acme/keys/PC-3.txt");
  CHECK(ids.insert(site.build("a.img").id).second);
}

TEST_CASE("what is made for an image says who it is for", "[image]") {
  if (!mend::test::need_program("mtype")) return;
  Site site;
  const BuiltImage built = site.build("a.img");
  const profile::ImageInfo info =
      profile::parse_image_info(site.file_of("a.img", "mendstick/image.toml"), "image.toml");
  CHECK(info.id == built.id);
  CHECK(info.customer == "Müller & Söhne");
  CHECK(info.incident == "A test");
  CHECK(to_iso8601(info.built) == "2026-09-21T14:13:20Z");
  CHECK(info.version == MEND_VERSION);
  CHECK(site.file_of("a.img", "READ-ME-FIRST.txt") ==
        "For Müller & Söhne: A test\r\nBuilt 2026-09-21 14:13 UTC, " + built.id +
            ", ask whoever gave you this stick\r\n");
  const std::string menu = site.file_of("a.img", "EFI/debian/grub.cfg");
  CHECK(menu.find(built.id) != std::string::npos);
  CHECK(menu.find('@') == std::string::npos);
  const std::string list =
      test::run_judge({"mdir", "-i", test::volume_of(site.folder / "a.img"), "::"}).output;
  CHECK(list.find("MULLER _ SO") != std::string::npos);
  std::string serial = built.id.substr(0, 8);
  std::transform(serial.begin(), serial.end(), serial.begin(),
                 [](char c) { return static_cast<char>(::toupper(c)); });
  CHECK(list.find(serial.substr(0, 4) + "-" + serial.substr(4)) != std::string::npos);
  CHECK(test::read_text(site.folder / "a.img.sha256") == to_hex(*built.sha256) + "  a.img\n");
  CHECK(crypto::sha256(as_bytes(test::read_text(site.folder / "a.img"))) == *built.sha256);
}

TEST_CASE("a shell is on the stick whose profile asks for one, and on no other", "[image]") {
  Site site;
  const auto holds_shell = [&](const std::string& image) {
    const bool file =
        test::run_judge({"mdir", "-b", "-i", test::volume_of(site.folder / image), "::mendstick"})
            .output.find("/shell") != std::string::npos;
    const std::string menu = site.file_of(image, "EFI/debian/grub.cfg");
    CHECK((menu.find("shell=/mendstick/shell") != std::string::npos) == file);
    const std::string bill = test::read_text(site.folder / (image + ".bill.json"));
    CHECK((bill.find("shell-test") != std::string::npos) == file);
    return file;
  };
  site.build("without.img");
  CHECK_FALSE(holds_shell("without.img"));
  test::write_text_file(site.folder / "customers/acme/profile.toml",
                        std::string(test::kProfileText) + "shell = true\n");
  site.build("with.img");
  CHECK(holds_shell("with.img"));
}

TEST_CASE("BI-2: the bill names every file of the stick and every package", "[image]") {
  Site site;
  site.build("a.img");
  const std::string text = test::read_text(site.folder / "a.img.bill.json");
  std::set<std::string> paths;
  for (const BilledFile& file : billed_files(text, "bill")) paths.insert(file.path);
  CHECK(paths == std::set<std::string>{"EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "EFI/BOOT/mmx64.efi",
                                       "EFI/debian/grub.cfg", "READ-ME-FIRST.txt", "keys/PC-1.txt",
                                       "manifests/test.toml", "manifests/test.toml.minisig",
                                       "mendstick/image.toml", "mendstick/initramfs",
                                       "mendstick/trusted/build.pub", "mendstick/trusted/manifest.pub",
                                       "mendstick/vmlinuz", "profile.toml", "profile.toml.minisig"});
  const auto bill = nlohmann::json::parse(text);
  CHECK(bill["bomFormat"] == "CycloneDX");
  CHECK(bill["specVersion"] == "1.5");
  std::set<std::string> references;
  bool has_kernel = false;
  for (const auto& component : bill["components"]) {
    CHECK(references.insert(component["bom-ref"]).second);
    if (component["name"] != "linux-image-test") continue;
    has_kernel = true;
    CHECK(component["purl"] == "pkg:deb/debian/linux-image-test@6.12.0-1%2Bb1?arch=amd64");
    CHECK(component["licenses"].size() == 2);
    CHECK(component["licenses"][1]["license"]["name"] == "MIT");
  }
  CHECK(has_kernel);
}

TEST_CASE("an image grows with its content, unless a size was given: then it is refused with sizes",
          "[image]") {
  Site site;
  BuildOptions options = some_options();
  options.size_bytes = 0;
  CHECK(site.build("a.img", options).size_bytes == 256 * kMiB);
  const std::string large(150 * kMiB, '\0');
  test::write_text_file(site.folder.path() / "base/large", large);
  site.base.files.push_back({"mendstick/large", "large", large.size(), crypto::sha256(as_bytes(large))});
  const BuiltImage built = site.build("a.img", options);
  CHECK(built.size_bytes > 256 * kMiB);
  CHECK(built.free_bytes >= kRoomForLogsBytes);
  CHECK(verified(site.folder / "a.img").findings.empty());
  const std::string before = test::read_text(site.folder / "a.img.sha256");
  options.size_bytes = 128 * kMiB;
  CHECK_THROWS_AS(site.build("a.img", options), Error);
  CHECK(test::read_text(site.folder / "a.img.sha256") == before);
  CHECK(site.names(".") == std::vector<std::string>{"a.img", "a.img.bill.json", "a.img.bmap", "a.img.sha256",
                                                    "base", "customers"});
}

TEST_CASE("SOURCE_DATE_EPOCH is a number of seconds or an error", "[image]") {
  CHECK(to_iso8601(build_time("0")) == "1970-01-01T00:00:00Z");
  for (const char* wrong : {"-1", "x", "12x", " 1", "99999999999999999999"})
    CHECK_THROWS_AS(build_time(wrong), Error);
  CHECK(now() - build_time(nullptr) < std::chrono::seconds(5));
  CHECK(build_time("").time_since_epoch().count() % 1'000'000'000 == 0);
}

TEST_CASE("BA-1: one failing customer stops no other, and is named with the reason", "[image]") {
  Site site;
  for (const char* name : {"beta", "gamma", "delta"})
    test::make_customer(site.folder.path() / "customers" / name);
  test::write_text_file(site.folder.path() / "customers/gamma/profile.toml", "[customer]\nnme = \"x\"\n");
  test::write_text_file(site.folder.path() / "customers/.hidden/profile.toml", "");
  BatchRequest request;
  request.customers = site.folder / "customers";
  request.trusted = test::trusted();
  request.output = site.folder / "out/images";
  request.options = some_options();
  request.options.whole_hash = WholeHash::kNo;
  request.jobs = 3;
  SilentProgress silent;
  std::atomic<bool> stop{false};
  const BatchResult result = build_batch(site.base, request, stop, silent);
  CHECK(result.built == 3);
  CHECK(result.with_keys == 3);
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].customer == "gamma");
  CHECK(result.failures[0].why.find("gamma/profile.toml:2:") != std::string::npos);
  std::vector<std::string> expected;
  for (const char* name : {"acme", "beta", "delta"}) {
    for (const char* ending : {".img", ".img.bill.json", ".img.bmap"})
      expected.push_back(name + std::string(ending));
    CHECK(verified(site.folder / ("out/images/" + std::string(name) + ".img")).findings.empty());
  }
  CHECK(site.names("out/images") == expected);
  // The same image as built alone.
  site.build("alone/acme.img");
  CHECK((test::read_text(site.folder / "alone/acme.img") ==
         test::read_text(site.folder / "out/images/acme.img")));
  CHECK(test::read_text(site.folder / "alone/acme.img.bmap") ==
        test::read_text(site.folder / "out/images/acme.img.bmap"));

  stop = true;
  request.output = site.folder / "stopped";
  CHECK(build_batch(site.base, request, stop, silent).failures.size() == 4);
  CHECK(site.names("stopped").empty());
}

TEST_CASE("BA-2: every customer is in exactly one shard, and stays there when others come", "[image]") {
  for (const uint32_t count : {1U, 2U, 7U, 64U}) {
    for (int i = 0; i < 500; ++i) {
      const std::string name = "customer-" + std::to_string(i);
      size_t shards = 0;
      for (uint32_t index = 1; index <= count; ++index) shards += is_in_shard(name, {index, count}) ? 1U : 0U;
      CHECK(shards == 1);
    }
  }
  // Fixed by this example: job arrays of different machines must agree.
  CHECK(is_in_shard("acme", {3, 4}));
  CHECK(parse_shard("3/8").index == 3);
  CHECK(parse_shard("3/8").count == 8);
  for (const char* wrong : {"", "3", "0/8", "9/8", "3/", "/8", "3/8/1", "a/b", "-1/8", "3/0"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_shard(wrong), Error);
  }
}

TEST_CASE("VE-1: what use changes is a note; what nobody should change is a finding by name", "[image]") {
  if (!mend::test::need_program("mcopy")) return;
  Site site;
  site.build("a.img");
  const std::string stick = site.folder / "stick";
  fs::copy_file(site.folder / "a.img", stick);
  const auto put = [&](const char* path, const std::string& text) {
    test::write_text_file(site.folder.path() / "put", text);
    const Outcome done = test::run_judge(
        {"mcopy", "-o", "-i", test::volume_of(stick), site.folder / "put", std::string("::") + path});
    INFO(done.errors);
    REQUIRE(done.status == 0);
  };
  put("logs/20261125T120000Z-PC-1.jsonl", test::pattern(100'000));
  put("mendstick/stick-id", "0011");
  const VerifyReport used = verified(stick, site.folder / "a.img.bmap");
  CHECK(used.findings.empty());
  CHECK(used.notes.size() == 2);

  put("autorun.inf", "[autorun]");
  put("profile.toml", "[customer]\nname = \"Another\"\n");
  test::run_judge({"mdel", "-i", test::volume_of(stick), "::keys/PC-1.txt"});
  const VerifyReport changed = verified(stick, site.folder / "a.img.bmap");
  CHECK(changed.findings.size() == 3);
  CHECK(finds(changed, "autorun.inf was added"));
  CHECK(finds(changed, "profile.toml differs"));
  CHECK(finds(changed, "keys/PC-1.txt is missing"));
}

TEST_CASE("VE-1: one changed byte of any mapped range is found in an image", "[image]") {
  Site site;
  site.build("a.img");
  fs::remove(site.folder / "a.img.sha256");
  CHECK(verified(site.folder / "a.img").findings.empty());
  const std::string whole = test::read_text(site.folder / "a.img");
  for (const BmapRange& range : load_bmap(site.folder / "a.img.bmap").ranges) {
    if (range.offset() > 0 && all_zero(as_bytes(whole).subspan(range.offset(), range.size_bytes()))) continue;
    std::fstream file(site.folder / "a.img", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(range.offset()));
    file.put(static_cast<char>(whole[range.offset()] ^ 1));
    file.close();
    const VerifyReport report = verified(site.folder / "a.img");
    INFO("range from byte " << range.offset());
    CHECK((!report.findings.empty() || report.notes.front().find("have changed") != std::string::npos));
    std::fstream undo(site.folder / "a.img", std::ios::in | std::ios::out | std::ios::binary);
    undo.seekp(static_cast<std::streamoff>(range.offset()));
    undo.put(whole[range.offset()]);
  }
  CHECK(verified(site.folder / "a.img").findings.empty());
}

TEST_CASE("VE-3: a stick is compared with the record of its build, and the record with its signature",
          "[image]") {
  if (!mend::test::need_program("mcopy")) return;
  Site site;
  const BuiltImage built = site.build("a.img");
  const std::string record = site.folder / "a.img.bill.json", stick = site.folder / "stick";
  fs::copy_file(site.folder / "a.img", stick);
  VerifyReport report = verified(stick, "", record);
  CHECK(report.findings.empty());
  REQUIRE_FALSE(report.notes.empty());
  CHECK(report.notes[0].find("Mendstick image for Müller & Söhne, build 0, id " + built.id) !=
        std::string::npos);

  // Somebody changes a file and the stick's own bill with it: only the record knows.
  test::write_text_file(site.folder.path() / "customers/acme/keys/PC-2.txt", test::kKeyText);
  const BuiltImage other = site.build("b.img");
  CHECK(verified(site.folder / "b.img", "", "").findings.empty());
  report = verified(site.folder / "b.img", "", record);
  CHECK(finds(report, "it is not of the build that"));
  CHECK(finds(report, other.id));
  CHECK(finds(report, "keys/PC-2.txt was added"));

  test::sign(record, trust::Role::kBuild);
  report = verified(stick, "", record);
  CHECK(report.findings.empty());
  CHECK(report.notes[1].find("signed with key") != std::string::npos);
  test::sign(record, trust::Role::kManifest);
  CHECK(finds(verified(stick, "", record), "not trusted for profiles"));
  test::sign(record, trust::Role::kBuild);
  test::write_text_file(record, test::read_text(record) + " ");
  CHECK(finds(verified(stick, "", record), "it was changed after it was signed"));
  test::write_text_file(record, "{}");
  fs::remove(record + ".minisig");
  CHECK(finds(verified(stick, "", record), "is no bill of an image"));
}

}  // namespace mend::image
