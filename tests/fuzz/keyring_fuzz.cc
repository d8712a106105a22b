// SPDX-License-Identifier: GPL-3.0-or-later
// A keyring from any bytes: an error, or one whose fields keep their bounds. Bytes that begin with a whole
// header get the checksum that they need, so that what lies behind it is reached, too. Opening takes no more
// than the bounds allow; here, of the cheap ones only.
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "keys/keyring.h"
#include "tests/fuzz/seeds.h"
#include "tests/unit/keys/keyring_fixture.h"

namespace {

using namespace mend;
using namespace mend::keys;
namespace fixture = mend::keys::test;

void require(bool holds) {
  if (!holds) std::abort();
}

void look_at(const ByteVector& file) {
  try {
    const Keyring keyring = Keyring::parse(file, "keyring");
    const KeyringInfo& info = keyring.info();
    require(crypto::is_bearable(info.cost));
    require(printable(info.customer) == info.customer && printable(info.build) == info.build);
    require(file.size() == keyring_format::kHeaderBytes + uint64_t{info.rows} * keyring_format::kRowBytes +
                               keyring_format::kEndBytes);
    if (uint64_t{info.cost.passes} * info.cost.memory_kib > 1024) return;
    const OpenKeyring open = keyring.open(Passphrase::choose(fixture::kDigits));
    bitlocker::Credentials keys;
    (void)open.take({{fixture::sealed_id(1), fixture::sealed_id(2)}, {fixture::sealed_id(9)}, "PC03"}, keys);
    (void)open.take_all();
  } catch (const Error& error) {
    require(std::string_view(error.id()).starts_with("keys.keyring."));
    require(error.code() != ErrorCode::kIo && error.code() != ErrorCode::kUsage);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteVector file(data, data + size);
  look_at(file);
  if (size < keyring_format::kHeaderBytes + keyring_format::kEndBytes) return 0;
  fixture::mend_checksum(file);
  look_at(file);
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  SealRequest with_recipient = fixture::sample_request();
  with_recipient.recipient = crypto::make_key_pair().public_key;
  return {fixture::sample_keyring(), fixture::sample_keyring(with_recipient)};
}
