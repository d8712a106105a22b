// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/system.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "profile/stick.h"

namespace mend::init {
namespace {

constexpr unsigned long kData = MS_NOSUID | MS_NODEV | MS_NOEXEC;

constexpr const char* kGlobalVariable = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
constexpr uint64_t kBootToSetup = 1;   // EFI_OS_INDICATIONS_BOOT_TO_FW_UI
constexpr uint32_t kVariableKept = 7;  // non-volatile, boot service access, runtime access
constexpr size_t kVariableHead = 4;    // attributes, before the value

std::string error_text(int error) {
  return std::strerror(error);
}

bool is_mounted_or_mounts(const char* what, const char* directory, const char* kind, unsigned long flags,
                          const char* options) {
  ::mkdir(directory, 0755);
  return ::mount(what, directory, kind, flags, options) == 0 || errno == EBUSY;
}

std::string variable_path(const Roots& roots, const std::string& name) {
  return roots.sys + "/firmware/efi/efivars/" + name + kGlobalVariable;
}

// The firmware's variables are there from now on, for reading; empty, or why not.
std::string mount_variables(const Roots& roots, unsigned long flags) {
  const std::string directory = roots.sys + "/firmware/efi/efivars";
  if (::access(directory.c_str(), F_OK) != 0) return "this machine was not started by UEFI";
  if (::mount("efivarfs", directory.c_str(), "efivarfs", kData | flags, nullptr) == 0) return {};
  if (errno == EBUSY &&
      ::mount(nullptr, directory.c_str(), nullptr, MS_REMOUNT | kData | flags, nullptr) == 0)
    return {};
  return "the firmware's variables cannot be reached: " + error_text(errno);
}

uint64_t variable_value(const std::string& content) {
  const Bytes bytes = as_bytes(content);
  if (bytes.size() == kVariableHead + 8) return read_le<uint64_t>(bytes, kVariableHead);
  return bytes.size() == kVariableHead + 1 ? bytes[kVariableHead] : 0;
}

// The kernel guards unknown variables against removal; OsIndications may be among them.
void remove_guard(int file) {
  int flags = 0;
  if (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_IMMUTABLE_FL) == 0) return;
  flags &= ~FS_IMMUTABLE_FL;
  ::ioctl(file, FS_IOC_SETFLAGS, &flags);
}

int write_variable(const std::string& path, uint64_t value) {
  const int guarded = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (guarded >= 0) {
    remove_guard(guarded);
    ::close(guarded);
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return errno;
  ByteVector content(kVariableHead + 8);
  write_le<uint32_t>(content, 0, kVariableKept);
  write_le<uint64_t>(content, kVariableHead, value);
  const ssize_t count =
      ::write(file, content.data(), content.size());  // in one piece, or the firmware refuses
  const int error = count == static_cast<ssize_t>(content.size()) ? 0 : errno;
  ::close(file);
  return error;
}

void flush_device(const std::string& path) {
  const int device = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) return;
  ::fsync(device);
  ::ioctl(device, BLKFLSBUF, 0);
  ::close(device);
}

}  // namespace

std::vector<std::string> mount_kernel_trees() {
  std::vector<std::string> faults;
  const auto mounts = [&](const char* what, const char* directory, unsigned long flags, const char* options) {
    if (!is_mounted_or_mounts(what, directory, what, flags, options))
      faults.push_back(std::string("cannot mount ") + directory + ": " + error_text(errno));
  };
  mounts("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755");
  mounts("proc", "/proc", kData, nullptr);
  mounts("sysfs", "/sys", kData, nullptr);
  mounts("tmpfs", "/run", kData, "mode=0755");
  mounts("tmpfs", "/tmp", kData, "mode=1777");
  return faults;
}

std::vector<std::string> console_devices(const Roots& roots) {
  std::vector<std::string> devices;
  const std::string active = read_line(roots.sys + "/class/tty/console/active");
  for (const std::string_view name : words(active))
    devices.push_back(roots.dev + "/" + (name == "tty0" ? "tty1" : std::string(name)));
  if (devices.empty()) devices.push_back(roots.dev + "/console");
  return devices;
}

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

int mount_stick(const std::string& volume, Access access) {
  ::mkdir(kStickDirectory, 0700);
  const unsigned long flags = kData | MS_NOATIME | (access == Access::kReadOnly ? unsigned{MS_RDONLY} : 0U);
  return ::mount(volume.c_str(), kStickDirectory, "vfat", flags, stick::kFatOptions) == 0 ? 0 : errno;
}

int make_stick_writable() {
  const unsigned long flags = kData | MS_NOATIME | MS_REMOUNT;
  return ::mount(nullptr, kStickDirectory, nullptr, flags, stick::kFatOptions) == 0 ? 0 : errno;
}

void unmount_stick() {
  const int directory = ::open(kStickDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::syncfs(directory);
    ::close(directory);
  }
  if (::umount2(kStickDirectory, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL) return;  // EINVAL: is not mounted
  ::mount(nullptr, kStickDirectory, nullptr, MS_REMOUNT | MS_RDONLY | kData, stick::kFatOptions);
  ::umount2(kStickDirectory, UMOUNT_NOFOLLOW | MNT_DETACH);
}

void flush_disks(const Roots& roots, const std::string& first) {
  if (!first.empty()) flush_device(first);
  for (const Entry& entry : list(roots.sys + "/block")) {
    const std::string place = link_name(roots.sys + "/block/" + entry.name + "/device");
    const std::string path = roots.dev + "/" + entry.name;
    if (!place.empty() && path != first) flush_device(path);  // without one it is virtual
  }
}

std::string request_firmware_setup(const Roots& roots) {
  if (std::string why = mount_variables(roots, 0); !why.empty()) return why;
  const uint64_t supported = variable_value(read_text(variable_path(roots, "OsIndicationsSupported")));
  if ((supported & kBootToSetup) == 0) return "this firmware does not offer it";
  const std::string path = variable_path(roots, "OsIndications");
  const int error = write_variable(path, variable_value(read_text(path)) | kBootToSetup);
  return error == 0 ? std::string() : "the firmware refuses: " + error_text(error);
}

std::string secure_boot_state(const Roots& roots) {
  if (std::string why = mount_variables(roots, MS_RDONLY); !why.empty()) return "not known: " + why;
  return variable_value(read_text(variable_path(roots, "SecureBoot"))) == 1 ? "on" : "off";
}

void restart_machine() {
  ::sync();
  ::reboot(RB_AUTOBOOT);
}

void power_off_machine() {
  ::sync();
  ::reboot(RB_POWER_OFF);
}

}  // namespace mend::init
