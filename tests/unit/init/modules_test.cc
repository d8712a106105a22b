// SPDX-License-Identifier: GPL-3.0-or-later
// Which modules a device asks for, what comes before them, and in which order they are given to the kernel.
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "init/loader.h"
#include "tests/support/catch.h"
#include "tests/unit/init/fake_tree.h"

using namespace mend;
using namespace mend::init;
using mend::test::FakeTree;

namespace {

using Names = std::vector<std::string>;

constexpr const char* kDependencies =
    "kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko "
    "kernel/drivers/nvme/common/nvme-auth.ko\n"
    "kernel/drivers/nvme/host/nvme-core.ko: kernel/drivers/nvme/common/nvme-auth.ko\n"
    "kernel/drivers/nvme/common/nvme-auth.ko:\n"
    "kernel/drivers/usb/host/xhci-pci.ko: kernel/drivers/usb/core/usbcore.ko\n"
    "kernel/drivers/usb/core/usbcore.ko:\n"
    "kernel/drivers/usb/storage/usb-storage.ko: kernel/drivers/usb/core/usbcore.ko\n"
    "kernel/drivers/usb/storage/uas.ko: kernel/drivers/usb/storage/usb-storage.ko "
    "kernel/drivers/usb/core/usbcore.ko\n"
    "kernel/drivers/hid/hid-generic.ko:\n"
    "kernel/drivers/acpi/battery.ko:\n"
    "kernel/drivers/mfd/intel-lpss.ko:\n"
    "kernel/drivers/dma/idma64.ko:\n"
    "kernel/drivers/usb/host/ohci-pci.ko: kernel/drivers/usb/core/usbcore.ko\n"
    "kernel/drivers/usb/host/ehci-pci.ko: kernel/drivers/usb/core/usbcore.ko\n"
    "kernel/drivers/scsi/sd_mod.ko:\n"
    "kernel/a.ko: kernel/b.ko\n"
    "kernel/b.ko: kernel/a.ko\n"
    "no colon\n"
    ": kernel/nameless.ko\n";

constexpr const char* kAliases =
    "# Aliases extracted from modules themselves.\n"
    "alias pci:v*d*sv*sd*bc01sc08i02* nvme\n"
    "alias pci:v*d*sv*sd*bc0Csc03i30* xhci_pci\n"
    "alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage\n"
    "alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* uas\n"
    "alias usb:v0421p0019d059[2-9]dc*dsc*dp*ic*isc*ip*in* usb_storage\n"
    "alias hid:b*g*v*p* hid_generic\n"
    "alias acpi*:PNP0C0A:* battery\n"
    "alias platform:intel-lpss intel_lpss\n"
    "alias platform:idma64 idma64\n"
    "alias broken\n";

constexpr const char* kSoftDependencies =
    "softdep intel_lpss pre: platform:idma64\n"
    "softdep ohci_pci pre: ehci_pci\n"
    "softdep hid_generic pre: not_there post: usb-storage\n"
    "softdep unknown pre: nvme\n";

ModuleIndex index() {
  return {"/lib/modules/6.12", kDependencies, kAliases, kSoftDependencies};
}

// What was given to the kernel, in order; some of it refused, and some held back until the test lets it go.
class FakeKernel {
 public:
  std::map<std::string, int> refused;  // by module

  Insert insert() {
    return [this](const std::string& file, const std::string& option) {
      std::unique_lock lock(mutex_);
      const std::string name = module_name(file);
      names_.push_back(name);
      options_.push_back(option);
      changed_.notify_all();
      changed_.wait(lock, [&] { return held_ != name; });
      const auto error = refused.find(name);
      return error == refused.end() ? 0 : error->second;
    };
  }
  void hold(const std::string& name) {
    const std::lock_guard lock(mutex_);
    held_ = name;
    changed_.notify_all();
  }
  void let_go() { hold(""); }
  void wait_for(const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::find(names_.begin(), names_.end(), name) != names_.end(); });
  }
  Names names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }
  Names options() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Names names_, options_;
  std::string held_;
};

constexpr const char* kNvme = "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02";
constexpr const char* kXhci = "pci:v00008086d0000A36Dsv000017AAsd00003136bc0Csc03i30";
constexpr const char* kStick = "usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00";

}  // namespace

TEST_CASE("MI-1: '-' and '_' are one letter in names and aliases, but not inside of brackets", "[init]") {
  CHECK(module_name("kernel/drivers/mfd/intel-lpss.ko") == "intel_lpss");
  CHECK(module_name("intel-lpss.ko.xz") == "intel_lpss");
  CHECK(index().matching("platform:intel_lpss") == Names{"intel_lpss"});
  CHECK(index().matching("platform:intel-lpss") == Names{"intel_lpss"});
  CHECK(index().matching("usb:v0421p0019d0593dc00dsc00dp00ic00isc00ip00in00") == Names{"usb_storage"});
  CHECK(index().matching("usb:v0421p0019d0591dc00dsc00dp00ic00isc00ip00in00").empty());
}

TEST_CASE("A device's alias finds its modules: several, by a wildcard before the colon, none", "[init]") {
  CHECK(index().matching(kNvme) == Names{"nvme"});
  CHECK(index().matching(kStick) == Names{"usb_storage", "uas"});
  CHECK(index().matching("acpi:PNP0C0A:") == Names{"battery"});
  CHECK(index().matching("pci:v00008086d0000A36Dsv000017AAsd00003136bc03sc00i00").empty());
  CHECK(index().matching("").empty());
}

TEST_CASE("What a module needs comes before it, deepest first", "[init]") {
  CHECK(index().order("nvme") == Names{"nvme_auth", "nvme_core", "nvme"});
  CHECK(index().order("uas") == Names{"usbcore", "usb_storage", "uas"});
  CHECK(index().order("usb-storage") == Names{"usbcore", "usb_storage"});
  CHECK(index().order("vesafb").empty());
  CHECK(index().file("nvme_core") == "/lib/modules/6.12/kernel/drivers/nvme/host/nvme-core.ko");
}

TEST_CASE("Soft dependencies: by name or alias, before or after, absent ones left out", "[init]") {
  CHECK(index().order("intel_lpss") == Names{"idma64", "intel_lpss"});
  CHECK(index().order("ohci_pci") == Names{"usbcore", "ehci_pci", "ohci_pci"});
  CHECK(index().order("hid_generic") == Names{"hid_generic", "usbcore", "usb_storage"});
}

TEST_CASE("MI-2: modules that need each other in a circle come once each", "[init]") {
  CHECK(index().order("a") == Names{"b", "a"});
  CHECK(index().order("b") == Names{"a", "b"});
}

TEST_CASE("MI-3: absent lists are empty ones, broken lines are left out", "[init]") {
  const FakeTree tree;
  CHECK(ModuleIndex::read(tree.sys() + "/nowhere").size() == 0);
  CHECK(index().size() == 16);
  tree.file("sys/modules/modules.dep", kDependencies);
  tree.file("sys/modules/modules.alias", kAliases);
  CHECK(ModuleIndex::read(tree.sys() + "/modules").matching(kNvme) == Names{"nvme"});
}

TEST_CASE("Options of modules, as in modprobe.d", "[init]") {
  const auto options = parse_module_options(
      "options usb_storage delay_use=0\n\n# options a b=1\noptions nvme-core a=1 b=2\noptions usb-storage "
      "quirks=x\noptions nothing\n");
  CHECK(options.size() == 2);
  CHECK(options.at("usb_storage") == "delay_use=0 quirks=x");
  CHECK(options.at("nvme_core") == "a=1 b=2");
}

TEST_CASE("ML-1: each module is given to the kernel once, with its options, after what it needs", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("usb", "1-1:1.0", kStick);
  ModuleLoader loader(parse_module_options("options usb_storage delay_use=0\n"), tree.sys(), kernel.insert(),
                      1);
  loader.load_first({"/lib/modules/6.12/kernel/drivers/usb/core/usbcore.ko"});
  loader.wait();
  CHECK(kernel.names() == Names{"usbcore"});
  loader.start(index(), {"usb_storage", "vesafb"});  // the second one is built in
  loader.wait();
  Names names = kernel.names();
  std::sort(names.begin(), names.end());
  CHECK(names == Names{"sd_mod", "uas", "usb_storage", "usbcore"});
  REQUIRE(loader.log().size() == 4);
  CHECK(loader.log(3).size() == 1);
  CHECK(loader.log(4).empty());
  CHECK(loader.log(5).empty());
  for (const LoadedModule& module : loader.log())
    if (module.name == "uas") CHECK(module.because == kStick);
}

TEST_CASE("ML-1: what two devices need is loaded by one thread, and the other waits for it", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("pci", "0000:00:14.0", kXhci);
  tree.device("usb", "1-1:1.0", kStick);
  kernel.hold("usbcore");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 4);
  loader.start(index(), {});
  kernel.wait_for("usbcore");
  CHECK_FALSE(loader.storage_done());
  const Names at_work = loader.at_work();
  CHECK(std::find(at_work.begin(), at_work.end(), "usbcore") != at_work.end());
  kernel.let_go();
  loader.wait();
  CHECK(loader.at_work().empty());
  Names names = kernel.names();
  std::sort(names.begin(), names.end());
  CHECK(names == Names{"sd_mod", "uas", "usb_storage", "usbcore", "xhci_pci"});
}

TEST_CASE("ML-4: only the driver that may bring a disk is waited for, not what it needs", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("pci", "0000:01:00.0", kNvme);
  tree.device("pci", "0000:00:14.0", kXhci);
  ModuleLoader loader(parse_module_options("options usb_storage delay_use=0\n"), tree.sys(), kernel.insert(),
                      1);
  loader.start(index(), {});
  loader.wait();
  loader.load("usb_storage", "by name");
  CHECK(loader.storage_done());
  CHECK(kernel.names() ==
        Names{"usbcore", "xhci_pci", "sd_mod", "nvme_auth", "nvme_core", "nvme", "usb_storage"});
  CHECK(kernel.options() == Names{"async_probe", "async_probe", "async_probe", "async_probe", "async_probe",
                                  "", "delay_use=0 async_probe"});
}

TEST_CASE("ML-5: the USB ports come first, then disks, then the battery, then the rest", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("acpi", "PNP0C0A:00", "acpi:PNP0C0A:");
  tree.device("hid", "0003:046D:C31C.0001", "hid:b0003g0001v0000046Dp0000C31C");
  tree.device("pci", "0000:01:00.0", kNvme);
  tree.device("pci", "0000:00:14.0", kXhci);
  kernel.hold("usbcore");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 1);
  loader.start(index(), {"idma64"}, {"uas"});
  kernel.let_go();
  loader.wait();
  CHECK(kernel.names() == Names{"usbcore", "xhci_pci", "idma64", "sd_mod", "nvme_auth", "nvme_core", "nvme",
                                "battery", "hid_generic", "usb_storage", "uas"});
}

TEST_CASE("ML-5: what can wait begins when nothing more urgent is at work", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("hid", "0003:046D:C31C.0001", "hid:b0003g0001v0000046Dp0000C31C");
  tree.device("pci", "0000:01:00.0", kNvme);
  kernel.hold("nvme");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 4);
  loader.start(index(), {});
  kernel.wait_for("nvme");
  CHECK_FALSE(loader.storage_done());
  CHECK(kernel.names() == Names{"sd_mod", "nvme_auth", "nvme_core", "nvme"});
  kernel.let_go();
  kernel.wait_for("hid_generic");
  CHECK(loader.storage_done());
  loader.wait();
}

TEST_CASE("A device that has a driver waits for none: it may bring no disk that is not there", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.device("usb", "1-1:1.0", kStick);
  tree.file("sys/devices/usb/1-1:1.0/driver", "");
  kernel.hold("usbcore");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 1);
  loader.start(index(), {});
  kernel.wait_for("usbcore");
  CHECK(loader.storage_done());
  kernel.let_go();
  loader.wait();
}

TEST_CASE("ML-2: a module that the kernel refuses does not stop the others, and is remembered", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  kernel.refused = {{"nvme_core", ENOEXEC}, {"usbcore", EEXIST}, {"battery", ENODEV}};
  tree.device("pci", "0000:01:00.0", kNvme);
  tree.device("pci", "0000:00:14.0", kXhci);
  tree.device("acpi", "PNP0C0A:00", "acpi:PNP0C0A:");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 1);
  loader.start(index(), {});
  loader.wait();
  CHECK(kernel.names().size() == 7);
  const std::vector<LoadedModule> failures = loader.failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name == "nvme_core");
  CHECK(failures[0].error == ENOEXEC);
}

TEST_CASE("ML-3: what is plugged in later is served, also in the place of another device", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 1);
  loader.start(index(), {});
  CHECK_FALSE(loader.look());
  tree.device("usb", "1-1:1.0", "usb:v0001p0001d0001dc00dsc00dp00ic03isc01ip01in00");
  CHECK_FALSE(loader.look());
  tree.unplug("usb", "1-1:1.0");
  CHECK_FALSE(loader.look());
  tree.device("usb", "1-1:1.0", kStick);
  CHECK(loader.look());
  loader.wait();
  CHECK(kernel.names() == Names{"sd_mod", "usbcore", "usb_storage", "uas"});
  CHECK_FALSE(loader.look());
  CHECK(loader.storage_done());
}

TEST_CASE("Nothing is looked at again while the kernel announces nothing", "[init]") {
  const FakeTree tree;
  FakeKernel kernel;
  tree.file("sys/kernel/uevent_seqnum", "7\n");
  ModuleLoader loader({}, tree.sys(), kernel.insert(), 1);
  loader.start(index(), {});
  tree.device("usb", "1-1:1.0", kStick);
  CHECK_FALSE(loader.look());
  tree.file("sys/kernel/uevent_seqnum", "8\n");
  CHECK(loader.look());
  loader.wait();
}

TEST_CASE("A file that the kernel does not take gives its reason", "[init]") {
  const FakeTree tree;
  tree.file("sys/x.ko", "no module");
  CHECK(insert_into_kernel(tree.sys() + "/absent.ko", "") == ENOENT);
  CHECK(insert_into_kernel(tree.sys() + "/x.ko", "") != 0);
}
