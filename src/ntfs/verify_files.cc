// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs {
namespace {

constexpr std::u16string_view kDirectoryIndex = u"$I30";
// $FILE_NAME: +0x08 times, sizes, flags and tag up to +0x40.
constexpr size_t kCopiesBegin = 0x08, kCopiesEnd = 0x40;
constexpr size_t kHeadBytes = 3;  // flags, indexed
// $STANDARD_INFORMATION: +0x08 content changed, +0x10 record changed.
constexpr size_t kModified = 0x08, kChanged = 0x10;
// +0x40 the USN, in the form of NTFS 3.0.
constexpr size_t kUsn = 0x40;
constexpr size_t kVolumeFlags = 0x0a;

[[noreturn]] void refuse(const char* id, uint64_t record, const std::string& what) {
  throw Error(ErrorCode::kRefused, id, fmt::format("MFT record {}: {}", record, what));
}

std::string type_name(AttributeType type) {
  return fmt::format("attribute 0x{:x}", static_cast<uint32_t>(type));
}

// One attribute as a whole: its first extent for the head, the runs of all.
struct Whole {
  AttributeType type;
  std::u16string name;
  const Attribute* first;
  RunList runs;
};

bool is_compared_apart(const Attribute& attribute, const Tolerance& tolerance) {
  switch (attribute.type) {
    case AttributeType::kAttributeList:  // proved by File: it names all attributes and nothing else
    case AttributeType::kFileName:
      return true;
    case AttributeType::kIndexRoot:
    case AttributeType::kIndexAllocation:
    case AttributeType::kBitmap:
      return tolerance.view_index || (tolerance.index && attribute.is_named(kDirectoryIndex));
    default:
      return false;
  }
}

std::vector<Whole> wholes(const File& file, const Tolerance& tolerance) {
  std::vector<Whole> result;
  for (const Attribute& attribute : file.attributes()) {
    if (!attribute.resident && attribute.lowest_vcn != 0) continue;
    if (is_compared_apart(attribute, tolerance)) continue;
    Whole whole{attribute.type, attribute.name(), &attribute, {}};
    if (!attribute.resident) whole.runs = file.stream_of(attribute).runs();
    result.push_back(std::move(whole));
  }
  std::stable_sort(result.begin(), result.end(), [](const Whole& a, const Whole& b) {
    return std::tie(a.type, a.name) < std::tie(b.type, b.name);
  });
  return result;
}

// +0x40 of a compressed or sparse attribute: bytes that are really allocated.
uint64_t compressed_bytes(const Attribute& attribute) {
  const bool has = (attribute.flags & (Attribute::kCompressed | Attribute::kSparse)) != 0;
  return has && attribute.whole.size() >= 0x48 ? read_le<uint64_t>(attribute.whole, 0x40) : 0;
}

bool is_start_of(const RunList& start, const RunList& runs) {
  if (start.size() > runs.size()) return false;
  for (size_t i = 0; i < start.size(); ++i)
    if (runs[i].vcn != start[i].vcn || runs[i].lcn != start[i].lcn ||
        (runs[i].length != start[i].length && (i + 1 != start.size() || runs[i].length < start[i].length)))
      return false;
  return true;
}

class Comparison {
 public:
  Comparison(const File& before, const File& after, const Tolerance& tolerance)
      : before_(before), after_(after), tolerance_(tolerance), record_(before.reference().record) {}

  void attributes() const {
    const std::vector<Whole> then = wholes(before_, tolerance_), now = wholes(after_, tolerance_);
    if (then.size() != now.size())
      refuse("ntfs.verify.file.attributes", record_,
             fmt::format("it had {} attributes and has {}", then.size(), now.size()));
    for (size_t i = 0; i < then.size(); ++i) {
      if (then[i].type != now[i].type || then[i].name != now[i].name)
        refuse("ntfs.verify.file.attribute", record_, type_name(then[i].type) + " is gone");
      attribute(then[i], now[i]);
    }
  }

  // What is compared apart is so for its content; the heads stay.
  void heads() const {
    for (const Attribute& now : after_.attributes()) {
      if (now.type == AttributeType::kFileName || now.type == AttributeType::kAttributeList ||
          !is_compared_apart(now, tolerance_))
        continue;
      const Attribute* then = before_.find(now.type, now.name());
      const uint16_t flags = then != nullptr ? then->flags : 0;
      if (now.flags != flags || now.indexed || now.compression_unit_shift != 0)
        refuse("ntfs.verify.file.head", record_, type_name(now.type) + " has other flags");
    }
  }

  void header() const {
    const RecordView &then = before_.base().view(), &now = after_.base().view();
    if (then.flags() != now.flags() || then.lsn() != now.lsn() || then.base() != now.base())
      refuse("ntfs.verify.file.header", record_, "the head of the record changed");
  }

  // The names are those expected; new ones carry on what an old one said.
  void names(const ExpectedFile* expected) const {
    const std::vector<ByteVector> then = name_values(before_), now = name_values(after_);
    std::vector<ByteVector> gone, fresh;
    std::set_difference(then.begin(), then.end(), now.begin(), now.end(), std::back_inserter(gone));
    std::set_difference(now.begin(), now.end(), then.begin(), then.end(), std::back_inserter(fresh));
    if (expected == nullptr) {
      if (!gone.empty() || !fresh.empty() || before_.base()->link_count() != after_.base()->link_count())
        refuse("ntfs.verify.file.names", record_, "its names changed");
      return;
    }
    check_names(now, expected->after);
    for (const ByteVector& name : fresh) {
      const auto carries_on = [&](const ByteVector& old) {
        return equal(slice(Bytes(old), kCopiesBegin, kCopiesEnd - kCopiesBegin),
                     slice(Bytes(name), kCopiesBegin, kCopiesEnd - kCopiesBegin)) &&
               equal(Bytes(old).last(kHeadBytes), Bytes(name).last(kHeadBytes));
      };
      if (std::none_of(gone.begin(), gone.end(), carries_on))
        refuse("ntfs.verify.file.copies", record_,
               "a new name does not carry the times and sizes of the old");
    }
  }

  void check_names(const std::vector<ByteVector>& values, const std::vector<Link>& expected) const {
    const auto key = [](const Link& link) { return std::tuple(link.parent, link.name, link.name_space); };
    std::vector<std::tuple<MftReference, std::u16string, NameSpace>> found, wanted;
    for (const ByteVector& value : values) {
      const FileNameView name = FileNameView::parse(value);
      found.emplace_back(name.parent(), name.name(), name.name_space());
    }
    for (const Link& link : expected) wanted.push_back(key(link));
    std::sort(found.begin(), found.end());
    std::sort(wanted.begin(), wanted.end());
    if (found != wanted) refuse("ntfs.verify.file.names", record_, "its names are not those planned");
    if (after_.base()->link_count() != wanted.size())
      refuse("ntfs.verify.file.links", record_,
             fmt::format("it counts {} names and has {}", after_.base()->link_count(), wanted.size()));
  }

  // Each value, and behind it what its attribute's head says of it; sorted.
  static std::vector<ByteVector> name_values(const File& file) {
    std::vector<ByteVector> values;
    for (const Attribute& attribute : file.attributes()) {
      if (attribute.type != AttributeType::kFileName) continue;
      FileNameView::parse(attribute.value);  // long enough for what is compared
      ByteVector value(attribute.value.begin(), attribute.value.end());
      value.push_back(static_cast<uint8_t>(attribute.flags));
      value.push_back(static_cast<uint8_t>(attribute.flags >> 8));
      value.push_back(attribute.indexed ? 1 : 0);
      values.push_back(std::move(value));
    }
    std::sort(values.begin(), values.end());
    return values;
  }

 private:
  void attribute(const Whole& then, const Whole& now) const {
    const Attribute &a = *then.first, &b = *now.first;
    if (a.flags != b.flags || a.indexed != b.indexed)
      refuse("ntfs.verify.file.flags", record_, type_name(a.type) + " has other flags");
    if (a.resident && b.resident) {
      value(a, b);
    } else if (!a.resident && !b.resident) {
      clusters(then, now);
    } else {
      moved_out(then, now);
    }
  }

  void value(const Attribute& a, const Attribute& b) const {
    ByteVector then(a.value.begin(), a.value.end());
    const Bytes now = b.value;
    const auto may_differ = [&](size_t offset, size_t length) {
      if (!fits(offset, length, then.size()) || !fits(offset, length, now.size())) return;
      std::copy_n(now.begin() + static_cast<ptrdiff_t>(offset), length,
                  then.begin() + static_cast<ptrdiff_t>(offset));
    };
    if (a.type == AttributeType::kStandardInformation) {
      may_differ(kChanged, 8);
      if (tolerance_.modified) may_differ(kModified, 8);
      if (tolerance_.usn && fits(kUsn, 8, then.size())) write_le<uint64_t>(then, kUsn, *tolerance_.usn);
    }
    if (a.type == AttributeType::kVolumeInformation && tolerance_.volume_flags) {
      write_le<uint16_t>(then, kVolumeFlags, *tolerance_.volume_flags);
    }
    if (!equal(then, now))
      refuse("ntfs.verify.file.value", record_, type_name(a.type) + " has another value");
  }

  void clusters(const Whole& then, const Whole& now) const {
    const Attribute &a = *then.first, &b = *now.first;
    if (tolerance_.changes && a.type == AttributeType::kData && a.is_named(kChangeStream)) {
      if (!is_start_of(then.runs, now.runs) || a.compression_unit_shift != b.compression_unit_shift)
        refuse("ntfs.verify.file.changes", record_, "the change journal lies elsewhere");
      return;
    }
    const bool may_grow =
        tolerance_.grows && (a.type == AttributeType::kData || a.type == AttributeType::kBitmap);
    if (may_grow && is_start_of(then.runs, now.runs) && b.data_bytes >= a.data_bytes &&
        b.initialised_bytes >= a.initialised_bytes)
      return;
    if (then.runs != now.runs || a.data_bytes != b.data_bytes || a.allocated_bytes != b.allocated_bytes ||
        a.initialised_bytes != b.initialised_bytes || a.compression_unit_shift != b.compression_unit_shift ||
        compressed_bytes(a) != compressed_bytes(b))
      refuse("ntfs.verify.file.runs", record_, type_name(a.type) + " lies elsewhere or has another size");
  }

  void moved_out(const Whole& then, const Whole& now) const {
    if (!then.first->resident)
      refuse("ntfs.verify.file.moved", record_, type_name(then.type) + " was moved in");
    Stream stream = after_.stream_of(*now.first);
    if (stream.size_bytes() != then.first->value.size() ||
        !equal(stream.read_bytes(0, stream.size_bytes()), then.first->value))
      refuse("ntfs.verify.file.moved", record_, type_name(then.type) + " was moved and its content changed");
  }

  const File& before_;
  const File& after_;
  const Tolerance& tolerance_;
  uint64_t record_;
};

}  // namespace

void compare_freed_record(const Record& before, const Record& after) {
  const Bytes then = before->bytes(), now = after->bytes();
  ByteVector expected(then.begin(), then.end());
  const uint16_t sequence = before->sequence();
  const auto next = static_cast<uint16_t>(sequence == 0xffff ? 1 : sequence == 0 ? 0 : sequence + 1);
  write_le<uint16_t>(expected, 0x10, next);
  if (before->is_base()) write_le<uint16_t>(expected, 0x12, 0);
  write_le<uint16_t>(expected, 0x16, static_cast<uint16_t>(before->flags() & ~RecordView::kInUse));
  // The update sequence changes with each write.
  const uint64_t array = read_le<uint16_t>(then, 4), array_bytes = uint64_t{2} * read_le<uint16_t>(then, 6);
  const Bytes new_array = slice(now, array, array_bytes);
  std::copy(new_array.begin(), new_array.end(), expected.begin() + static_cast<ptrdiff_t>(array));
  if (!equal(expected, now))
    refuse("ntfs.verify.file.freed", before->number(), "it is not what it was, marked as free");
}

void compare_file(const File& before, const File& after, const ExpectedFile* expected,
                  const Tolerance& tolerance) {
  const Comparison comparison(before, after, tolerance);
  comparison.header();
  comparison.names(expected);
  comparison.attributes();
  comparison.heads();
}

void check_made_directory(const File& after, const ExpectedFile& expected) {
  const uint64_t record = expected.reference.record;
  bool described = false;
  for (const Attribute& attribute : after.attributes()) {
    const bool named = attribute.is_named(kDirectoryIndex);
    switch (attribute.type) {
      case AttributeType::kSecurityDescriptor:
        described = true;
        break;
      case AttributeType::kStandardInformation:
      case AttributeType::kFileName:
      case AttributeType::kAttributeList:
        break;
      case AttributeType::kIndexRoot:
      case AttributeType::kIndexAllocation:
      case AttributeType::kBitmap:
        if (named) break;
        [[fallthrough]];
      default:
        refuse("ntfs.verify.file.made", record, "the new directory has " + type_name(attribute.type));
    }
  }
  if (!described || !after.is_directory())
    refuse("ntfs.verify.file.made", record, "the new directory has no descriptor of its own");
  Comparison(after, after, {}).check_names(Comparison::name_values(after), expected.after);
}

void add_clusters(const File& file, UnitSet& into) {
  for (const Attribute& attribute : file.attributes()) {
    if (attribute.resident || attribute.lowest_vcn != 0) continue;
    const Stream stream = file.stream_of(attribute);
    for (const Run& run : stream.runs())
      if (!run.is_hole()) into.add(run.lcn, run.length);
  }
}

}  // namespace mend::ntfs
