// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/sealed.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/random.h"

namespace mend::audit {
namespace {

constexpr std::string_view kMagic = "MENDLOGS";
constexpr uint32_t kVersion = 1;
constexpr size_t kVersionAt = 8, kHeaderSizeAt = 12, kRecipientAt = 16, kBoxAt = 48, kStreamAt = 128,
                 kHeaderBytes = 152;
constexpr size_t kBoxBytes = crypto::kSealKeyBytes + crypto::kSealedBoxBytes;
static_assert(kBoxAt + kBoxBytes == kStreamAt && kStreamAt + crypto::kStreamHeaderBytes == kHeaderBytes);
constexpr size_t kLengthBytes = 4;
constexpr uint64_t kMaximumBytes = uint64_t{256} << 20;

Secret new_key() {
  Secret key(crypto::kSealKeyBytes);
  crypto::random_bytes(key.bytes());
  return key;
}

void put(ByteVector& to, size_t at, Bytes bytes) {
  const MutableBytes place = slice(MutableBytes(to), at, bytes.size());
  std::copy(bytes.begin(), bytes.end(), place.begin());
}

Secret stream_key(Bytes file, const std::string& path, const crypto::KeyPair& recipient) {
  if (!is_sealed_log(file) || file.size() < kHeaderBytes) {
    throw Error(ErrorCode::kUsage, "audit.sealed.form",
                printable(path) + " is no sealed log, or only its beginning");
  }
  if (read_le<uint32_t>(file, kVersionAt) != kVersion ||
      read_le<uint32_t>(file, kHeaderSizeAt) != kHeaderBytes) {
    throw Error(ErrorCode::kUnsupported, "audit.sealed.version",
                printable(path) + " is a sealed log of another version than 1, which this program knows");
  }
  auto key = crypto::open_box(recipient, slice(file, kBoxAt, kBoxBytes));
  if (key) return std::move(*key);
  const bool ours = equal(slice(file, kRecipientAt, recipient.public_key.size()), recipient.public_key);
  throw Error(
      ErrorCode::kWrongKey, "audit.sealed.recipient",
      printable(path) + (ours ? " was changed in its header: nothing in it can be opened"
                              : " was sealed to another recipient: this private key does not open it"));
}

}  // namespace

LineSealer::LineSealer(const crypto::PublicKey& recipient) : LineSealer(recipient, new_key()) {}

LineSealer::LineSealer(const crypto::PublicKey& recipient, Secret key)
    : stream_(key.bytes()), header_(kHeaderBytes) {
  put(header_, 0, as_bytes(kMagic));
  write_le<uint32_t>(header_, kVersionAt, kVersion);
  write_le<uint32_t>(header_, kHeaderSizeAt, kHeaderBytes);
  put(header_, kRecipientAt, recipient);
  put(header_, kBoxAt, crypto::seal_to(recipient, key.bytes()));
  put(header_, kStreamAt, stream_.header());
}

ByteVector LineSealer::seal(std::string_view line, crypto::StreamEnd end) {
  std::string padded(line);
  padded.resize(static_cast<size_t>(align_up(padded.size(), kLineUnit)), ' ');
  const ByteVector sealed = stream_.seal(as_bytes(padded), end);
  ByteVector record(kLengthBytes);
  write_le<uint32_t>(record, 0, static_cast<uint32_t>(sealed.size()));
  record.insert(record.end(), sealed.begin(), sealed.end());
  return record;
}

bool is_sealed_log(Bytes start) {
  return start.size() >= kMagic.size() && as_text(start.first(kMagic.size())) == kMagic;
}

OpenedLog open_sealed_log(const std::string& path, const crypto::KeyPair& recipient) {
  const ByteVector file = read_file(path, kMaximumBytes);
  const Secret key = stream_key(file, path, recipient);
  crypto::StreamOpener stream(key.bytes(), slice(Bytes(file), kStreamAt, crypto::kStreamHeaderBytes));
  OpenedLog log;
  for (size_t at = kHeaderBytes; at < file.size();) {
    const uint64_t length = file.size() - at < kLengthBytes ? UINT64_MAX : read_le<uint32_t>(file, at);
    if (log.whole || !fits(at + kLengthBytes, length, file.size())) {
      log.why = log.whole ? "something was added behind its last record" : "it was cut within a record";
      log.whole = false;
      return log;
    }
    const auto message = stream.open(slice(Bytes(file), at + kLengthBytes, length));
    if (!message) {
      log.why = "the record at byte " + std::to_string(at) + " was changed, or is not the next one";
      return log;
    }
    const std::string_view line = as_text(message->bytes);
    log.lines += line.substr(0, std::min(line.find('\n'), line.size() - 1) + 1);
    log.whole = message->end == crypto::StreamEnd::kLast;
    at += kLengthBytes + length;
  }
  if (!log.whole) log.why = "it was cut short: its last record is missing";
  return log;
}

}  // namespace mend::audit
