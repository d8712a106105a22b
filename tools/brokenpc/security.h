// SPDX-License-Identifier: GPL-3.0-or-later
// Security descriptors in the self-relative form that $Secure holds.
#pragma once

#include <initializer_list>

#include "base/bytes.h"

namespace mend::brokenpc {

// A SID from its authority and sub-authorities: make_sid(5, {18}) is S-1-5-18, the system itself.
ByteVector make_sid(uint8_t authority, std::initializer_list<uint32_t> sub_authorities);

struct Allow {
  ByteVector sid;
  uint32_t mask;
};
// Each entry is inherited by files and directories below.
ByteVector make_security_descriptor(const ByteVector& owner, const ByteVector& group,
                                    std::initializer_list<Allow> allowed);

// What programs, a user's own files and system files have.
ByteVector program_security();
ByteVector user_security();
ByteVector system_security();

}  // namespace mend::brokenpc
