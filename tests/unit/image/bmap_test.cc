// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/bmap.h"

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

struct Made {
  Made() : base(test::small_base(folder.path() / "base")) {
    FatRequest volume;
    for (const BaseFile& file : base.files) {
      volume.files.push_back(
          {file.path_on_stick, Content::file(base.directory + "/" + file.file, 0, file.size_bytes)});
    }
    volume.files.push_back({"keys/a.txt", Content::memory("a key")});
    disk = lay_out_disk(base, volume, 64 * kMiB, 7);
    image = folder / "a.img";
    write_disk(disk, image).commit();
    bmap = make_bmap(disk, hasher);
  }
  mend::test::TempFolder folder;
  Base base;
  DiskImage disk;
  std::string image;
  RangeHasher hasher;
  Bmap bmap;
};

std::string why_not(const std::string& text) {
  try {
    parse_bmap(text, "x.bmap");
  } catch (const Error& error) {
    return error.what();
  }
  return "taken";
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("bmaptool copies an image by our map and finds every checksum right", "[image]") {
  if (!mend::test::need_program("bmaptool")) return;
  const Made made;
  write_text(made.folder / "a.img.bmap", to_xml(made.bmap)).commit();
  const Outcome copy = test::run_judge({"bmaptool", "copy", made.image, made.folder / "target"});
  INFO(copy.output << copy.errors);
  REQUIRE(copy.status == 0);
  CHECK((copy.output + copy.errors).find("version 2.0") != std::string::npos);
  CHECK((test::read_text(made.image) == test::read_text(made.folder / "target")));
}

TEST_CASE("DI-3, FA-4: on a stick full of other data the mapped blocks make a sound volume", "[image]") {
  if (!mend::test::need_program("fsck.fat")) return;
  const Made made;
  const std::string image = test::read_text(made.image);
  std::string stick(image.size(), '\xFF');
  for (const BmapRange& range : made.bmap.ranges)
    stick.replace(range.offset(), range.size_bytes(), image, range.offset(), range.size_bytes());
  test::write_text_file(made.folder.path() / "volume", std::string_view(stick).substr(kMiB));
  const Outcome check = test::run_judge({"fsck.fat", "-n", made.folder / "volume"});
  INFO(check.output << check.errors);
  CHECK(check.status == 0);
}

TEST_CASE("bmaptool refuses the image when one mapped byte is another", "[image]") {
  if (!mend::test::need_program("bmaptool")) return;
  const Made made;
  write_text(made.folder / "a.img.bmap", to_xml(made.bmap)).commit();
  std::fstream file(made.image, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(made.bmap.ranges.back().offset()));
  file.put('!');
  file.close();
  CHECK(test::run_judge({"bmaptool", "copy", made.image, made.folder / "target"}).status != 0);
}

TEST_CASE("each range's hash is that of the image's bytes, and memory of files changes none", "[image]") {
  Made made;
  const std::string image = test::read_text(made.image);
  for (const BmapRange& range : made.bmap.ranges) {
    CHECK(crypto::sha256(as_bytes(image).subspan(range.offset(), range.size_bytes())) == range.sha256);
  }
  // Nothing but zeros outside.
  std::string rest = image;
  for (const BmapRange& range : made.bmap.ranges)
    rest.replace(range.offset(), range.size_bytes(), range.size_bytes(), '\0');
  CHECK(all_zero(as_bytes(rest)));
  CHECK(to_xml(make_bmap(made.disk, made.hasher)) == to_xml(made.bmap));
}

TEST_CASE("what was written is read back the same", "[image]") {
  const Made made;
  const Bmap back = parse_bmap(to_xml(made.bmap), "x.bmap");
  CHECK(back.image_bytes == made.bmap.image_bytes);
  REQUIRE(back.ranges.size() == made.bmap.ranges.size());
  for (size_t i = 0; i < back.ranges.size(); ++i) {
    CHECK(back.ranges[i].first_block == made.bmap.ranges[i].first_block);
    CHECK(back.ranges[i].last_block == made.bmap.ranges[i].last_block);
    CHECK(back.ranges[i].sha256 == made.bmap.ranges[i].sha256);
  }
}

TEST_CASE("a map that bmaptool made is read too", "[image]") {
  if (!mend::test::need_program("bmaptool")) return;
  const Made made;
  const Outcome create =
      test::run_judge({"bmaptool", "create", "-o", made.folder / "other.bmap", made.image});
  INFO(create.errors);
  REQUIRE(create.status == 0);
  const Bmap other = load_bmap(made.folder / "other.bmap");
  CHECK(other.image_bytes == 64 * kMiB);
  CHECK(!other.ranges.empty());
}

TEST_CASE("BM-1: a map that was changed or contradicts itself is refused", "[image]") {
  const Made made;
  const std::string good = to_xml(made.bmap);
  CHECK(why_not(good) == "taken");
  for (size_t length = 0; length < good.size() - 1; length += 7)
    CHECK(why_not(good.substr(0, length)) != "taken");
  CHECK(why_not(replaced(good, "<ImageSize> 6", "<ImageSize> 7")).find("own checksum") != std::string::npos);
  CHECK(why_not(replaced(good, "version=\"2.0\"", "version=\"1.3\"")).find("version 2") != std::string::npos);
  CHECK(why_not(replaced(good, "sha256 <", "sha1 <")).find("SHA-256") != std::string::npos);

  Bmap wrong = made.bmap;
  std::swap(wrong.ranges[0], wrong.ranges[1]);
  CHECK(why_not(to_xml(wrong)).find("does not fit") != std::string::npos);
  wrong = made.bmap;
  wrong.ranges.back().last_block = wrong.image_bytes / kBlockBytes;
  CHECK(why_not(to_xml(wrong)).find("does not fit") != std::string::npos);
}

}  // namespace mend::image
