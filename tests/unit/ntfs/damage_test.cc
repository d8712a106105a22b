// SPDX-License-Identifier: GPL-3.0-or-later
// NV-2 as a whole: a volume with damage anywhere in what the readers look at.
#include <random>

#include "ntfs/check.h"
#include "ntfs/index.h"
#include "ntfs/path.h"
#include "ntfs/state.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// Everything that a repair asks of a volume. Each question by itself, so that one refusal does not hide the
// next.
void ask_everything(block::BlockReader& device) {
  const auto ask = [](auto&& question) {
    try {
      question();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kUsage)
        FAIL(error.id() << ": " << error.what());
    }
  };
  std::optional<Volume> opened;
  ask([&] { opened.emplace(device); });
  if (!opened) return;
  Volume& volume = *opened;
  ask([&] { read_state(volume); });
  ask([&] { witness_ranges(volume); });
  ask([&] { hibernation_header_ranges(volume); });
  ask([&] { resolve(volume, "Windows\\System32\\x.dll"); });
  ask([&] { glob(volume, split_path("*\\*\\*"), 100); });
  ask([&] { check_full(volume); });
  std::vector<MftReference> files;
  ask([&] {
    volume.for_each_entry(kRootDirectory, [&](const EntryView& entry) {
      files.push_back(entry.reference);
      return files.size() < 100;
    });
  });
  for (const MftReference& file : files) {
    ask([&] { volume.stat(file); });
    ask([&] { check_file(volume, file); });
    ask([&] {
      if (volume.stat(file).size_bytes < (1 << 20)) volume.read_file(file);
    });
  }
  for (const uint64_t record : {system_record::kSecure, uint64_t{24}, uint64_t{25}, uint64_t{26}})
    ask([&] {
      const File file = volume.open_record(record);
      for (const Attribute& attribute : file.attributes())
        if (attribute.type == AttributeType::kIndexRoot)
          Index(volume, file, attribute.name()).walk(nullptr, [](const IndexEntry&) { return true; });
    });
}

}  // namespace

TEST_CASE("NV-2: damage anywhere in the metadata is answered with errors", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder({8 << 20, 4096, 512, ""});
  const MftReference windows = builder.make_directory(kRootDirectory, u"Windows");
  const MftReference system32 = builder.make_directory(windows, u"System32");
  builder.make_file(system32, u"x.dll", ByteVector(5000, 1));
  for (int i = 0; i < 40; ++i)
    builder.make_file(
        kRootDirectory,
        u"a rather long name to fill blocks " + std::u16string(1, static_cast<char16_t>(u'A' + i)),
        ByteVector(static_cast<size_t>(i) * 100, 1));
  builder.make_file(kRootDirectory, u"hiberfil.sys", ByteVector(8192, 0));
  Volume& volume = builder.volume();
  // Where the readers look.
  std::vector<Range> places = volume.mft().ranges(0, volume.mft().size_bytes());
  places.push_back({0, 512});
  for (const Range& range : witness_ranges(volume)) places.push_back(range);
  std::optional<Stream> root = volume.open(kRootDirectory).stream(AttributeType::kIndexAllocation, u"$I30");
  REQUIRE(root);
  for (int times = 0; times < 4; ++times)  // small places as often as the large one
    for (const Range& range : root->ranges(0, root->size_bytes())) places.push_back(range);
  ask_everything(builder.device());

  const ByteVector good = builder.device().bytes;
  std::mt19937 random(19072024);
  constexpr uint8_t kExtremes[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  for (int round = 0; round < 400; ++round) {
    MemoryDevice device(good);
    const size_t hits = 1 + random() % 12;
    for (size_t i = 0; i < hits; ++i) {
      const Range& range = places[random() % places.size()];
      const size_t width = 1 + random() % 8;
      for (size_t j = 0; j < width; ++j) {
        // Mostly the heads of records and blocks, where the fields are.
        uint64_t within = random() % range.length;
        if (random() % 4 != 0) within = within / 1024 * 1024 + random() % 0x180;
        device.bytes[static_cast<size_t>(range.offset + within % range.length)] =
            random() % 2 == 0 ? kExtremes[random() % 6] : static_cast<uint8_t>(random());
      }
    }
    ask_everything(device);
  }
}

TEST_CASE("NV-2: holes cannot make $MFT or an index larger than the volume", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const MftReference folder = builder.make_directory(kRootDirectory, u"folder");
  for (int i = 0; i < 60; ++i)
    builder.make_file(folder, u"filler " + std::u16string(1, static_cast<char16_t>(u'A' + i)), as_bytes("x"));
  const ByteVector good = builder.device().bytes;
  const uint64_t vast = uint64_t{1} << 46;  // clusters

  NewAttribute attribute;
  attribute.non_resident = true;
  attribute.runs = builder.volume().mft().runs();
  attribute.runs.push_back({total_clusters(attribute.runs), vast, Run::kHole});
  attribute.size_bytes = attribute.initialised_bytes = total_clusters(attribute.runs) * 4096;
  builder.replace_attribute(system_record::kMft, attribute);
  CHECK(id_of_error([&] { builder.volume(); }) == "ntfs.mft.hole");

  for (const bool resident_bitmap : {true, false}) {
    VolumeBuilder other(good);
    attribute.runs = other.volume().open(folder).stream(AttributeType::kIndexAllocation, u"$I30")->runs();
    attribute.runs.push_back({total_clusters(attribute.runs), vast, Run::kHole});
    attribute.size_bytes = attribute.initialised_bytes = total_clusters(attribute.runs) * 4096;
    attribute.type = AttributeType::kIndexAllocation;
    attribute.name = u"$I30";
    other.replace_attribute(folder.record, attribute);
    if (!resident_bitmap) {
      NewAttribute bitmap;
      bitmap.type = AttributeType::kBitmap;
      bitmap.name = u"$I30";
      bitmap.non_resident = true;
      bitmap.runs = {{0, vast / 4096, Run::kHole}};
      bitmap.size_bytes = bitmap.initialised_bytes = vast;
      other.replace_attribute(folder.record, bitmap);
    }
    const CheckReport report = check_full(other.volume());
    CHECK(report.clean() == resident_bitmap);
  }
}
