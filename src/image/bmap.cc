// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/bmap.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr uint64_t kMaximumFileBytes = 64 * kMiB;
constexpr size_t kDigits = 64;
constexpr std::string_view kChecksumElement = "BmapFileChecksum";

// A reader of just the XML that a bmap is: elements with text, one kind of attribute, comments.
class Scanner {
 public:
  Scanner(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
    for (size_t start = text_.find("<!--"); start != std::string::npos; start = text_.find("<!--", start)) {
      const size_t end = text_.find("-->", start);
      if (end == std::string::npos) wrong("a comment has no end");
      text_.erase(start, end + 3 - start);
    }
  }

  // The text of the element, its attributes before it; from `position` on, which moves behind it.
  struct Element {
    std::string_view attributes, text;
  };
  std::optional<Element> next(std::string_view name, size_t& position) const {
    const std::string open = "<" + std::string(name);
    for (size_t start = text_.find(open, position); start != std::string::npos;
         start = text_.find(open, start + 1)) {
      const size_t after = start + open.size();
      if (after >= text_.size() || (text_[after] != '>' && text_[after] != ' ')) continue;
      const size_t close = text_.find('>', after);
      const size_t end = text_.find("</" + std::string(name) + ">", after);
      if (close == std::string::npos || end == std::string::npos || close > end)
        wrong(fmt::format("the element {} has no end", name));
      position = end;
      const std::string_view all(text_);
      return Element{all.substr(after, close - after), trim_ascii(all.substr(close + 1, end - close - 1))};
    }
    return std::nullopt;
  }

  Element only(std::string_view name) const {
    size_t position = 0;
    const auto element = next(name, position);
    if (!element) wrong(fmt::format("there is no element {}", name));
    return *element;
  }

  uint64_t number(std::string_view text, std::string_view what) const {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty())
      wrong(fmt::format("\"{}\" is no number ({})", printable(text.substr(0, 40)), what));
    return value;
  }

  [[noreturn]] void wrong(const std::string& why) const {
    throw Error(ErrorCode::kUsage, "image.bmap.content", fmt::format("{} is no usable bmap: {}", file_, why));
  }

 private:
  std::string text_, file_;
};

crypto::Sha256Digest digest_from(std::string_view hex, const Scanner& scanner) {
  if (hex.size() != kDigits) scanner.wrong("a checksum is not a SHA-256");
  const ByteVector bytes = from_hex(hex);
  if (bytes.size() != kDigits / 2) scanner.wrong("a checksum is not a SHA-256");
  crypto::Sha256Digest digest{};
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

// The file's checksum is over its text with zeros in its place.
std::string with_zero_checksum(std::string text) {
  const size_t element = text.find("<" + std::string(kChecksumElement) + ">");
  const size_t digit = text.find_first_of("0123456789abcdef", text.find('>', element));
  if (element != std::string::npos && digit != std::string::npos && fits(digit, kDigits, text.size()))
    text.replace(digit, kDigits, std::string(kDigits, '0'));
  return text;
}

BmapRange range_from(const Scanner::Element& element, const Scanner& scanner) {
  BmapRange range;
  const size_t dash = element.text.find('-');
  range.first_block = scanner.number(trim_ascii(element.text.substr(0, dash)), "Range");
  range.last_block = range.first_block;
  if (dash != std::string_view::npos)
    range.last_block = scanner.number(trim_ascii(element.text.substr(dash + 1)), "Range");
  const size_t start = element.attributes.find('"');
  const size_t end = element.attributes.rfind('"');
  if (start == std::string_view::npos || element.attributes.find("chksum=") == std::string_view::npos)
    scanner.wrong("a range has no checksum");
  range.sha256 = digest_from(element.attributes.substr(start + 1, end - start - 1), scanner);
  return range;
}

}  // namespace

uint64_t Bmap::mapped_bytes() const {
  uint64_t bytes = 0;
  for (const BmapRange& range : ranges) bytes += range.size_bytes();
  return bytes;
}

crypto::Sha256Digest RangeHasher::hash(const Content& content) {
  std::string key;
  if (content.kind() == Content::Kind::kZeros) key = fmt::format("{}", content.size_bytes());
  if (content.kind() == Content::Kind::kFile)
    key = fmt::format("{}:{}:{}", content.offset_in_file(), content.size_bytes(), content.path());
  // Held while hashing, so that two threads do not both hash the same kernel.
  std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
  if (!key.empty()) {
    lock.lock();
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
  }
  crypto::Sha256 sha;
  content.for_each_piece([&](Bytes piece) { sha.update(piece); });
  const uint64_t size = content.size_bytes();
  sha.update(ByteVector(static_cast<size_t>(align_up(size, kBlockBytes) - size)));
  const crypto::Sha256Digest digest = sha.finish();
  if (!key.empty()) known_.emplace(key, digest);
  return digest;
}

Bmap make_bmap(const DiskImage& disk, RangeHasher& hasher) {
  Bmap bmap;
  bmap.image_bytes = disk.size_bytes;
  for (const Extent& extent : disk.extents) {
    const uint64_t last = (align_up(extent.end(), kBlockBytes) / kBlockBytes) - 1;
    bmap.ranges.push_back({extent.offset / kBlockBytes, last, hasher.hash(extent.content)});
  }
  return bmap;
}

std::string to_xml(const Bmap& bmap) {
  std::string text = fmt::format(
      "<?xml version=\"1.0\" ?>\n"
      "<!-- The blocks of an image that have to be written, with their SHA-256: for bmaptool and\n"
      "     `mendstick write`. What it does not name may stay as it is on the stick. -->\n"
      "<bmap version=\"2.0\">\n"
      "    <ImageSize> {} </ImageSize>\n"
      "    <BlockSize> {} </BlockSize>\n"
      "    <BlocksCount> {} </BlocksCount>\n"
      "    <MappedBlocksCount> {} </MappedBlocksCount>\n"
      "    <ChecksumType> sha256 </ChecksumType>\n"
      "    <{}> {} </{}>\n"
      "    <BlockMap>\n",
      bmap.image_bytes, kBlockBytes, bmap.image_bytes / kBlockBytes, bmap.mapped_bytes() / kBlockBytes,
      kChecksumElement, std::string(kDigits, '0'), kChecksumElement);
  for (const BmapRange& range : bmap.ranges) {
    const std::string blocks = range.first_block == range.last_block
                                   ? fmt::format("{}", range.first_block)
                                   : fmt::format("{}-{}", range.first_block, range.last_block);
    text += fmt::format("        <Range chksum=\"{}\"> {} </Range>\n", to_hex(range.sha256), blocks);
  }
  text += "    </BlockMap>\n</bmap>\n";
  const std::string checksum = to_hex(crypto::sha256(as_bytes(text)));
  const size_t place = text.find(std::string(kDigits, '0'));
  return text.replace(place, kDigits, checksum);
}

Bmap parse_bmap(std::string_view text, const std::string& file_name) {
  const Scanner scanner{std::string(text), file_name};
  if (scanner.only("bmap").attributes.find("\"2.") == std::string_view::npos)
    scanner.wrong("it is not of version 2");
  if (scanner.only("ChecksumType").text != "sha256") scanner.wrong("its checksums are not SHA-256");
  if (scanner.number(scanner.only("BlockSize").text, "BlockSize") != kBlockBytes)
    scanner.wrong("its blocks do not have 4096 bytes");
  const std::string_view checksum = scanner.only(kChecksumElement).text;
  if (to_hex(crypto::sha256(as_bytes(with_zero_checksum(std::string(text))))) != checksum)
    scanner.wrong("its own checksum does not hold: it was changed, or is not whole");
  Bmap bmap;
  bmap.image_bytes = scanner.number(scanner.only("ImageSize").text, "ImageSize");
  const uint64_t blocks = bmap.image_bytes / kBlockBytes + (bmap.image_bytes % kBlockBytes != 0 ? 1 : 0);
  uint64_t next = 0;
  size_t position = 0;
  while (const auto element = scanner.next("Range", position)) {
    const BmapRange range = range_from(*element, scanner);
    if (range.first_block < next || range.last_block < range.first_block || range.last_block >= blocks)
      scanner.wrong(fmt::format("the range {} does not fit to the others", printable(element->text)));
    next = range.last_block + 1;
    bmap.ranges.push_back(range);
  }
  return bmap;
}

Bmap load_bmap(const std::string& path) {
  const ByteVector bytes = read_file(path, kMaximumFileBytes);
  return parse_bmap(as_text(bytes), path);
}

}  // namespace mend::image
