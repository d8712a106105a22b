// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/state.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "block/file_device.h"
#include "ntfs/fixup.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

struct LogPage {
  uint16_t major = 1, minor = 1;
  bool in_use = true;
  bool clean = false;
  uint64_t lsn = 0x101824;
  std::string_view magic = "RSTR";
  uint32_t page_bytes = 4096;
};

// A restart page for a log of `log_bytes`, as FORMAT.md has it.
ByteVector restart_page(const LogPage& page, uint64_t log_bytes) {
  ByteVector bytes(page.page_bytes, 0);
  std::copy(page.magic.begin(), page.magic.end(), bytes.begin());
  write_le<uint16_t>(bytes, 4, 0x1e);
  write_le<uint16_t>(bytes, 6, static_cast<uint16_t>(page.page_bytes / 512 + 1));
  if (page.magic == "CHKD") write_le<uint64_t>(bytes, 8, page.lsn);
  write_le<uint32_t>(bytes, 0x10, page.page_bytes);
  write_le<uint32_t>(bytes, 0x14, page.page_bytes);
  write_le<uint16_t>(bytes, 0x18, 0x40);  // behind the fixups of a page of 8192 bytes
  write_le<uint16_t>(bytes, 0x1a, page.minor);
  write_le<uint16_t>(bytes, 0x1c, page.major);
  const MutableBytes area = slice(MutableBytes(bytes), 0x40, 0xe0);
  write_le<uint64_t>(area, 0x00, page.lsn);
  write_le<uint16_t>(area, 0x08, 1);
  write_le<uint16_t>(area, 0x0a, page.in_use ? 0xffff : 0);
  write_le<uint16_t>(area, 0x0c, page.in_use ? 0 : 0xffff);
  write_le<uint16_t>(area, 0x0e, page.clean ? 2 : 0);
  write_le<uint32_t>(area, 0x10, 67U - static_cast<uint32_t>(std::bit_width(log_bytes)));
  write_le<uint16_t>(area, 0x14, 0xe0);
  write_le<uint16_t>(area, 0x16, 0x40);
  write_le<uint64_t>(area, 0x18, log_bytes);
  write_le<uint16_t>(area, 0x24, 0x30);
  write_le<uint16_t>(area, 0x26, 0x40);
  apply_fixups(bytes);
  return bytes;
}

struct StateVolume {
  VolumeBuilder builder;
  uint64_t log_offset = 0, log_bytes = 0;

  StateVolume() {
    Volume& volume = builder.volume();
    std::optional<Stream> log = volume.open_record(system_record::kLogFile).stream(AttributeType::kData);
    log_offset = log->ranges(0, 65536).at(0).offset;
    log_bytes = log->size_bytes();
  }
  void put_bytes(unsigned number, const ByteVector& page) {
    builder.device().write(log_offset + number * 4096, page);
  }
  void put_page(unsigned number, const LogPage& page) { put_bytes(number, restart_page(page, log_bytes)); }
  VolumeState state() {
    Volume volume(builder.device());
    return read_state(volume);
  }
  LogState log() { return state().log; }
  void put_hiberfil(Bytes content) { builder.make_file(kRootDirectory, u"hiberfil.sys", content); }
};

ByteVector header_page(std::string_view signature, size_t size = 8192) {
  ByteVector page(size, 0);
  std::copy(signature.begin(), signature.end(), page.begin());
  page[size - 1] = 1;
  return page;
}

}  // namespace

TEST_CASE("A fresh volume is safe: no dirty flag, an empty log, no hibernation file", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  const VolumeState state = volume.state();
  CHECK_FALSE(state.dirty);
  CHECK(state.log == LogState::kEmpty);
  CHECK(state.hibernation == Hibernation::kNoFile);
  CHECK(state.major_version == 3);
  CHECK(state.minor_version == 1);
  CHECK(state.safe());
  CHECK(state.text.empty());
}

TEST_CASE("The dirty flag is seen, with what to do", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  ByteVector record = volume.builder.record(system_record::kVolume);
  const ByteVector information =
      volume.builder.attribute_bytes(system_record::kVolume, AttributeType::kVolumeInformation);
  const auto place = std::search(record.begin(), record.end(), information.begin(), information.end());
  const auto value = static_cast<size_t>(place - record.begin()) + read_le<uint16_t>(information, 0x14);
  write_le<uint16_t>(record, value + 0x0a, 0x4001);
  volume.builder.store_record(system_record::kVolume, record);
  const VolumeState state = volume.state();
  CHECK(state.dirty);
  CHECK(state.volume_flags == 0x4001);
  CHECK_FALSE(state.safe());
  CHECK(state.text.find("chkdsk") != std::string::npos);
}

TEST_CASE("The log's restart pages tell whether Windows closed the volume", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  const auto both = [&](LogPage page) {
    volume.put_page(0, page);
    volume.put_page(1, page);
    return volume.log();
  };
  CHECK(both({}) == LogState::kUnclean);
  CHECK_FALSE(volume.state().safe());
  CHECK(volume.state().text.find("replay") != std::string::npos);
  CHECK(both({.major = 2, .minor = 0}) == LogState::kUnclean);
  CHECK(volume.state().log_major == 2);
  CHECK(both({.clean = true}) == LogState::kClean);
  CHECK(both({.major = 2, .minor = 0, .clean = true}) == LogState::kClean);
  CHECK(both({.in_use = false}) == LogState::kClean);
  CHECK(both({.magic = "CHKD"}) == LogState::kClean);
  CHECK(both({.major = 3, .minor = 0}) == LogState::kUnsupported);
  CHECK(both({.major = 1, .minor = 7}) == LogState::kUnsupported);
  CHECK_FALSE(volume.state().safe());
}

TEST_CASE("NST-1: a log with pages of another size is clean or of an unknown kind, never to be replayed",
          "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  for (const uint32_t page_bytes : {2048U, 8192U}) {
    const auto put = [&](LogPage page, uint32_t number) {
      page.page_bytes = page_bytes;
      volume.builder.device().write(volume.log_offset + number * page_bytes,
                                    restart_page(page, volume.log_bytes));
    };
    const LogPage open{}, closed{.clean = true}, newer{.clean = true, .lsn = 0x101900};
    put(open, 0), put(open, 1);
    CHECK(volume.log() == LogState::kUnsupported);
    CHECK(volume.state().text.find("size") != std::string::npos);
    Volume readers(volume.builder.device());
    CHECK(witness_ranges(readers).at(1) == Range{volume.log_offset, 2 * page_bytes});
    put(newer, 1);
    CHECK(volume.log() == LogState::kClean);
    put(closed, 0), put(closed, 1);
    CHECK(volume.log() == LogState::kClean);
    volume.builder.device().write(volume.log_offset, ByteVector(4, 0xff));  // the second page alone
    CHECK(volume.log() == LogState::kClean);
    volume.builder.device().write(volume.log_offset, ByteVector(size_t{2} * page_bytes));
  }
  CHECK(volume.log() == LogState::kDamaged);
}

TEST_CASE("NST-1: of two restart pages the newer one counts, and a torn one does not", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  volume.put_page(0, {.clean = true, .lsn = 100});
  volume.put_page(1, {.clean = false, .lsn = 200});
  CHECK(volume.log() == LogState::kUnclean);
  volume.put_page(0, {.clean = true, .lsn = 300});
  CHECK(volume.log() == LogState::kClean);
  ByteVector torn = restart_page({.clean = true, .lsn = 300}, volume.log_bytes);
  torn[511] ^= 1;
  volume.put_bytes(0, torn);
  CHECK(volume.log() == LogState::kUnclean);
  volume.put_bytes(1, torn);
  CHECK(volume.log() == LogState::kDamaged);
  volume.put_bytes(0, ByteVector(4096, 0xff));
  volume.put_page(1, {.clean = true});
  CHECK(volume.log() == LogState::kClean);
  // Wiped restart pages over record pages: not an empty log.
  volume.put_bytes(1, ByteVector(4096, 0xff));
  CHECK(volume.log() == LogState::kEmpty);
  volume.put_bytes(5, header_page("RCRD", 4096));
  CHECK(volume.log() == LogState::kDamaged);
  CHECK_FALSE(volume.state().safe());
}

TEST_CASE("NST-1: no damage to a restart page makes an unclean log clean", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  const ByteVector good = restart_page({}, volume.log_bytes);
  size_t damaged = 0;
  // Fields and fixups: the first 0x80 bytes, and the ends of all strides. The flag itself and the client
  // heads are what they say they are.
  for (size_t at = 0; at < 4096; ++at) {
    if (at >= 0x80 && at % 512 < 508) continue;
    for (unsigned bit = 0; bit < 8; ++bit) {
      ByteVector bad = good;
      bad[at] = static_cast<uint8_t>(bad[at] ^ (1U << bit));
      if (at >= 0x4a && at < 0x50) continue;
      volume.put_bytes(0, bad);
      volume.put_bytes(1, bad);
      const LogState state = volume.log();
      if (state == LogState::kClean || state == LogState::kEmpty) FAIL("byte " << at << ", bit " << bit);
      damaged += state == LogState::kDamaged ? 1U : 0U;
    }
  }
  CHECK(damaged > 300);
}

TEST_CASE("hiberfil.sys: every signature in either case, zeros, wake, short and unknown", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  const ByteVector formatted = format_volume();
  const auto judge = [&](Bytes content) {
    VolumeBuilder builder(formatted);
    builder.make_file(kRootDirectory, u"HIBERFIL.SYS", content);
    const VolumeState state = read_state(builder.volume());
    CHECK(state.hiberfil.has_value());
    CHECK(state.safe() == !is_hibernated(state.hibernation));
    CHECK(state.text.empty() == state.safe());
    return state.hibernation;
  };
  CHECK(judge(header_page("hibr")) == Hibernation::kHibernated);
  CHECK(judge(header_page("HIBR")) == Hibernation::kHibernated);
  // Fast startup says so itself, at a place that the header's length tells.
  const auto session = [&](uint32_t length, size_t flag, uint8_t value) {
    ByteVector page = header_page("HIBR");
    write_le<uint32_t>(page, 0x0c, length);
    page[flag] = value;
    return judge(page);
  };
  CHECK(session(0x360, 0x2fc, 1) == Hibernation::kFastStartup);
  CHECK(session(0x3e0, 0x364, 1) == Hibernation::kFastStartup);
  CHECK(session(0x3e0, 0x364, 0) == Hibernation::kHibernated);
  CHECK(session(0x3e0, 0x364, 2) == Hibernation::kHibernated);
  CHECK(session(0x3e0, 0x2fc, 1) == Hibernation::kHibernated);
  CHECK(session(0x3e8, 0x364, 1) == Hibernation::kHibernated);
  CHECK(judge(header_page("RSTR")) == Hibernation::kResuming);
  CHECK(judge(header_page("rstr")) == Hibernation::kResuming);
  CHECK(judge(header_page("wake")) == Hibernation::kAwake);
  CHECK(judge(header_page("WAKE")) == Hibernation::kAwake);
  CHECK(judge(ByteVector(8192, 0)) == Hibernation::kAwake);
  CHECK(judge(header_page("LINK")) == Hibernation::kUnknown);
  CHECK(judge(header_page(std::string_view("\0\0\0\0x", 5))) == Hibernation::kUnknown);
  CHECK(judge(ByteVector(4095, 0)) == Hibernation::kUnknown);
  CHECK(judge(Bytes()) == Hibernation::kUnknown);
}

TEST_CASE(
    "The ranges that bear witness hold the restart pages, the record of $Volume, the hibernation header",
    "[ntfs]") {
  if (!need_program("mkntfs")) return;
  StateVolume volume;
  volume.put_page(0, LogPage{});
  volume.put_hiberfil(header_page("hibr"));
  Volume& readers = volume.builder.volume();
  const std::vector<Range> witnesses = witness_ranges(readers);
  REQUIRE(witnesses.size() == 2);
  CHECK(witnesses[0] == readers.record_ranges(system_record::kVolume).at(0));
  CHECK(witnesses[1] == Range{volume.log_offset, 8192});
  const std::vector<Range> header = hibernation_header_ranges(readers);
  REQUIRE(header.size() == 1);
  CHECK(header[0].length == 4096);
  CHECK(as_text(Bytes(volume.builder.device().bytes).subspan(static_cast<size_t>(header[0].offset), 4)) ==
        "hibr");
}

TEST_CASE("Logs that Windows wrote are judged as they were left", "[ntfs]") {
  const std::filesystem::path logs = "../shared/data/logs";
  if (!need_program("mkntfs") || !need_data(logs)) return;
  // A volume whose log is as large as these say theirs is; they are cut off after the used part.
  TempFolder folder;
  const std::string path = folder / "volume.img";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, uint64_t{6} << 30);
  REQUIRE(run_program("mkntfs -q -Q -F " + path));
  const auto judge = [&](const std::string& name) {
    std::unique_ptr<block::FileDevice> device = block::FileDevice::open(path, block::Access::kReadWrite);
    Volume before(*device);
    std::optional<Stream> log = before.open_record(system_record::kLogFile).stream(AttributeType::kData);
    std::ifstream file(logs / name, std::ios::binary);
    ByteVector content(std::istreambuf_iterator<char>(file), {});
    REQUIRE(log->size_bytes() >= (24 << 20));  // what the largest of them says of itself
    content.resize(24 << 20, 0xff);
    device->write(log->ranges(0, content.size()).at(0).offset, content);
    Volume after(*device);
    return read_state(after);
  };
  CHECK(judge("LogFile_10.bin").log == LogState::kUnclean);
  CHECK(judge("LogFile_10.bin").log_major == 2);
  CHECK(judge("LogFile_10_large.bin").log == LogState::kUnclean);
  CHECK(judge("LogFile_10_downgraded.bin").log == LogState::kClean);
  CHECK(judge("LogFile_10_downgraded.bin").log_major == 1);
  CHECK(judge("LogFile_7.bin").log == LogState::kClean);
  CHECK(judge("LogFile_empty.bin").log == LogState::kEmpty);
}
