// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/file_device.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::block {
namespace {

constexpr size_t kBytes = 3 * 4096 + 700;  // ends inside a page

ByteVector content() {
  ByteVector bytes(kBytes);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  return bytes;
}

struct Image {
  Image() : path(folder / "disk.img") { write(content()); }
  void write(const ByteVector& bytes) const {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ByteVector read() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  test::TempFolder folder;
  std::string path;
};

template <typename Call>
std::string id_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

TEST_CASE("F-1: opened for reading, a file takes no write until it is made writable", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kRead);
  const ByteVector data(16, 0xAB);
  CHECK(id_of([&] { device->write(0, data); }) == "block.file.readonly");
  device->flush();  // nothing to flush, no error
  CHECK(image.read() == content());
  CHECK(device->bytes_written() == 0);

  device->make_writable();
  device->make_writable();
  CHECK(device->is_writable());
  device->write(5000, data);
  device->flush();
  ByteVector expected = content();
  std::copy(data.begin(), data.end(), expected.begin() + 5000);
  CHECK(image.read() == expected);
  CHECK(device->read_bytes(0, kBytes) == expected);
}

TEST_CASE("F-2: a file is ours alone, without a gap while it is made writable", "[block]") {
  const Image image;
  auto device = FileDevice::open(image.path, Access::kRead);
  const auto is_locked = [&] {
    const int fd = ::open(image.path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) != 0;
    ::close(fd);
    return locked;
  };
  CHECK(id_of([&] { FileDevice::open(image.path, Access::kRead); }) == "block.file.locked");
  CHECK(is_locked());
  device->make_writable();
  CHECK(is_locked());
  CHECK(id_of([&] { FileDevice::open(image.path, Access::kReadWrite); }) == "block.file.locked");
  device.reset();
  CHECK_FALSE(is_locked());
}

TEST_CASE("A file that was replaced since it was opened is not made writable", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kRead);
  REQUIRE(::rename(image.path.c_str(), (image.path + ".old").c_str()) == 0);
  image.write(ByteVector(kBytes, 1));
  CHECK(id_of([&] { device->make_writable(); }) == "block.file.changed");
  CHECK(id_of([&] { device->write(0, ByteVector(1)); }) == "block.file.readonly");
  CHECK(device->read_bytes(0, kBytes) == content());  // still the one that was opened
  CHECK(image.read() == ByteVector(kBytes, 1));

  REQUIRE(::unlink(image.path.c_str()) == 0);
  CHECK(id_of([&] { device->make_writable(); }) == "block.file.missing");
}

TEST_CASE("F-4: a file that became shorter gives an error that says where", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kRead);
  REQUIRE(::truncate(image.path.c_str(), 5000) == 0);
  CHECK(device->size_bytes() == kBytes);
  CHECK(device->read_bytes(0, 5000).size() == 5000);
  try {
    device->read_bytes(4096, 4096);
    FAIL("read past the end");
  } catch (const Error& error) {
    CHECK(std::string(error.id()) == "block.file.short");
    CHECK(std::string(error.what()).find("5000") != std::string::npos);
    CHECK(std::string(error.what()).find(image.path) != std::string::npos);
  }
  ByteVector out(4096);
  CHECK(id_of([&] { device->read_uncached(4096, out); }) == "block.file.short");
}

TEST_CASE("What is no disk is refused by name: missing, folder, pipe, terminal, empty", "[block]") {
  const test::TempFolder folder;
  const std::string missing = folder / "missing", fifo = folder / "fifo", empty = folder / "empty";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::ofstream(empty).close();
  const auto open = [](const std::string& path) {
    return id_of([&] { FileDevice::open(path, Access::kRead); });
  };
  CHECK(open(missing) == "block.file.missing");
  CHECK(open(folder.path().string()) == "block.file.kind");
  CHECK(open(fifo) == "block.file.kind");  // and does not wait for a writer
  CHECK(open("/dev/null") == "block.file.kind");
  CHECK(open(empty) == "block.file.empty");
  CHECK(open(empty + "/below") == "block.file.look");
}

TEST_CASE("read_uncached delivers what was written, at any offset and length", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kReadWrite);
  ByteVector expected = content();
  expected[5000] ^= 0xFF;
  device->write(5000, Bytes(&expected[5000], 1));  // not flushed
  for (const auto& [offset, length] : {std::pair<uint64_t, size_t>{0, kBytes},
                                       {0, 0},
                                       {kBytes, 0},
                                       {4095, 2},
                                       {4096, 4096},
                                       {kBytes - 1, 1},
                                       {5000, 5000}}) {
    ByteVector out(length);
    device->read_uncached(offset, out);
    REQUIRE(out == ByteVector(expected.begin() + static_cast<ptrdiff_t>(offset),
                              expected.begin() + static_cast<ptrdiff_t>(offset + length)));
  }
  ByteVector out(2);
  CHECK(id_of([&] { device->read_uncached(kBytes - 1, out); }) == "block.range");
  CHECK(device->read_bytes(0, kBytes) == expected);
  device->write(0, ByteVector(10, 1));  // the descriptor is as it was: odd writes go on
  CHECK(device->read_bytes(9, 1) == ByteVector{1});
}

TEST_CASE("read_uncached takes more than its buffer holds", "[block]") {
  const Image image;
  ByteVector large((size_t{5} << 20) / 2 + 13);
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<uint8_t>(i * 31 + i / 4096);
  image.write(large);
  const auto device = FileDevice::open(image.path, Access::kRead);
  ByteVector out(large.size() - 5);
  device->read_uncached(5, out);
  CHECK(equal(out, Bytes(large).subspan(5)));
}

TEST_CASE("The counters count what the caller asked for and got", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kReadWrite);
  device->read_bytes(0, 100);
  ByteVector out(10);
  device->read_uncached(4090, out);
  CHECK_THROWS_AS(device->read_bytes(kBytes, 1), Error);
  device->write(1, ByteVector(7));
  device->write(9, ByteVector(2));
  CHECK_THROWS_AS(device->write(kBytes, ByteVector(1)), Error);
  device->flush();
  CHECK(device->reads() == 2);
  CHECK(device->bytes_read() == 110);
  CHECK(device->writes() == 2);
  CHECK(device->bytes_written() == 9);
  CHECK(device->flushes() == 1);
}

TEST_CASE("An image file takes the sector size that is found out later", "[block]") {
  const Image image;
  const auto device = FileDevice::open(image.path, Access::kRead);
  CHECK(device->sector_bytes() == 512);
  CHECK_FALSE(device->is_block_device());
  device->set_sector_bytes(4096);
  CHECK(device->sector_bytes() == 4096);
  CHECK(device->physical_block_bytes() == 4096);
  device->make_writable();
  CHECK(device->sector_bytes() == 4096);
}

}  // namespace
}  // namespace mend::block
