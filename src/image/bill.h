// SPDX-License-Identifier: GPL-3.0-or-later
// The bill of materials of an image: CycloneDX 1.5 in JSON. The packages of the distribution that are in it,
// made it, or are linked into its programs, with versions, licences and hashes; and each file of the stick
// with its hash. Lies on the stick and beside the image; `mendstick verify` reads the files from it.
//
// Invariants
//   BI-1  The same image gives the same text: the serial number comes from the image's id.
//   BI-2  Every file of the stick is named, but the bill itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/base.h"
#include "profile/profile.h"

namespace mend::image {

struct BilledFile {
  std::string path;  // on the stick
  uint64_t size_bytes = 0;
  crypto::Sha256Digest sha256{};
};

std::string bill_text(const profile::ImageInfo& info, const std::vector<PackageRecord>& packages,
                      const std::vector<BilledFile>& files);

// What it is the bill of: "Mendstick image for Acme, build 7, id 0123…". kCorrupt "image.bill.content".
std::string subject_of_bill(std::string_view bill, const std::string& file_name);
// The files that a bill names. kCorrupt "image.bill.content".
std::vector<BilledFile> billed_files(std::string_view bill, const std::string& file_name);

}  // namespace mend::image
