// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/modules.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "image/files.h"
#include "tests/support/catch.h"
#include "tests/unit/image/elf_builder.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::fault_of;
using test::kernel_module;
using test::write_text_file;

// What went wrong, as "id: message".
// The modules of a kernel: a -> b -> c, d beside; e is packed and has a soft dependency on d and on what is
// built in or absent.
struct Kernel {
  Kernel() {
    add("kernel/drivers/a-mod.ko", {"alias=pci:v1*", "alias=usb:v2*", "depends=b_mod,builtin_mod"});
    add("kernel/drivers/b-mod.ko", {"depends=c_mod"});
    add("kernel/lib/c_mod.ko", {"license=GPL", "depends="});
    add("kernel/fs/d_mod.ko", {"alias=platform:d", "depends="});
    add("kernel/fs/e_mod.ko",
        {"softdep=pre: d-mod absent builtin_mod platform:d", "softdep=post: c_mod", "depends="});
    add("kernel/fs/other.ko", {"depends=c_mod"});
    write_text_file(folder.path() / "modules.builtin", "kernel/x/builtin-mod.ko\n");
  }
  void add(const std::string& path, const std::vector<std::string>& texts) {
    const ByteVector module = kernel_module(texts);
    write_text_file(folder.path() / path, as_text(module));
  }
  ModuleTree tree() const { return ModuleTree(folder.path().string()); }
  ModuleSet collect(const std::string& list) const {
    return collect_modules(tree(), parse_module_list(list, "modules.conf"), "modules.conf");
  }

  mend::test::TempFolder folder;
};

TEST_CASE("A list of modules: names, options, and which are always loaded", "[image]") {
  const auto list = parse_module_list(
      "# why\n\nnvme  # fast\nalways nls-cp437\nusb_storage delay_use=0 quirks=a:b:c\n", "f");
  REQUIRE(list.size() == 3);
  CHECK(list[0].name == "nvme");
  CHECK_FALSE(list[0].always);
  CHECK(list[0].line == 3);
  CHECK(list[1].name == "nls_cp437");
  CHECK(list[1].always);
  CHECK(list[2].options == "delay_use=0 quirks=a:b:c");
  CHECK(parse_module_list("", "f").empty());
}

TEST_CASE("A line of the list that is not understood is named", "[image]") {
  CHECK(fault_of([] {
          parse_module_list("nvme\nalways\n", "m.conf");
        }).starts_with("image.modules.line: m.conf:2: "));
  CHECK(fault_of([] { parse_module_list("a/b", "m.conf"); }).starts_with("image.modules.line: m.conf:1: "));
  CHECK(fault_of([] { parse_module_list("a =b", "m.conf"); }).starts_with("image.modules.line: m.conf:1: "));
  CHECK(fault_of([] {
          parse_module_list("sd-mod\n\nsd_mod", "m.conf");
        }).starts_with("image.modules.line: m.conf:3: "));
}

TEST_CASE("MO-2: what a module needs is there too; what is built in, or only wished for, may be absent",
          "[image]") {
  const Kernel kernel;
  const ModuleSet set = kernel.collect("a_mod\nalways e-mod x=1\nbuiltin_mod\n");
  std::vector<std::string> names;
  for (const auto& [name, module] : set.modules) names.push_back(name);
  CHECK(names == std::vector<std::string>{"a_mod", "b_mod", "c_mod", "d_mod", "e_mod"});
  CHECK(set.dependency_list() ==
        "kernel/drivers/a-mod.ko: kernel/drivers/b-mod.ko kernel/lib/c_mod.ko\n"
        "kernel/drivers/b-mod.ko: kernel/lib/c_mod.ko\n"
        "kernel/fs/d_mod.ko:\n"
        "kernel/fs/e_mod.ko:\n"
        "kernel/lib/c_mod.ko:\n");
  CHECK(set.alias_list() == "alias pci:v1* a_mod\nalias usb:v2* a_mod\nalias platform:d d_mod\n");
  CHECK(set.soft_dependency_list() == "softdep e_mod pre: d_mod platform:d\nsoftdep e_mod post: c_mod\n");
  CHECK(set.always_list() == "e_mod\n");
  CHECK(set.option_list() == "options e_mod x=1\n");
}

TEST_CASE("What is first, always, often or later on a PC, with what it needs, is unpacked with init",
          "[image]") {
  const Kernel kernel;
  const ModuleSet set = kernel.collect("first b_mod\nlater d_mod\na_mod\nalways builtin_mod\n");
  CHECK(set.often() == std::set<std::string>{"b_mod", "c_mod", "d_mod"});
  CHECK(set.later_list() == "d_mod\n");
  CHECK(set.first_list() == "kernel/lib/c_mod.ko kernel/drivers/b-mod.ko\n");
  CHECK(set.always_list().empty());
}

TEST_CASE("MO-2: modules that need each other in a circle are each listed once", "[image]") {
  Kernel kernel;
  kernel.add("kernel/x.ko", {"depends=y"});
  kernel.add("kernel/y.ko", {"depends=x"});
  CHECK(kernel.collect("x").dependency_list() == "kernel/x.ko: kernel/y.ko\nkernel/y.ko: kernel/x.ko\n");
}

TEST_CASE("a module of newer kernels is taken where it is, and not missed where it is not", "[image]") {
  Kernel kernel;
  kernel.add("kernel/x.ko", {});
  CHECK(kernel.collect("newer x\nnewer y\n").modules.size() == 1);
}

TEST_CASE("MO-1: a module that the kernel does not have fails the build with its line", "[image]") {
  Kernel kernel;
  const std::string fault = fault_of([&] { kernel.collect("a_mod\nnvmee\nbuiltin_mod\nahcii\n"); });
  CHECK(fault.starts_with("image.modules.none: "));
  CHECK(fault.find("\nmodules.conf:2: nvmee\nmodules.conf:4: ahcii") != std::string::npos);
  kernel.add("kernel/broken.ko", {"depends=gone"});
  CHECK(fault_of([&] {
          kernel.collect("broken");
        }).starts_with("image.modules.needed: kernel/broken.ko needs"));
}

TEST_CASE("A folder without modules, and a file that is none, are named", "[image]") {
  const mend::test::TempFolder empty;
  CHECK(fault_of([&] { ModuleTree{empty.path().string()}; }).starts_with("image.modules.tree: "));
  Kernel kernel;
  write_text_file(kernel.folder.path() / "kernel/text.ko", "no module");
  CHECK(fault_of([&] { kernel.collect("text"); }).starts_with("image.modinfo.elf: kernel/text.ko: "));
}

TEST_CASE("MO-3: a packed module comes out as it went in", "[image]") {
  if (!mend::test::need_program("xz")) return;
  Kernel kernel;
  const std::string path = kernel.folder / "kernel/fs/e_mod.ko";
  const std::string plain = test::read_text(path);
  run_successfully({"xz", "--check=crc32", "--lzma2=dict=1MiB", path}, "");
  CHECK(kernel.tree().path_of("e_mod") == "kernel/fs/e_mod.ko");
  const ModuleSet set = kernel.collect("e_mod");
  CHECK(as_text(set.modules.at("e_mod").content) == plain);

  const std::string packed = test::read_text(path + ".xz");
  for (size_t length = 0; length < packed.size(); ++length)
    CHECK(fault_of([&] {
            unpack_xz(as_bytes(packed).first(length), 1 << 20);
          }).starts_with("image.modules.xz: "));
  CHECK(fault_of([&] {
          unpack_xz(as_bytes(packed), plain.size() - 1);
        }).starts_with("image.modules.xz_size: "));
  write_text_file(path + ".xz", packed.substr(0, packed.size() / 2));
  CHECK(fault_of([&] { kernel.collect("e_mod"); }).find("e_mod.ko.xz: ") != std::string::npos);
}

TEST_CASE("MD-1: a module cut at any length, or with any byte changed, gives a list or an error", "[image]") {
  const ByteVector module = kernel_module({"alias=pci:*", "depends=a,b", "no pair"});
  CHECK(ModuleInfo::parse(module).values("depends") == std::vector<std::string>{"a,b"});
  CHECK(ModuleInfo::parse(module).values("absent").empty());
  size_t refused = 0;
  for (size_t length = 0; length < module.size(); ++length) {
    try {
      ModuleInfo::parse(Bytes(module).first(length));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kCorrupt);
      ++refused;
    }
  }
  CHECK(refused == module.size());  // the table of sections is at the end
  for (size_t at = 0; at < module.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      ByteVector changed = module;
      changed[at] = static_cast<uint8_t>(changed[at] ^ (1U << static_cast<unsigned>(bit)));
      const std::string fault = fault_of([&] { ModuleInfo::parse(changed); });
      CHECK((fault == "none" || fault.starts_with("image.modinfo.elf: ") ||
             fault.starts_with("base.bytes.bounds: ")));
    }
  }
}

}  // namespace
}  // namespace mend::image
