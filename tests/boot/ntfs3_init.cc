// SPDX-License-Identifier: GPL-3.0-or-later
// PID 1 of a machine that only exercises the kernel's ntfs3: thousands of operations on /dev/vda, the same
// for the same seed (mend.seed=N on the kernel's command line), then the volume is unmounted and the machine
// switched off. Its last line says how it went. Linked statically: it is all that the machine has, beside two
// modules.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int kOperations = 4000, kFilesInOneFolder = 3000;

void load(const char* module) {
  const int file = open(module, O_RDONLY | O_CLOEXEC);
  if (file < 0 || syscall(SYS_finit_module, file, "", 0) != 0)
    std::printf("cannot load %s: %s\n", module, std::strerror(errno));
}

unsigned seed() {
  char line[4096] = {};
  const int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, line, sizeof line - 1) < 0) return 0;
  const char* at = std::strstr(line, "mend.seed=");
  return at == nullptr ? 0 : static_cast<unsigned>(std::strtoul(at + 10, nullptr, 10));
}

class Exerciser {
 public:
  explicit Exerciser(unsigned seed) : random_(seed) {}

  void run() {
    for (int i = 0; i < kOperations; ++i) step(below(100));
    mkdir("/m/one folder", 0755);
    for (int i = 0; i < kFilesInOneFolder; ++i) write_file(numbered(i * 7919 % kFilesInOneFolder), 0, 9);
    for (int i = 0; i < kFilesInOneFolder; i += 3) count(unlink(numbered(i).c_str()));
    for (int i = 1; i < kFilesInOneFolder; i += 7)
      count(rename(numbered(i).c_str(), (numbered(i) + " with a new name").c_str()));
  }
  int done() const { return done_; }
  int refused() const { return refused_; }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  void count(long status) { ++(status == 0 ? done_ : refused_); }

  std::string name() {
    static const char* const kParts[] = {"a",    "B", "readme", "\u00e9\u00df", "\u6587\u4ef6",
                                         "0291", "-", "x.y",    " z",           "Long name"};
    std::string text;
    for (unsigned parts = 1 + below(9); parts != 0; --parts) text += kParts[below(10)];
    return text + std::to_string(below(100000));
  }
  std::string place() { return folders_[below(static_cast<unsigned>(folders_.size()))] + "/" + name(); }
  const std::string& some_file() { return files_[below(static_cast<unsigned>(files_.size()))]; }
  static std::string numbered(int i) {
    return "/m/one folder/file with the number " + std::to_string(1000000 + i);
  }

  void write_file(const std::string& path, off_t offset, size_t length) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return count(-1);
    const std::string content(length, static_cast<char>('a' + below(26)));
    const ssize_t written = pwrite(file, content.data(), length, offset);
    close(file);
    count(written == static_cast<ssize_t>(length) ? 0 : -1);
  }

  void step(unsigned kind) {
    static constexpr size_t kLengths[] = {0, 10, 500, 900, 5000, 20000, 150000};
    if (kind < 10) {
      const std::string path = place();
      if (mkdir(path.c_str(), 0755) == 0) folders_.push_back(path);
      return count(0);
    }
    if (kind < 45 || files_.size() < 5) {
      files_.push_back(place());
      return write_file(files_.back(), 0, kLengths[below(7)]);
    }
    if (kind < 55) return write_file(some_file(), static_cast<off_t>(below(400000)), 1 + below(9000));
    if (kind < 62) return count(truncate(some_file().c_str(), static_cast<off_t>(below(500000))));
    if (kind < 70) return count(link(some_file().c_str(), place().c_str()));
    if (kind < 78) return count(symlink(name().c_str(), place().c_str()));
    if (kind < 84) return set_attribute();
    if (kind < 92) {
      std::string& path = files_[below(static_cast<unsigned>(files_.size()))];
      const std::string to = place();
      const int status = rename(path.c_str(), to.c_str());
      if (status == 0) path = to;
      return count(status);
    }
    const size_t which = below(static_cast<unsigned>(files_.size()));
    count(unlink(files_[which].c_str()));
    files_.erase(files_.begin() + static_cast<ptrdiff_t>(which));
  }

  // An extended attribute, which NTFS has as $EA.
  void set_attribute() {
    const std::string value(below(600), 'v');
    count(setxattr(some_file().c_str(), ("user." + std::to_string(below(5))).c_str(), value.data(),
                   value.size(), 0));
  }

  std::mt19937 random_;
  std::vector<std::string> folders_{"/m"}, files_;
  int done_ = 0, refused_ = 0;
};

void exercise() {
  mkdir("/proc", 0755);
  mkdir("/m", 0755);
  mkdir("/dev", 0755);
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
  load("/virtio_blk.ko");
  load("/ntfs3.ko");
  int status = -1;
  for (int tries = 0; tries < 50 && status != 0; ++tries) {
    status = mount("/dev/vda", "/m", "ntfs3", 0, "iocharset=utf8");
    if (status != 0) usleep(100000);
  }
  if (status != 0) {
    std::printf("cannot mount: %s\n", std::strerror(errno));
    return;
  }
  Exerciser exerciser(seed());
  exerciser.run();
  if (umount("/m") != 0)
    std::printf("cannot unmount: %s\n", std::strerror(errno));
  else
    std::printf("ntfs3: %d operations done, %d refused\n", exerciser.done(), exerciser.refused());
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  exercise();
  sync();
  reboot(RB_POWER_OFF);
  return 1;
}
