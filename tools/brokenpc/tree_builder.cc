// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/tree_builder.h"

#include "base/text.h"
#include "tools/brokenpc/fve_crypto.h"

namespace mend::brokenpc {
namespace {

// Holes read as zeros.
void hash_zeros(Sha256Stream& hash, uint64_t count) {
  ByteVector zeros(1 << 16);
  while (count > 0) {
    Bytes piece = Bytes(zeros).first(static_cast<size_t>(std::min<uint64_t>(count, zeros.size())));
    hash.update(piece);
    count -= piece.size();
  }
}

}  // namespace

TreeBuilder::TreeBuilder(NtfsWriter& writer, std::vector<MadeFile>& made, FileTimes directory_times)
    : writer_(writer), made_(made), directory_times_(directory_times) {
  directories_.emplace("", kRootRecord);
  directories_.emplace("$Extend", kExtendRecord);
}

TreeBuilder::Split TreeBuilder::split(std::string_view path, Access access) {
  size_t slash = path.rfind('\\');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  std::string_view parent = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  return {directory(parent, access), to_utf16(name)};
}

uint64_t TreeBuilder::directory(std::string_view path, Access access, uint32_t attributes) {
  auto found = directories_.find(path);
  if (found != directories_.end()) return found->second;
  Split at = split(path, access);
  NewEntry entry;
  entry.name = at.name;
  entry.times = directory_times_;
  entry.attributes = attributes;
  entry.access = access;
  uint64_t record = writer_.make_directory(at.parent, entry);
  directories_.emplace(path, record);
  return record;
}

void TreeBuilder::link_directory(std::string_view path, const ByteVector& reparse, const Look& look) {
  Split at = split(path, look.access);
  NewEntry entry{at.name, look.times, look.attributes, look.access, look.names};
  writer_.make_directory(at.parent, entry, reparse);
}

uint64_t TreeBuilder::file(std::string_view path, Content content, const Look& look) {
  Split at = split(path, look.access);
  Sha256Stream hash;
  bool has_content =
      !content.only_streams && (content.fill != nullptr || content.sparse || content.size_bytes == 0);
  if (content.sparse) hash_zeros(hash, content.size_bytes - content.sparse_tail);
  if (content.fill) {
    content.fill = [&hash, fill = std::move(content.fill)](uint64_t offset, MutableBytes out) {
      fill(offset, out);
      hash.update(out);
    };
  }
  NewEntry entry{at.name, look.times, look.attributes, look.access, look.names};
  uint64_t record = look.fragmented ? writer_.make_fragmented_file(at.parent, entry, content)
                                    : writer_.make_file(at.parent, entry, content);
  MadeFile file;
  file.path = path;
  file.size_bytes = content.size_bytes;
  file.modified = from_filetime(look.times.modified);
  if (has_content) file.sha256 = to_hex(hash.finish());
  file.note = look.note;
  index_of_record_[record] = made_.size();
  made_.push_back(std::move(file));
  return record;
}

void TreeBuilder::hard_link(uint64_t record, std::string_view path) {
  Split at = split(path, Access::kProgram);
  writer_.add_hard_link(record, at.parent, at.name);
  MadeFile file = made_[index_of_record_.at(record)];
  file.path = path;
  file.note = "hard-link";
  made_.push_back(std::move(file));
}

}  // namespace mend::brokenpc
