// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/signature.h"

#include "base/error.h"

namespace mend::image {
namespace {

// Offsets as in the PE/COFF specification of Microsoft.
constexpr uint64_t kPeOffset = 0x3C;             // u32: where "PE\0\0" is
constexpr uint64_t kOptionalHeader = 24;         // after it and the COFF header
constexpr uint16_t kPe32Plus = 0x20B;            // magic of a 64-bit optional header
constexpr uint64_t kDirectoryCount = 108;        // u32, in the optional header
constexpr uint64_t kCertificateDirectory = 144;  // u32 file offset, u32 size
constexpr uint32_t kCertificateIndex = 4;
constexpr uint64_t kCertificateRevision = 4;  // u16, in a certificate, after its u32 length
constexpr uint64_t kCertificateType = 6;      // u16
constexpr uint16_t kRevision2 = 0x0200;
constexpr uint16_t kPkcs7 = 0x0002;

}  // namespace

bool is_signed_for_uefi(Bytes file) {
  try {
    if (!as_text(file).starts_with("MZ")) return false;
    const uint64_t pe = read_le<uint32_t>(file, kPeOffset);
    if (as_text(slice(file, pe, 4)) != std::string_view("PE\0\0", 4)) return false;
    const uint64_t header = pe + kOptionalHeader;
    if (read_le<uint16_t>(file, header) != kPe32Plus) return false;
    if (read_le<uint32_t>(file, header + kDirectoryCount) <= kCertificateIndex) return false;
    const Bytes table = slice(file, read_le<uint32_t>(file, header + kCertificateDirectory),
                              read_le<uint32_t>(file, header + kCertificateDirectory + 4));
    return read_le<uint32_t>(table, 0) > 8 && read_le<uint32_t>(table, 0) <= table.size() &&
           read_le<uint16_t>(table, kCertificateRevision) == kRevision2 &&
           read_le<uint16_t>(table, kCertificateType) == kPkcs7;
  } catch (const Error&) {  // a field that points outside
    return false;
  }
}

}  // namespace mend::image
