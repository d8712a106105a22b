// SPDX-License-Identifier: GPL-3.0-or-later
// A folder that copies are put into, without ever writing over what is there (CL-1, CL-2, CL-4).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/sha256.h"

namespace mend::report {

class Copies {
 public:
  // Makes the folder where it is missing. kIo.
  explicit Copies(std::string folder);

  using Read = std::function<void(const std::function<void(Bytes)>& piece)>;
  struct Copy {
    std::string path;
    bool is_new = false;
  };
  // The content in this folder, under `name` or, when that is another file's, under a name made from it.
  // When it returns, the copy was read from the disk and is the same. kIo "report.copies.…".
  Copy put(const std::string& name, uint64_t size_bytes, const crypto::Sha256Digest& sha256,
           const Read& read);

  const std::string& folder() const { return folder_; }

 private:
  std::string write_new(const std::string& name, const crypto::Sha256Digest& sha256, const Read& read);

  std::string folder_;
  std::multimap<uint64_t, std::string> by_size_;
};

}  // namespace mend::report
