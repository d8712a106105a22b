// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/packages.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "image/apt.h"
#include "image/files.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::fault_of;
// A distribution in memory. Versions compare as numbers.
class Distribution : public PackageSource {
 public:
  void add(const std::string& name, const std::string& version, const std::string& depends = "") {
    all.push_back({name, version, "amd64", depends, std::string(64, 'a'), 1000, 2000});
  }
  std::vector<Offer> offers(const std::vector<std::string>& names) override {
    std::vector<Offer> found;
    for (const Offer& offer : all)
      if (std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return name == offer.name || name == offer.name + "=" + offer.version;
          }))
        found.push_back(offer);
    return found;
  }
  std::vector<std::string> names_with(const std::string& prefix) override {
    std::vector<std::string> names;
    for (const Offer& offer : all)
      if (offer.name.starts_with(prefix)) names.push_back(offer.name);
    return names;
  }
  bool is_newer(const std::string& version, const std::string& than) override {
    return std::stod(version) > std::stod(than);
  }

  std::vector<Offer> all;
};

Distribution bookworm() {
  Distribution source;
  source.add("shim-signed", "1.51");
  source.add("grub-common", "2.06");
  source.add("linux-image-amd64", "6.1", "linux-image-6.1.0-40-amd64 (= 6.1)");
  source.add("linux-image-6.1.0-40-amd64", "6.1", "kmod, linux-base");
  source.add("linux-image-6.9-amd64", "6.9", "linux-image-6.9.1-amd64 (= 6.9)");
  source.add("linux-image-6.9.1-amd64", "6.9", "kmod, linux-modules-6.9.1-amd64 (= 6.9) | other");
  source.add("linux-modules-6.9.1-amd64", "6.9");
  source.add("linux-image-cloud-amd64", "7.0", "linux-image-7.0-cloud-amd64");
  source.add("linux-image-7.0-cloud-amd64", "7.0");
  source.add("linux-image-7.0-rt-amd64", "7.0");
  source.add("linux-image-7.0-amd64-unsigned", "7.0");
  return source;
}

Selection select(Distribution source, const std::string& list) {
  return select_packages(parse_package_list(list, "packages.conf"), "packages.conf", source);
}

TEST_CASE("PK-2: the kernel is the newest signed one of those that the list allows", "[image]") {
  const Selection newest = select(bookworm(),
                                  "boot shim-signed BSD-2-Clause\ntool grub-common\n"
                                  "kernel linux-image-amd64\nkernel linux-image-N.N-amd64\n");
  std::vector<std::string> names;
  for (const auto& package : newest.packages) names.push_back(package.offer.name);
  CHECK(names == std::vector<std::string>{"shim-signed", "grub-common", "linux-modules-6.9.1-amd64",
                                          "linux-image-6.9.1-amd64"});
  CHECK(newest.kernel_version == "6.9.1-amd64");
  CHECK(newest.packages[0].licence == "BSD-2-Clause");
  CHECK(newest.packages[0].use == PackageUse::kUnpacked);
  CHECK(newest.packages[1].use == PackageUse::kTool);

  CHECK(select(bookworm(), "kernel linux-image-amd64").kernel_version == "6.1.0-40-amd64");
  CHECK(select(bookworm(), "kernel linux-image-6.1.0-40-amd64").kernel_version == "6.1.0-40-amd64");
}

TEST_CASE("PK-1: a package that is not on offer is named with its line", "[image]") {
  const std::string none = fault_of(
      [] { select(bookworm(), "boot shim\n# so\nboot shim-signed\ntool grub\nkernel linux-image-amd64"); });
  CHECK(none.starts_with("image.packages.none: "));
  CHECK(none.ends_with(":\npackages.conf:1: shim\npackages.conf:4: grub"));
  CHECK(none.find("/etc/apt") != std::string::npos);
  const std::string kernel =
      fault_of([] { select(bookworm(), "boot shim-signed\nkernel linux-image-N.N-arm64"); });
  CHECK(kernel.starts_with("image.packages.kernel: "));
  CHECK(kernel.ends_with("\npackages.conf:2: linux-image-N.N-arm64"));
  CHECK(fault_of([] { select(bookworm(), "boot shim-signed"); }).starts_with("image.packages.kernel: "));
  Distribution half = bookworm();
  std::erase_if(half.all, [](const Offer& offer) { return offer.name == "linux-image-6.9.1-amd64"; });
  CHECK(fault_of([&] {
          select(half, "kernel linux-image-N.N-amd64");
        }).starts_with("image.packages.needed: linux-image-6.9-amd64 needs"));
}

TEST_CASE("A line of the list of packages that is not understood is named", "[image]") {
  for (const char* line :
       {"boots shim", "boot", "boot Shim", "boot ../shim", "boot shim GPL more", "kernel linux-libc-dev"})
    CHECK(fault_of([&] {
            parse_package_list("\n" + std::string(line), "p.conf");
          }).starts_with("image.packages.line: p.conf:2: "));
  CHECK(parse_package_list("# boot shim\n   \n", "p.conf").empty());
}

TEST_CASE("In a kernel's name N stands for a number and for nothing else", "[image]") {
  CHECK(fits_pattern("linux-image-N.N-amd64", "linux-image-6.12-amd64"));
  CHECK_FALSE(fits_pattern("linux-image-N.N-amd64", "linux-image-6.12.1-amd64"));
  CHECK_FALSE(fits_pattern("linux-image-N.N-amd64", "linux-image-6.12-amd64-unsigned"));
  CHECK_FALSE(fits_pattern("linux-image-N.N-amd64", "linux-image-6.-amd64"));
  CHECK_FALSE(fits_pattern("linux-image-N.N-amd64", "linux-image-amd64"));
  CHECK_FALSE(fits_pattern("N", ""));
  CHECK(fits_pattern("", ""));
}

TEST_CASE("apt's records are read; one that could not be checked later is left out", "[image]") {
  const std::string sha(64, '0');
  const auto offers = parse_offers(
      "Package: a\nVersion: 1:2-3\nArchitecture: amd64\nInstalled-Size: 10\nDepends: x (= 1) | y, z\n"
      "Description: has a\n Version: 9\nSize: 77\nSHA256: " +
      sha +
      "\n\n"
      "Package: without-hash\nVersion: 1\n\n\n"
      "Package: ../up\nVersion: 1\nSHA256: " +
      sha + "\n");
  REQUIRE(offers.size() == 1);
  CHECK(offers[0].version == "1:2-3");
  CHECK(offers[0].size_bytes == 77);
  CHECK(offers[0].unpacked_bytes == 10240);
  CHECK(offers[0].file_name() == "a_1%2-3_amd64.deb");
  const auto needs = parse_dependencies(offers[0].depends);
  REQUIRE(needs.size() == 2);
  CHECK(needs[0].name == "x");
  CHECK(needs[0].exact_version == "1");
  CHECK(needs[1].name == "z");
  CHECK(needs[1].exact_version.empty());
}

// The real apt, with no way to any of its sources.
TEST_CASE("Without a network and without lists the message says what to do", "[image]") {
  if (!mend::test::need_program("apt-get")) return;
  const mend::test::TempFolder cache;
  SilentProgress progress;
  Apt apt(cache.path().string(),
          {"Dir::Etc::sourceparts=/dev/null", "Dir::Etc::sourcelist=" + (cache / "sources.list"),
           "Acquire::http::Proxy=http://127.0.0.1:9/", "Acquire::Retries=0"},
          progress);
  test::write_text_file(cache / "sources.list", "deb http://nowhere.invalid/debian bookworm main\n");
  const std::string fault = fault_of([&] { apt.refresh(false); });
  CHECK(fault.starts_with("image.apt.lists: "));
  CHECK(fault.find("Connect this machine") != std::string::npos);
  CHECK(fault.find("nowhere.invalid") != std::string::npos);
  CHECK(apt.offers({"shim-signed"}).empty());
  CHECK(fault_of([&] {
          apt.fetch({"shim-signed", "1", "amd64", "", std::string(64, 'a'), 1, 1});
        }).starts_with("image.apt.download: cannot download shim-signed 1 "));
  for (const std::string& name : files_below(cache.path())) CHECK(name.find(".deb") == std::string::npos);
  CHECK(fault_of([&] { Apt("/tmp/a\"b", {}, progress); }).starts_with("image.apt.path: "));
}

// A repository of one package in a folder, which apt is told to trust: everything that apt does is real but
// the check of the lists' signature.
TEST_CASE("AP-2: a download that is not what the records say is not kept, a damaged one is fetched anew",
          "[image]") {
  if (!mend::test::need_program("apt-get") || !mend::test::need_program("dpkg-deb")) return;
  const mend::test::TempFolder folder;
  test::write_text_file(
      folder / "tree/DEBIAN/control",
      "Package: tiny\nVersion: 1.0\nArchitecture: amd64\nMaintainer: none\nDescription: tiny\n");
  test::write_text_file(folder / "tree/usr/share/tiny", "content\n");
  run_successfully({"dpkg-deb", "--build", "--root-owner-group", folder / "tree", folder / "tiny.deb"}, "");
  const std::string deb = test::read_text(folder / "tiny.deb");
  const std::string sha = to_hex(crypto::sha256(as_bytes(deb)));
  test::write_text_file(
      folder / "Packages",
      "Package: tiny\nVersion: 1.0\nArchitecture: amd64\nMaintainer: none\nFilename: ./tiny.deb\n"
      "Size: " +
          std::to_string(deb.size()) + "\nSHA256: " + sha + "\nDescription: tiny\n");
  test::write_text_file(folder / "sources.list",
                        "deb [trusted=yes] file:" + folder.path().string() + " ./\n");
  SilentProgress progress;
  Apt apt(folder / "cache",
          {"Dir::Etc::sourceparts=/dev/null", "Dir::Etc::sourcelist=" + (folder / "sources.list")}, progress);
  apt.refresh(false);
  const std::vector<Offer> offers = apt.offers({"tiny"});
  REQUIRE(offers.size() == 1);
  CHECK(apt.names_with("ti") == std::vector<std::string>{"tiny"});
  const std::string path = apt.fetch(offers[0]);
  CHECK(test::read_text(path) == deb);

  test::write_text_file(path, deb.substr(1));
  CHECK(test::read_text(apt.fetch(offers[0])) == deb);

  test::write_text_file(path, "damaged");
  Offer other = offers[0];
  other.sha256 = std::string(64, 'f');
  CHECK(fault_of([&] { apt.fetch(other); }).starts_with("image.apt.hash: tiny "));
  CHECK_FALSE(std::filesystem::exists(path));

  test::write_text_file(folder / "tiny.deb", deb.substr(1));
  CHECK(fault_of([&] { apt.fetch(offers[0]); }).starts_with("image.apt."));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("The real apt compares versions as Debian does", "[image]") {
  const mend::test::TempFolder cache;
  SilentProgress progress;
  Apt apt(cache.path().string(), {}, progress);
  CHECK(apt.is_newer("6.12.117-1~deb12u1", "6.9.7-1"));
  CHECK_FALSE(apt.is_newer("6.12~rc1", "6.12"));
  CHECK_FALSE(apt.is_newer("6.12", "6.12"));
}

}  // namespace
}  // namespace mend::image
