// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/touched.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/index.h"
#include "ntfs/verify_plan.h"

namespace mend::ntfs {
namespace {

constexpr size_t kMaximumDepth = 1024;  // of folders; a path has at most 32,767 units

std::string in_quotes(std::u16string_view text) {
  return fmt::format("\"{}\"", printable(to_utf8(text)));
}

class TouchedCheck {
 public:
  explicit TouchedCheck(Volume& volume) : volume_(volume) {}

  std::vector<Finding> run(const TouchedSet& set) {
    guarded(system_record::kMftMirror, [&] { mirror(); });
    for (const MftReference file : set.files)
      guarded(file.record, [&] { is_live(file) ? live(file) : gone(file); });
    for (const TouchedSet::Name& name : set.names) guarded(name.parent.record, [&] { entry(name); });
    std::sort(findings_.begin(), findings_.end());
    findings_.erase(std::unique(findings_.begin(), findings_.end()), findings_.end());
    return std::move(findings_);
  }

 private:
  void add(FindingKind kind, uint64_t record, std::string what) {
    findings_.push_back({kind, record, 0, 0, std::move(what)});
  }

  // Damage is a finding; only a device that fails stops the check.
  template <typename Action>
  void guarded(uint64_t record, Action&& action) {
    try {
      action();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      add(FindingKind::kBadRecord, record, error.what());
    }
  }

  bool is_live(MftReference file) {
    if (file.record >= volume_.record_count()) return false;
    try {
      const Record record = volume_.read_record(file.record);
      return record->in_use() && record->sequence() == file.sequence;
    } catch (const Error& error) {
      // A record that was never formatted is no file; one that is damaged and in use is a finding of live().
      if (error.code() != ErrorCode::kCorrupt) throw;
      return volume_.record_bit(file.record);
    }
  }

  // --- a file that exists ---

  void live(MftReference reference) {
    const File file = volume_.open(reference);
    if (!file.is_directory())
      for (Finding& finding : check_file(volume_, reference)) findings_.push_back(std::move(finding));
    record_bit(reference.record);
    for (const Record& extension : file.extensions()) record_bit(extension->number());
    for (const Attribute& attribute : file.attributes()) {
      if (attribute.type == AttributeType::kFileName) link(reference, FileNameView::parse(attribute.value));
      if (!attribute.resident && attribute.lowest_vcn == 0) clusters(reference, file, attribute);
    }
    if (const auto point = view_key_of_reparse(file))
      if (!view_entry(u"$Reparse", u"$R", *point))
        add(FindingKind::kBadIndex, reference.record,
            fmt::format("file {} is a reparse point that $Reparse does not list", reference.record));
    if (const auto id = object_id_of(file))
      if (!view_entry(u"$ObjId", u"$O", *id))
        add(FindingKind::kBadIndex, reference.record,
            fmt::format("file {} has an object ID that $ObjId does not list", reference.record));
  }

  void record_bit(uint64_t record) {
    if (!volume_.record_bit(record))
      add(FindingKind::kRecordBitmap, record,
          fmt::format("MFT record {} is in use and marked as free in the bitmap of $MFT", record));
  }

  // The name in its directory, and the way from there to the root.
  void link(MftReference file, const FileNameView& name) {
    if (file.record == system_record::kRoot) return;
    const std::optional<DirectoryEntry> found = volume_.find(name.parent(), name.name());
    if (!found || found->reference != file || found->name != name.name() ||
        found->name_space != name.name_space())
      add(FindingKind::kNameWithoutEntry, file.record,
          fmt::format("the directory in MFT record {} has no entry {} for file {}", name.parent().record,
                      in_quotes(name.name()), file.record));
    climb(name.parent());
  }

  void climb(MftReference directory) {
    for (size_t depth = 0; climbed_.insert(directory).second; ++depth) {
      const File file = volume_.open(directory);
      if (directory.record == system_record::kRoot) return;
      const Attribute* attribute = file.find(AttributeType::kFileName);
      if (attribute == nullptr || !file.is_directory() || depth > kMaximumDepth) {
        add(FindingKind::kNameWithoutEntry, directory.record,
            fmt::format("the folder in MFT record {} cannot be followed to the root", directory.record));
        return;
      }
      const FileNameView name = FileNameView::parse(attribute->value);
      const std::optional<DirectoryEntry> found = volume_.find(name.parent(), name.name());
      if (!found || found->reference != directory)
        add(FindingKind::kNameWithoutEntry, directory.record,
            fmt::format("the directory in MFT record {} has no entry {} for folder {}", name.parent().record,
                        in_quotes(name.name()), directory.record));
      directory = name.parent();
    }
  }

  void clusters(MftReference reference, const File& file, const Attribute& attribute) {
    const Stream stream = file.stream_of(attribute);
    for (const Run& run : stream.runs()) {
      if (run.is_hole()) continue;
      const uint64_t first_byte = run.lcn / 8, end_byte = (run.lcn + run.length + 7) / 8;
      constexpr uint64_t kPiece = 64 << 10;
      for (uint64_t byte = first_byte; byte < end_byte; byte += kPiece) {
        const ByteVector bits = volume_.cluster_bitmap().read_bytes(byte, std::min(kPiece, end_byte - byte));
        for (size_t i = 0; i < bits.size(); ++i) {
          if (bits[i] == 0xff) continue;
          for (uint64_t lcn = (byte + i) * 8; lcn < (byte + i + 1) * 8; ++lcn) {
            if (lcn < run.lcn || lcn >= run.lcn + run.length || ((bits[i] >> (lcn % 8)) & 1) != 0) continue;
            findings_.push_back(
                {FindingKind::kClusterNotMarked, reference.record, lcn, 1,
                 fmt::format("cluster {} of file {} is marked as free", lcn, reference.record)});
            if (findings_.size() >= CheckReport::kMaximumFindings) return;
          }
        }
      }
    }
  }

  // --- a file that does not exist, or no longer ---

  void gone(MftReference reference) {
    if (reference.record >= volume_.record_count()) return;
    const bool marked = volume_.record_bit(reference.record);
    std::optional<Record> record;
    try {
      record = volume_.read_record(reference.record);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;  // never formatted
    }
    const bool in_use = record && (*record)->in_use();
    if (marked != in_use)
      add(FindingKind::kRecordBitmap, reference.record,
          fmt::format("MFT record {} is {} and marked as {} in the bitmap of $MFT", reference.record,
                      in_use ? "in use" : "free", marked ? "used" : "free"));
    if (in_use || !record || !(*record)->is_base()) return;
    // What it was can still be read there.
    (*record)->for_each_attribute([&](const Attribute& attribute) {
      if (!attribute.resident) return;
      std::optional<ByteVector> data;
      if (attribute.type == AttributeType::kReparsePoint)
        data = view_entry(u"$Reparse", u"$R", reparse_key(slice(attribute.value, 0, 4), reference));
      if (attribute.type == AttributeType::kObjectId) {
        const Bytes id = slice(attribute.value, 0, 16);
        data = view_entry(u"$ObjId", u"$O", {id.begin(), id.end()});
        // +0x00 the packed reference; another file may have the ID by now.
        if (data && read_le<uint64_t>(*data, 0) != reference.pack()) data.reset();
      }
      if (data)
        add(FindingKind::kBadIndex, reference.record,
            fmt::format("file {} is gone and $Reparse or $ObjId still lists it", reference.record));
    });
  }

  // --- a name ---

  // If there is such an entry, it leads to a file that has that name.
  void entry(const TouchedSet::Name& name) {
    if (!is_live(name.parent)) return;
    const std::optional<DirectoryEntry> found = volume_.find(name.parent, name.name);
    if (!found || found->name != name.name) return;
    bool matches = false;
    if (is_live(found->reference)) {
      const FileInfo info = volume_.stat(found->reference);
      matches = std::any_of(info.links.begin(), info.links.end(), [&](const Link& link) {
        return link.parent == name.parent && link.name == name.name;
      });
    }
    if (!matches)
      add(FindingKind::kEntryWithoutName, found->reference.record,
          fmt::format(
              "the entry {} of the directory in MFT record {} leads to record {}, which has no such name",
              in_quotes(name.name), name.parent.record, found->reference.record));
  }

  // --- $Reparse, $ObjId, $MFTMirr ---

  static ByteVector reparse_key(Bytes tag, MftReference reference) {
    ByteVector key(12);
    std::copy(tag.begin(), tag.end(), key.begin());
    write_le<uint64_t>(key, 4, reference.pack());
    return key;
  }
  static std::optional<ByteVector> view_key_of_reparse(const File& file) {
    std::optional<Stream> point = file.stream(AttributeType::kReparsePoint);
    if (!point) return std::nullopt;
    return reparse_key(point->read_bytes(0, 4), file.reference());
  }
  static std::optional<ByteVector> object_id_of(const File& file) {
    std::optional<Stream> id = file.stream(AttributeType::kObjectId);
    if (!id) return std::nullopt;
    return id->read_bytes(0, 16);
  }

  std::optional<ByteVector> view_entry(std::u16string_view name, std::u16string_view index,
                                       const ByteVector& key) {
    const MftReference extend = volume_.read_record(system_record::kExtend)->reference();
    const std::optional<DirectoryEntry> file = volume_.find(extend, name);
    if (!file) return std::nullopt;
    return find_view_entry(volume_, file->reference, index, key);
  }

  void mirror() {
    const uint32_t bytes = volume_.geometry().record_bytes;
    const File file = volume_.open(volume_.read_record(system_record::kMftMirror)->reference());
    std::optional<Stream> copy = file.stream(AttributeType::kData);
    if (!copy) return add(FindingKind::kMirror, system_record::kMftMirror, "$MFTMirr holds nothing");
    // Windows keeps the first four records there, whatever the size of the file.
    const uint64_t length = std::min(copy->size_bytes() / bytes, uint64_t{4}) * bytes;
    Stream mft = volume_.mft();
    const ByteVector one = copy->read_bytes(0, length), other = mft.read_bytes(0, length);
    for (uint64_t at = 0; at < length; at += bytes)
      if (!equal(slice(Bytes(one), at, bytes), slice(Bytes(other), at, bytes)))
        add(FindingKind::kMirror, at / bytes,
            fmt::format("MFT record {} differs from its copy in $MFTMirr", at / bytes));
  }

  Volume& volume_;
  std::vector<Finding> findings_;
  std::set<MftReference> climbed_;
};

}  // namespace

TouchedSet touched_by(Volume& before, std::span<const PlannedEdit> edits) {
  const Expectation expectation = expect(before, edits);
  std::set<MftReference> files;
  std::set<TouchedSet::Name> names;
  for (const auto& [record, file] : expectation.files) {
    files.insert(file.reference);
    for (const std::vector<Link>* links : {&file.before, &file.after})
      for (const Link& link : *links) names.insert({link.parent, link.name});
  }
  for (const auto& [record, directory] : expectation.directories) files.insert(directory.reference);
  if (expectation.change_journal) files.insert(*expectation.change_journal);
  return {{files.begin(), files.end()}, {names.begin(), names.end()}};
}

std::vector<Finding> check_touched(Volume& volume, const TouchedSet& set) {
  return TouchedCheck(volume).run(set);
}

std::vector<Finding> new_findings(const std::vector<Finding>& before, const std::vector<Finding>& after) {
  std::vector<Finding> then = before, now = after, fresh;
  std::sort(then.begin(), then.end());
  std::sort(now.begin(), now.end());
  std::set_difference(now.begin(), now.end(), then.begin(), then.end(), std::back_inserter(fresh));
  return fresh;
}

}  // namespace mend::ntfs
