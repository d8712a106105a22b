// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/journal.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "journal/format.h"
#include "journal/reporter.h"

namespace mend::journal {

namespace {

std::pair<std::string, std::string> split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::kEmpty:
      return "empty";
    case State::kValid:
      return "valid";
    case State::kClosed:
      return "closed";
    case State::kRollingBack:
      return "rolling-back";
    case State::kRolledBack:
      return "rolled-back";
    case State::kUndoing:
      return "undoing";
    case State::kUndone:
      return "undone";
  }
  return "unknown";
}

bool is_open(State state) {
  return state == State::kValid || state == State::kRollingBack || state == State::kUndoing;
}

std::string Journal::path() const {
  return store_->path_of(name_);
}

Journal Journal::create(const std::string& path, const Request& request,
                        const std::vector<block::StageImages>& stages, block::BlockReader& original,
                        const Progress& progress) {
  const auto [directory, name] = split(path);
  return create(std::make_shared<DirectoryStore>(directory), name, request, stages, original, progress);
}

Journal Journal::open(const std::string& path) {
  const auto [directory, name] = split(path);
  return open(std::make_shared<DirectoryStore>(directory), name);
}

void Journal::make_valid() {
  fresh_ = false;
  mark(State::kValid);
  mark(State::kValid);
}

void Journal::mark(State state) {
  // J-4: a state never goes back. kValid twice is how make_valid() writes both sectors.
  const bool allowed = state_ == State::kEmpty    ? state == State::kValid
                       : state_ == State::kValid  ? state != State::kEmpty && state != State::kUndone
                       : state_ == State::kClosed ? state == State::kUndoing
                       : state_ == State::kRollingBack
                           ? state == State::kRolledBack || state == State::kUndoing
                       : state_ == State::kUndoing ? state == State::kUndone
                                                   : false;
  if (!allowed || file_ == nullptr) {
    throw Error(ErrorCode::kRefused, "journal.mark.order",
                "the journal " + path() + " cannot go from " + std::string(to_string(state_)) + " to " +
                    std::string(to_string(state)));
  }
  const format::Mark mark{state, sequence_ + 1, id_, to_filetime(now()), header_digest_};
  const ByteVector unit = format::encode(mark);
  const uint64_t offset = format::kMarkOffsets[mark.sequence % 2 == 1 ? 0 : 1];
  file_->write(offset, unit);
  file_->flush();
  ByteVector found(unit.size());
  file_->read_uncached(offset, found);
  if (found != unit) {
    throw Error(ErrorCode::kIo, "journal.mark.readback",
                "the journal " + path() + " does not keep what is written to it: the stick is failing");
  }
  sequence_ = mark.sequence;
  state_ = state;
}

// --- Making and reading the file -------------------------------------------------------------------------

// Reaches into a Journal while it is made or read.
struct Codec {
  static void take_request(Journal& journal, const Request& request);
  static void take_blocks(Journal& journal, const std::vector<block::StageImages>& stages,
                          block::BlockReader& original);
  static void take_witnesses(Journal& journal, const std::vector<Witness>& witnesses,
                             block::BlockReader& original);
  static std::vector<format::Entry> entries(const Journal& journal);
  static std::vector<Bytes> images(const Journal& journal);
  static void write_file(Journal& journal, const Progress& progress);
  static void take_header(Journal& journal, const format::Header& header);
  static void take_entries(Journal& journal, const std::vector<format::Entry>& entries);
  static void check_images(const Journal& journal);
  static void read_file(Journal& journal);
};

void Codec::take_request(Journal& journal, const Request& request) {
  if (request.run_id.size() > format::kMaximumTextBytes)
    throw Error(ErrorCode::kUsage, "journal.create.run", "the run id is longer than 255 bytes");
  if (!is_power_of_two(request.block_bytes) || request.block_bytes < block::Overlay::kMinimumBlockBytes ||
      request.block_bytes > format::kMaximumBlockBytes) {
    throw Error(ErrorCode::kUnsupported, "journal.create.block",
                "the disk writes in blocks of " + std::to_string(request.block_bytes) + " bytes");
  }
  journal.run_id_ = request.run_id;
  journal.created_ = from_filetime(to_filetime(request.created));  // as it will be read
  journal.target_ = request.target;
  journal.target_.disk_serial.resize(std::min(request.target.disk_serial.size(), format::kMaximumTextBytes));
  journal.target_.disk_model.resize(std::min(request.target.disk_model.size(), format::kMaximumTextBytes));
  journal.has_target_ = true;
  journal.block_bytes_ = request.block_bytes;
  crypto::random_bytes(journal.id_);
}

void Codec::take_blocks(Journal& journal, const std::vector<block::StageImages>& stages,
                        block::BlockReader& original) {
  std::map<uint64_t, Block> blocks;
  for (const block::StageImages& stage : stages) {
    if (stage.blocks.empty()) continue;
    journal.stages_.push_back(stage.stage);
    for (const auto& [offset, bytes] : stage.blocks) {
      Block& block = blocks[offset];
      if (block.images.empty()) {
        block.offset = offset;
        block.images.push_back({std::nullopt, original.read_bytes(offset, bytes.size())});
      }
      if (block.images.back().bytes == bytes) {
        throw Error(ErrorCode::kConflict, "journal.create.same",
                    "the disk changed while the repair was planned: it has new bytes already (disk offset " +
                        std::to_string(offset) + "); nothing was written");
      }
      block.images.push_back({stage.stage, bytes});
    }
  }
  if (blocks.empty())
    throw Error(ErrorCode::kUsage, "journal.create.nothing", "a journal of no change was asked for");
  for (auto& [offset, block] : blocks) journal.blocks_.push_back(std::move(block));
}

void Codec::take_witnesses(Journal& journal, const std::vector<Witness>& witnesses,
                           block::BlockReader& original) {
  std::map<uint64_t, WitnessBlock> found;
  for (const Witness& witness : witnesses) {
    if (witness.bytes.empty()) continue;
    if (original.read_bytes(witness.disk_offset, witness.bytes.size()) != witness.bytes) {
      throw Error(ErrorCode::kConflict, "journal.create.witness",
                  "the volume changed while the repair was planned (disk offset " +
                      std::to_string(witness.disk_offset) + "); nothing was written");
    }
    const uint64_t end = witness.disk_offset + witness.bytes.size();
    for (uint64_t at = align_down(witness.disk_offset, journal.block_bytes_); at < end;
         at += journal.block_bytes_) {
      const auto block = std::lower_bound(journal.blocks_.begin(), journal.blocks_.end(), at,
                                          [](const Block& b, uint64_t offset) { return b.offset < offset; });
      if (block != journal.blocks_.end() && block->offset == at) continue;
      const ByteVector bytes =
          original.read_bytes(at, std::min<uint64_t>(journal.block_bytes_, original.size_bytes() - at));
      found[at] = {at, static_cast<uint32_t>(bytes.size()), crypto::sha256(bytes)};
    }
  }
  for (const auto& [offset, block] : found) journal.witnesses_.push_back(block);
}

namespace {

// The place of each image in the file, in the order of the table. `visit` gets the block and its image.
template <typename Visit>
void for_each_image(const std::vector<Block>& blocks, const std::vector<block::Stage>& stages, Visit visit) {
  for (const Block& block : blocks) visit(block, block.images.front());
  for (const block::Stage stage : stages) {
    for (const Block& block : blocks) {
      for (const Image& image : block.images) {
        if (image.stage == stage) visit(block, image);
      }
    }
  }
}

}  // namespace

std::vector<format::Entry> Codec::entries(const Journal& journal) {
  std::vector<format::Entry> entries;
  for_each_image(journal.blocks_, journal.stages_, [&](const Block& block, const Image& image) {
    entries.push_back({block.offset, 0, static_cast<uint32_t>(image.bytes.size()),
                       image.stage ? static_cast<uint8_t>(*image.stage) : format::kOldImage,
                       crypto::sha256(image.bytes)});
  });
  const size_t images = entries.size();
  for (const WitnessBlock& block : journal.witnesses_)
    entries.push_back({block.offset, 0, block.length, format::kWitness, block.sha256});
  uint64_t data_offset = format::kTableOffset + format::table_bytes(entries.size());
  for (size_t i = 0; i < images; ++i) {
    entries[i].data_offset = data_offset;
    data_offset += align_up(entries[i].length, format::kUnit);
  }
  return entries;
}

namespace {

// Writes a file from some offset on, in large pieces, and remembers the digest of all of it.
class Writer {
 public:
  Writer(block::BlockDevice& file, uint64_t offset, Reporter& report)
      : file_(file), report_(report), at_(offset) {}

  // Followed by zeros up to the next unit.
  void append(Bytes bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    buffer_.resize(static_cast<size_t>(align_up(buffer_.size(), format::kUnit)));
    if (buffer_.size() >= kPieceBytes) send();
  }
  crypto::Sha256Digest finish() {
    send();
    return digest_.finish();
  }

  static constexpr size_t kPieceBytes = size_t{1} << 20;

 private:
  void send() {
    if (buffer_.empty()) return;
    file_.write(at_, buffer_);
    digest_.update(buffer_);
    at_ += buffer_.size();
    buffer_.clear();
    report_(Step::kJournal, at_, 2 * file_.size_bytes());
  }

  block::BlockDevice& file_;
  Reporter& report_;
  uint64_t at_;
  ByteVector buffer_;
  crypto::Sha256 digest_;
};

crypto::Sha256Digest digest_past_cache(block::BlockDevice& file, uint64_t offset, Reporter& report) {
  crypto::Sha256 digest;
  ByteVector buffer(Writer::kPieceBytes);
  for (uint64_t at = offset; at < file.size_bytes();) {
    const size_t length = static_cast<size_t>(std::min<uint64_t>(buffer.size(), file.size_bytes() - at));
    const MutableBytes piece = slice(MutableBytes(buffer), 0, length);
    file.read_uncached(at, piece);
    digest.update(piece);
    at += length;
    report(Step::kJournal, file.size_bytes() + at, 2 * file.size_bytes());
  }
  return digest.finish();
}

uint64_t end_of(const std::vector<format::Entry>& entries) {
  uint64_t end = format::kTableOffset + format::table_bytes(entries.size());
  for (const format::Entry& entry : entries) {
    if (entry.kind != format::kWitness) end += align_up(entry.length, format::kUnit);
  }
  return end;
}

}  // namespace

void Codec::write_file(Journal& journal, const Progress& progress) {
  Reporter report(progress);
  const std::vector<format::Entry> table = entries(journal);
  const ByteVector table_unit = format::encode(table);
  format::Header header{journal.block_bytes_,
                        journal.id_,
                        to_filetime(journal.created_),
                        end_of(table),
                        static_cast<uint32_t>(table.size()),
                        crypto::sha256(table_unit),
                        journal.run_id_,
                        journal.target_};
  const ByteVector header_unit = format::encode(header);
  journal.header_digest_ = format::header_digest(header_unit);
  // What we wrote must be what open() takes: also a check of what the caller gave.
  format::decode_table(table_unit, format::decode_header(header_unit));

  // The virgin marks first: from then on, whatever else a cut leaves in the file, it says that it is empty.
  journal.file_ = journal.store_->create(journal.name_, header.file_bytes);
  const ByteVector virgin = format::encode(
      format::Mark{State::kEmpty, 0, journal.id_, header.created_filetime, journal.header_digest_});
  for (const uint64_t offset : format::kMarkOffsets) journal.file_->write(offset, virgin);
  journal.file_->flush();
  journal.store_->sync();

  Writer writer(*journal.file_, format::kHeaderOffset, report);
  writer.append(header_unit);
  writer.append(table_unit);
  for_each_image(journal.blocks_, journal.stages_,
                 [&](const Block&, const Image& image) { writer.append(image.bytes); });
  const crypto::Sha256Digest written = writer.finish();
  journal.file_->flush();
  journal.store_->sync();
  if (digest_past_cache(*journal.file_, format::kHeaderOffset, report) != written) {
    throw Error(ErrorCode::kIo, "journal.create.readback",
                "the journal " + journal.path() +
                    " does not hold what was written to it: the stick is failing; the disk was not touched");
  }
}

Journal Journal::create(std::shared_ptr<Store> store, const std::string& name, const Request& request,
                        const std::vector<block::StageImages>& stages, block::BlockReader& original,
                        const Progress& progress) {
  Journal journal;
  journal.store_ = std::move(store);
  journal.name_ = name;
  if (request.target.disk_size_bytes != original.size_bytes()) {
    throw Error(ErrorCode::kUsage, "journal.create.size",
                "the journal is for another disk than " + original.describe());
  }
  Codec::take_request(journal, request);
  Codec::take_blocks(journal, stages, original);
  Codec::take_witnesses(journal, request.witnesses, original);
  try {
    Codec::write_file(journal, progress);
  } catch (const std::exception&) {
    if (journal.file_ != nullptr) {  // it is ours, and of no use
      journal.file_.reset();
      try {
        journal.store_->remove(name);
      } catch (const Error&) {  // NOLINT: the first error is the one to tell; an empty journal does no harm
      }
    }
    throw;
  }
  journal.fresh_ = true;
  return journal;
}

uint64_t Journal::file_bytes(const Request& request, const std::vector<block::StageImages>& stages) {
  std::map<uint64_t, uint64_t> old_images;
  uint64_t entries = 0, data = 0;
  for (const block::StageImages& stage : stages) {
    for (const auto& [offset, bytes] : stage.blocks) {
      old_images[offset] = align_up(bytes.size(), format::kUnit);
      data += align_up(bytes.size(), format::kUnit);
      ++entries;
    }
  }
  for (const auto& [offset, length] : old_images) data += length;
  for (const Witness& witness : request.witnesses)  // at most
    entries += witness.bytes.size() / std::max(request.block_bytes, 1u) + 2;
  return format::kTableOffset + format::table_bytes(entries + old_images.size()) + data;
}

void Codec::take_header(Journal& journal, const format::Header& header) {
  journal.id_ = header.id;
  journal.run_id_ = header.run_id;
  journal.created_ = from_filetime(header.created_filetime);
  journal.target_ = header.target;
  journal.has_target_ = true;
  journal.block_bytes_ = header.block_bytes;
}

void Codec::take_entries(Journal& journal, const std::vector<format::Entry>& entries) {
  std::map<uint64_t, Block> blocks;
  for (const format::Entry& entry : entries) {
    if (entry.kind == format::kWitness) {
      journal.witnesses_.push_back({entry.disk_offset, entry.length, entry.sha256});
      continue;
    }
    ByteVector unit = journal.file_->read_bytes(entry.data_offset, align_up(entry.length, format::kUnit));
    const Bytes bytes = slice(Bytes(unit), 0, entry.length);
    if (crypto::sha256(bytes) != entry.sha256 ||
        !all_zero(slice(Bytes(unit), entry.length, unit.size() - entry.length))) {
      throw Error(ErrorCode::kCorrupt, "journal.image.digest",
                  "the journal is damaged: the checksum of an image of the block at disk offset " +
                      std::to_string(entry.disk_offset) + " is wrong");
    }
    unit.resize(entry.length);
    Block& block = blocks[entry.disk_offset];
    block.offset = entry.disk_offset;
    std::optional<block::Stage> stage;
    if (entry.kind != format::kOldImage) stage = static_cast<block::Stage>(entry.kind);
    if (stage && (journal.stages_.empty() || journal.stages_.back() != *stage))
      journal.stages_.push_back(*stage);
    block.images.push_back({stage, std::move(unit)});
  }
  for (auto& [offset, block] : blocks) journal.blocks_.push_back(std::move(block));
}

void Codec::check_images(const Journal& journal) {
  for (const Block& block : journal.blocks_) {
    for (size_t i = 1; i < block.images.size(); ++i) {
      if (block.images[i].bytes != block.images[i - 1].bytes) continue;
      throw Error(ErrorCode::kCorrupt, "journal.image.same",
                  "the journal is damaged: two images of the block at disk offset " +
                      std::to_string(block.offset) + " are the same");
    }
  }
}

namespace {

ByteVector unit_at(block::BlockDevice* file, uint64_t offset) {
  if (file == nullptr || offset >= file->size_bytes()) return {};
  return file->read_bytes(offset, std::min(format::kUnit, file->size_bytes() - offset));
}

}  // namespace

void Codec::read_file(Journal& journal) {
  block::BlockDevice* file = journal.file_.get();
  const std::optional<format::Mark> mark =
      format::current_mark(format::decode_mark(unit_at(file, format::kMarkOffsets[0])),
                           format::decode_mark(unit_at(file, format::kMarkOffsets[1])));
  const ByteVector header_unit = unit_at(file, format::kHeaderOffset);
  if (!mark) {
    try {
      take_header(journal, format::decode_header(header_unit));
    } catch (const Error&) {  // NOLINT: never valid, so there may be no header yet; has_target_ tells
    }
    return;
  }
  const format::Header header = format::decode_header(header_unit);
  take_header(journal, header);
  journal.header_digest_ = format::header_digest(header_unit);
  if (mark->id != header.id || mark->header_digest != journal.header_digest_) {
    throw Error(ErrorCode::kCorrupt, "journal.header.binding",
                "the journal is damaged: its state belongs to another journal");
  }
  if (header.file_bytes != file->size_bytes()) {
    throw Error(ErrorCode::kCorrupt, "journal.header.size",
                "the journal is damaged: it has " + std::to_string(file->size_bytes()) + " bytes of " +
                    std::to_string(header.file_bytes));
  }
  const uint64_t table_size = format::table_bytes(header.entry_count);
  if (!fits(format::kTableOffset, table_size, file->size_bytes()))
    throw Error(ErrorCode::kCorrupt, "journal.table.reach",
                "the journal is damaged: its table reaches past it");
  const ByteVector table = file->read_bytes(format::kTableOffset, table_size);
  take_entries(journal, format::decode_table(table, header));
  check_images(journal);
  journal.sequence_ = mark->sequence;
  journal.state_ = mark->state;
}

Journal Journal::open(std::shared_ptr<Store> store, const std::string& name) {
  Journal journal;
  journal.store_ = std::move(store);
  journal.name_ = name;
  journal.file_ = journal.store_->open(name);
  try {
    Codec::read_file(journal);
  } catch (Error& error) {
    error.with_context(journal.path());
    throw;
  }
  return journal;
}

}  // namespace mend::journal
