// SPDX-License-Identifier: GPL-3.0-or-later
// The audit log of one run: JSON Lines in ECS field names, each line chained to the one before it. repair/
// writes it as the run goes; the reader below proves it whole, cut short, or changed at a line. Format:
// FORMAT.md.
//
// Invariants
//   A-1  A record is on the medium (fsync) when append() returns.
//   A-2  Every line carries its sequence number and the SHA-256 of the line before it; the last line says it
//   is the last. A-3  Once an append has failed, every later one fails: a log with a hole is never continued.
//   A-4  No function here takes a Secret, so no key can be written by mistake of type.
//   A-5  An existing file is never overwritten.
//   A-6  Of a sealed log no line reaches the medium in clear.
//   A-7  When a line cannot be written and another file has taken the log's path, as when the stick was
//   pulled
//        out and is mounted again: that file is gone on with, if the last line flushed stands in it where it
//        belongs. A-3 is for all else.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "audit/sealed.h"
#include "base/clock.h"
#include "crypto/sha256.h"

namespace mend::audit {

using Fields = nlohmann::ordered_json;  // one object; keys are dotted ECS names

class Log {
 public:
  // Creates `directory`/`stem`.jsonl and reserves `reserve_bytes` for it, so that a stick that fills up is
  // noticed now. kIo with the cause: no such directory, read-only, full. Nothing is left behind then.
  // With a recipient the file is `stem`.jsonl.sealed, and only the recipient can read it.
  static Log create(const std::string& directory, const std::string& stem, std::string run_id,
                    uint64_t reserve_bytes, const std::optional<crypto::PublicKey>& recipient = std::nullopt);
  Log(Log&& other) noexcept;
  Log& operator=(Log&&) = delete;
  ~Log();

  // Writes one record and flushes it. `outcome` is ECS: "success", "failure" or "unknown". kIo.
  void append(const std::string& action, const std::string& outcome, const std::string& message,
              const Fields& fields);
  // Gives the file another stem in the same directory, for when the host's name became known. kIo; the log
  // goes on.
  void rename(const std::string& stem);
  // Writes the closing record. Returns the SHA-256 of that line, which the receipt shows. kIo.
  crypto::Sha256Digest close();

  const std::string& path() const { return path_; }
  const std::string& stem() const { return stem_; }
  bool closed() const { return fd_ < 0; }

 private:
  Log() = default;
  void append(const std::string& action, const std::string& outcome, const std::string& message,
              const Fields& fields, crypto::StreamEnd end);
  void write_line(Fields record, crypto::StreamEnd end);
  void write_bytes(Bytes bytes);
  void put(Bytes bytes);
  bool open_again();
  std::string suffix() const;
  void sync_directory() const;

  std::string directory_, stem_, path_, run_id_;
  int fd_ = -1;
  bool failed_ = false;
  uint64_t reserve_bytes_ = 0;
  uint64_t flushed_bytes_ = 0;  // the file's size when the last line was on the medium
  ByteVector last_bytes_;       // that line, as it stands in the file
  uint64_t sequence_ = 0;
  uint64_t start_ns_ = 0;
  crypto::Sha256Digest previous_{};
  std::optional<LineSealer> sealer_;
};

// Characters that FAT takes and a shell does not mind; anything else becomes '_'. Never empty.
std::string file_name_part(const std::string& text);

}  // namespace mend::audit
