// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/change_journal.h"

#include "base/text.h"

namespace mend::brokenpc {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kGivenBack = 24 << 20, kSpare = 16 << 10;
constexpr unsigned kFiles = 40;
constexpr uint64_t kSecond = 10'000'000;

struct Event {
  uint64_t file, parent, time;
  uint32_t reason;
  std::string name;
};

// The length is filled up to 8 bytes; no record lies in two pages.
void append(ByteVector& journal, const Event& event) {
  constexpr size_t kHeaderBytes = 60;
  const ByteVector name = utf16_to_le(to_utf16(event.name));
  const size_t length = align_up(kHeaderBytes + name.size(), 8);
  const size_t left = kPageBytes - journal.size() % kPageBytes;
  if (length > left) journal.resize(journal.size() + left);
  ByteVector record(length);
  write_le<uint32_t>(record, 0, static_cast<uint32_t>(length));
  write_le<uint16_t>(record, 4, 2);  // version 2.0
  write_le<uint64_t>(record, 8, event.file);
  write_le<uint64_t>(record, 16, event.parent);
  write_le<uint64_t>(record, 24, kGivenBack + journal.size());
  write_le<uint64_t>(record, 32, event.time);
  write_le<uint32_t>(record, 40, event.reason);
  write_le<uint32_t>(record, 52, attribute::kArchive);
  write_le<uint16_t>(record, 56, static_cast<uint16_t>(name.size()));
  write_le<uint16_t>(record, 58, kHeaderBytes);
  std::copy(name.begin(), name.end(), record.begin() + kHeaderBytes);
  journal.insert(journal.end(), record.begin(), record.end());
}

}  // namespace

std::vector<Stream> change_journal_streams(uint64_t directory, uint64_t installed, uint64_t crashed) {
  ByteVector limits(32);
  write_le<uint64_t>(limits, 0, 32 << 20);  // largest size
  write_le<uint64_t>(limits, 8, 8 << 20);   // how much is given back at once
  write_le<uint64_t>(limits, 16, installed);
  // Temporary files that came and went.
  constexpr uint32_t kExtend = 0x2, kCreate = 0x100, kDelete = 0x200, kClose = 0x80000000;
  constexpr uint64_t kFirstRecord = 50000, kSequence = uint64_t{2} << 48;
  ByteVector journal;
  for (unsigned i = 0; i < kFiles; ++i) {
    const uint64_t time = crashed - (kFiles - i) * kSecond;
    const std::string name = "update-" + std::to_string(1000 + i) + ".tmp";
    for (const uint32_t reason : {kCreate, kCreate | kExtend, kCreate | kExtend | kClose, kDelete | kClose})
      append(journal, {(kFirstRecord + i) | kSequence, directory | uint64_t{1} << 48, time, reason, name});
  }
  return {{u"$J", journal, kGivenBack, kSpare}, {u"$Max", limits}};
}

}  // namespace mend::brokenpc
