// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/state.h"
#include "ntfs/verify_bits.h"
#include "ntfs/verify_changes.h"
#include "ntfs/verify_files.h"
#include "ntfs/verify_index.h"
#include "ntfs/verify_map.h"
#include "ntfs/verify_plan.h"

namespace mend::ntfs {
namespace {

constexpr std::u16string_view kDirectoryIndex = u"$I30";

// A file whose records or clusters may have changed.
struct Touched {
  std::optional<File> before, after;
  const ExpectedFile* file = nullptr;            // its names change, or it comes or goes
  const ExpectedDirectory* directory = nullptr;  // its entries change
  std::u16string index;                          // name of the index that changes; empty: none
  std::set<ByteVector> view_keys;                // that leave a view index
  bool is_system = false;
};

class Verifier {
 public:
  Verifier(Volume& before, Volume& after, const std::vector<PlannedEdit>& edits)
      : before_(before), after_(after), expectation_(expect(before, edits)) {}

  VerifyReport run(const std::vector<Range>& changed) {
    gather();
    map_structures();
    changes_ = find_changes(before_, after_, changed, then_, now_);
    if (expectation_.change_journal) check_change_journal();
    check_records();
    for (auto& [record, touched] : touched_) check_file(touched);
    check_entries();
    check_bitmaps();
    check_mirror();
    check_hibernation();
    report_.changed_bytes = changes_.bytes;
    return report_;
  }

 private:
  [[noreturn]] static void refuse(const char* id, const std::string& why) {
    throw Error(ErrorCode::kRefused, id, why);
  }

  // --- what may change ---

  void gather() {
    for (const auto& [record, file] : expectation_.files) {
      Touched& touched = touched_[record];
      touched.file = &file;
      if (!file.created) touched.before = before_.open(file.reference);
      if (!file.deleted()) touched.after = after_.open(file.reference);
      if (file.deleted()) gather_view_entries(*touched.before);
      if (file.created) touched.index = kDirectoryIndex;
    }
    for (const auto& [record, directory] : expectation_.directories) {
      Touched& touched = touched_[record];
      touched.directory = &directory;
      touched.index = kDirectoryIndex;
      if (!touched.before && (touched.file == nullptr || !touched.file->created))
        touched.before = before_.open(directory.reference);
      if (!touched.after && (touched.file == nullptr || !touched.file->deleted()))
        touched.after = after_.open(directory.reference);
    }
    for (const uint64_t record : {system_record::kMft, system_record::kVolume, system_record::kBitmap})
      gather_system(record);
    if (expectation_.change_journal) gather_system(expectation_.change_journal->record);
  }

  Touched& gather_system(uint64_t record) {
    Touched& touched = touched_[record];
    touched.is_system = true;
    if (!touched.before) touched.before = before_.open(before_.read_record(record)->reference());
    if (!touched.after) touched.after = after_.open(after_.read_record(record)->reference());
    return touched;
  }

  // $Reparse:$R, key: +0x00 tag, +0x04 packed reference. $ObjId:$O, key: the object ID.
  void gather_view_entries(const File& file) {
    if (std::optional<Stream> point = file.stream(AttributeType::kReparsePoint)) {
      ByteVector key = point->read_bytes(0, 4);
      key.resize(12);
      write_le<uint64_t>(key, 4, file.reference().pack());
      gather_view_entry(u"$Reparse", u"$R", std::move(key));
    }
    if (std::optional<Stream> id = file.stream(AttributeType::kObjectId))
      gather_view_entry(u"$ObjId", u"$O", id->read_bytes(0, 16));
  }

  void gather_view_entry(std::u16string_view file_name, std::u16string_view index, ByteVector key) {
    const MftReference extend = before_.read_record(system_record::kExtend)->reference();
    const std::optional<DirectoryEntry> entry = before_.find(extend, file_name);
    // One that is not listed is a blemish of before, and stays out of it.
    if (!entry || !find_view_entry(before_, entry->reference, index, key)) return;
    Touched& touched = gather_system(entry->reference.record);
    touched.index = index;
    touched.view_keys.insert(std::move(key));
  }

  void map_structures() {
    map_volume(before_, then_, true);
    map_volume(after_, now_, false);
    if (expectation_.hibernation_header)
      now_.add({Structure::kHibernation, 0}, hibernation_header_ranges(before_));
    if (expectation_.change_journal)
      now_.add({Structure::kChangeRecords, expectation_.change_journal->record},
               appended_ranges(before_, after_, *expectation_.change_journal));
    then_.settle();
    now_.settle();
  }

  void map_volume(Volume& volume, StructureMap& map, bool is_before) {
    const uint32_t cluster = volume.geometry().cluster_bytes;
    map.add({Structure::kMft, system_record::kMft}, volume.mft().runs(), cluster);
    map.add({Structure::kMftBitmap, system_record::kMft}, volume.mft_bitmap().runs(), cluster);
    map.add({Structure::kClusterBitmap, system_record::kBitmap}, volume.cluster_bitmap().runs(), cluster);
    map.add({Structure::kMirror, system_record::kMftMirror}, mirror(volume).runs(), cluster);
    for (const auto& [record, touched] : touched_) {
      const std::optional<File>& file = is_before ? touched.before : touched.after;
      if (!file) continue;
      for (const Attribute& attribute : file->attributes()) {
        if (attribute.resident || attribute.lowest_vcn != 0) continue;
        if (const auto structure = structure_of(touched, attribute, is_before))
          map.add({*structure, record}, file->stream_of(attribute).runs(), cluster);
      }
    }
  }

  // What of a touched file may be written to; nullopt: nothing, it is user data or somebody else's.
  static std::optional<Structure> structure_of(const Touched& touched, const Attribute& attribute,
                                               bool is_before) {
    if (attribute.type == AttributeType::kAttributeList) return Structure::kAttributeList;
    if (!touched.index.empty() && attribute.is_named(touched.index)) {
      if (attribute.type == AttributeType::kIndexAllocation) return Structure::kIndex;
      if (attribute.type == AttributeType::kBitmap) return Structure::kIndexBitmap;
    }
    if (is_before || touched.is_system) return std::nullopt;
    if (!touched.before) return Structure::kFileData;  // all of a new directory is new
    const Attribute* old = touched.before->find(attribute.type, attribute.name());
    return old != nullptr && old->resident ? std::optional(Structure::kFileData) : std::nullopt;
  }

  Stream mirror(Volume& volume) {
    const File file = volume.open(volume.read_record(system_record::kMftMirror)->reference());
    std::optional<Stream> stream = file.stream(AttributeType::kData);
    if (!stream || stream->is_resident())
      throw Error(ErrorCode::kCorrupt, "ntfs.verify.mirror.none", "$MFTMirr has no clusters");
    return *stream;
  }

  // --- records ---

  void check_records() {
    const uint32_t record_bytes = before_.geometry().record_bytes;
    std::set<uint64_t> known;
    for (const auto& [record, touched] : touched_) {
      std::set<uint64_t> then = records_of(touched.before), now = records_of(touched.after);
      for (const uint64_t number : then) {
        if (now.contains(number)) continue;
        freed_records_.add(number, 1);
        compare_freed_record(before_.read_record(number), after_.read_record(number));
      }
      for (const uint64_t number : now) {
        if (then.contains(number)) continue;
        taken_records_.add(number, 1);
        check_was_free(number);
      }
      known.merge(then);
      known.merge(now);
    }
    if (!freed_records_.settle() || !taken_records_.settle())
      refuse("ntfs.verify.record.twice", "one MFT record belongs to two files of the plan");
    for (const uint64_t number : changes_.units({Structure::kMft, system_record::kMft}, record_bytes)) {
      report_.records.push_back(number);
      if (known.contains(number)) continue;
      // Records behind the end of before come formatted when $MFT grows.
      if (number >= initialised_records(before_) && number < after_.record_count() &&
          !after_.read_record(number)->in_use())
        continue;
      const uint64_t at = before_.record_ranges(number).front().offset;
      refuse("ntfs.verify.record.stray",
             fmt::format("MFT record {} changed, {}, which the plan does not touch", number,
                         owner_at(before_, at)));
    }
  }

  static std::set<uint64_t> records_of(const std::optional<File>& file) {
    std::set<uint64_t> records;
    if (!file) return records;
    records.insert(file->reference().record);
    for (const Record& extension : file->extensions()) records.insert(extension->number());
    return records;
  }

  static uint64_t initialised_records(Volume& volume) {
    return volume.mft().initialised_bytes() / volume.geometry().record_bytes;
  }

  void check_was_free(uint64_t number) {
    if (number >= initialised_records(before_)) return;
    const auto refuse_taken = [&] {
      refuse("ntfs.verify.record.taken", fmt::format("MFT record {} was taken though it was in use", number));
    };
    if (before_.record_bit(number)) refuse_taken();
    try {
      if (before_.read_record(number)->in_use()) refuse_taken();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt) throw;  // never formatted: free by the bitmap
    }
  }

  // --- change journal ---

  void check_change_journal() {
    std::vector<Change> changes = expectation_.changes;
    for (Change& change : changes) {
      const auto file = expectation_.files.find(change.file.record);
      if (file == expectation_.files.end() || !file->second.created) continue;
      const FileInfo info = after_.stat(change.file);  // it may take after its folder
      change.attributes = change_attributes(info.attributes, info.is_directory);
    }
    last_usn_ = check_changes(before_, after_, *expectation_.change_journal, changes);
  }

  // --- files ---

  void check_file(Touched& touched) {
    if (touched.before) add_clusters(*touched.before, had_);
    if (touched.after) add_clusters(*touched.after, has_);
    if (touched.before && touched.after) {
      Tolerance tolerance;
      tolerance.index = touched.directory != nullptr;
      tolerance.modified = touched.directory != nullptr;
      tolerance.view_index = !touched.view_keys.empty();
      tolerance.changes = touched.before->reference() == expectation_.change_journal;
      if (const auto usn = last_usn_.find(touched.after->reference()); usn != last_usn_.end())
        tolerance.usn = usn->second;
      tolerance.grows =
          touched.before->reference().record == system_record::kMft && !taken_records_.ranges().empty();
      if (touched.before->reference().record == system_record::kVolume)
        tolerance.volume_flags = expectation_.volume_flags;
      compare_file(*touched.before, *touched.after, touched.file, tolerance);
    } else if (touched.after) {
      check_made_directory(*touched.after, *touched.file);
    }
  }

  // --- entries ---

  void check_entries() {
    for (const auto& [record, touched] : touched_) {
      if (touched.index.empty() || !touched.after) continue;
      const auto blocks = changes_.units({Structure::kIndex, record}, index_block_bytes(touched));
      differences_[record] =
          compare_index(before_, touched.before, after_, *touched.after, touched.index, blocks);
    }
    for (const auto& [record, touched] : touched_) {
      if (touched.index.empty() || !touched.after) continue;
      if (touched.view_keys.empty())
        check_directory(record, touched);
      else
        check_view(record, touched);
    }
  }

  uint32_t index_block_bytes(const Touched& touched) {
    const Attribute* root = touched.after->find(AttributeType::kIndexRoot, touched.index);
    if (root == nullptr)
      throw Error(ErrorCode::kCorrupt, "ntfs.verify.index.root",
                  fmt::format("MFT record {} has no index", touched.after->reference().record));
    return IndexRootView::parse(*root, after_.geometry().cluster_bytes).block_bytes;
  }

  void check_view(uint64_t record, const Touched& touched) {
    const IndexDifference& difference = differences_[record];
    std::set<ByteVector> removed;
    for (const EntryContent& entry : difference.removed) removed.insert(entry.key);
    if (removed != touched.view_keys || !difference.added.empty())
      refuse("ntfs.verify.entries.view",
             fmt::format("the index in MFT record {} lost or gained entries that the plan does not touch",
                         record));
  }

  void check_directory(uint64_t record, const Touched& touched) {
    const IndexDifference& difference = differences_[record];
    static const std::set<ExpectedEntry> kNone;
    const ExpectedDirectory* expected = touched.directory;
    compare_entries(record, "lost", difference.removed, expected ? expected->removed : kNone, false);
    compare_entries(record, "gained", difference.added, expected ? expected->added : kNone, true);
  }

  void compare_entries(uint64_t record, const char* verb, const std::vector<EntryContent>& found,
                       const std::set<ExpectedEntry>& expected, bool added) {
    std::set<ExpectedEntry> seen;
    for (const EntryContent& content : found) {
      const FileNameView name = FileNameView::parse(content.key);
      ExpectedEntry entry{name.name(), MftReference::unpack(content.reference)};
      const auto parent = name.parent();
      if (!expected.contains(entry) || parent.record != record || !seen.insert(entry).second)
        refuse("ntfs.verify.entries",
               fmt::format("the directory in MFT record {} {} an entry \"{}\" that the plan does not name",
                           record, verb, printable(to_utf8(entry.name))));
      if (added) check_added(record, content, name);
    }
    if (seen.size() != expected.size())
      refuse("ntfs.verify.entries.missing",
             fmt::format("the directory in MFT record {} {} {} entries of the plan's {}", record, verb,
                         seen.size(), expected.size()));
  }

  // It says what an entry that the file lost said; of a new directory, what its record says.
  void check_added(uint64_t record, const EntryContent& content, const FileNameView& name) {
    constexpr size_t kCopiesBegin = 0x08, kCopiesLength = 0x38;
    const Bytes copies = slice(Bytes(content.key), kCopiesBegin, kCopiesLength);
    const auto file = expectation_.files.find(MftReference::unpack(content.reference).record);
    const bool created = file != expectation_.files.end() && file->second.created;
    bool carried = created && name.name_space() == NameSpace::kPosix;
    for (const auto& [other, difference] : differences_)
      for (const EntryContent& old : difference.removed)
        carried = carried ||
                  (old.reference == content.reference && old.key.size() >= kCopiesBegin + kCopiesLength &&
                   equal(slice(Bytes(old.key), kCopiesBegin, kCopiesLength), copies));
    if (!carried || name.name_space() != NameSpace::kPosix)
      refuse("ntfs.verify.entries.copies",
             fmt::format("the new entry \"{}\" in MFT record {} does not carry on the old one",
                         printable(to_utf8(name.name())), record));
  }

  // --- bitmaps, mirror, hibernation ---

  void check_bitmaps() {
    had_.settle();  // two files that share clusters are a blemish of before
    if (!has_.settle())
      refuse("ntfs.verify.cluster.twice", "one cluster belongs to two structures that the plan made or kept");
    const UnitSet freed = had_.minus(has_), taken = has_.minus(had_);
    report_.clusters_freed = freed.count();
    report_.clusters_taken = taken.count();
    check_bitmap({"cluster", before_.cluster_bitmap(), after_.cluster_bitmap(),
                  changes_.in[{Structure::kClusterBitmap, system_record::kBitmap}], freed, taken});
    check_bitmap({"MFT record", before_.mft_bitmap(), after_.mft_bitmap(),
                  changes_.in[{Structure::kMftBitmap, system_record::kMft}], freed_records_, taken_records_});
  }

  // Where a record or its copy was written, both are the same now.
  void check_mirror() {
    const uint32_t bytes = after_.geometry().record_bytes;
    Stream copy = mirror(after_), mft = after_.mft();
    std::set<uint64_t> numbers;
    for (const uint64_t number : changes_.units({Structure::kMirror, system_record::kMftMirror}, bytes))
      numbers.insert(number);
    for (const uint64_t number : report_.records)
      if ((number + 1) * bytes <= copy.size_bytes()) numbers.insert(number);
    for (const uint64_t number : numbers) {
      if ((number + 1) * bytes > copy.size_bytes())
        refuse("ntfs.verify.mirror.slack", "bytes behind the end of $MFTMirr changed");
      if (!equal(copy.read_bytes(number * bytes, bytes), mft.read_bytes(number * bytes, bytes)))
        refuse("ntfs.verify.mirror", fmt::format("MFT record {} differs from its copy in $MFTMirr", number));
    }
  }

  void check_hibernation() {
    if (!expectation_.hibernation_header) return;
    for (const Range& range : hibernation_header_ranges(before_)) {
      ByteVector header(static_cast<size_t>(range.length));
      after_.read(range.offset, header);
      if (!all_zero(header))
        refuse("ntfs.verify.hibernation", "the header of hiberfil.sys is not zeros as planned");
    }
  }

  Volume& before_;
  Volume& after_;
  Expectation expectation_;
  std::map<uint64_t, Touched> touched_;
  StructureMap then_, now_;
  Changes changes_;
  UnitSet had_, has_, freed_records_, taken_records_;
  std::map<uint64_t, IndexDifference> differences_;
  std::map<MftReference, uint64_t> last_usn_;  // of the records that were appended
  VerifyReport report_;
};

}  // namespace

VerifyReport verify_changes(Volume& before, Volume& after, const std::vector<Range>& changed,
                            const std::vector<PlannedEdit>& edits) {
  try {
    return Verifier(before, after, edits).run(changed);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kRefused ||
        error.code() == ErrorCode::kCorrupt)
      throw;
    // A file that the plan keeps is gone, say.
    throw Error(ErrorCode::kRefused, "ntfs.verify.absent", error.what());
  }
}

}  // namespace mend::ntfs
