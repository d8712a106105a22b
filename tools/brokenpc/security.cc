// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/security.h"

namespace mend::brokenpc {
namespace {

constexpr uint32_t kFullControl = 0x001f01ff;
constexpr uint32_t kReadAndExecute = 0x001200a9;

ByteVector sid_system() {
  return make_sid(5, {18});
}
ByteVector sid_administrators() {
  return make_sid(5, {32, 544});
}
ByteVector sid_users() {
  return make_sid(5, {32, 545});
}
ByteVector sid_trusted_installer() {
  return make_sid(5, {80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464});
}
// An account of a machine that never was.
ByteVector sid_person() {
  return make_sid(5, {21, 1004336348, 1177238915, 682003330, 1001});
}

void append(ByteVector& to, const ByteVector& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

ByteVector make_sid(uint8_t authority, std::initializer_list<uint32_t> sub_authorities) {
  ByteVector sid(8 + 4 * sub_authorities.size());
  sid[0] = 1;  // revision
  sid[1] = static_cast<uint8_t>(sub_authorities.size());
  sid[7] = authority;  // big-endian, 48 bits
  uint64_t at = 8;
  for (uint32_t sub : sub_authorities) {
    write_le<uint32_t>(sid, at, sub);
    at += 4;
  }
  return sid;
}

ByteVector make_security_descriptor(const ByteVector& owner, const ByteVector& group,
                                    std::initializer_list<Allow> allowed) {
  constexpr uint16_t kSelfRelativeWithDacl = 0x8004;
  constexpr uint8_t kObjectAndContainerInherit = 0x03;
  ByteVector acl(8);
  acl[0] = 2;  // revision
  write_le<uint16_t>(acl, 4, static_cast<uint16_t>(allowed.size()));
  for (const Allow& entry : allowed) {
    ByteVector ace(8);  // type 0: access allowed
    ace[1] = kObjectAndContainerInherit;
    write_le<uint16_t>(ace, 2, static_cast<uint16_t>(8 + entry.sid.size()));
    write_le<uint32_t>(ace, 4, entry.mask);
    append(ace, entry.sid);
    append(acl, ace);
  }
  write_le<uint16_t>(acl, 2, static_cast<uint16_t>(acl.size()));

  ByteVector descriptor(20);
  descriptor[0] = 1;  // revision
  write_le<uint16_t>(descriptor, 2, kSelfRelativeWithDacl);
  write_le<uint32_t>(descriptor, 16, static_cast<uint32_t>(descriptor.size()));
  append(descriptor, acl);
  write_le<uint32_t>(descriptor, 4, static_cast<uint32_t>(descriptor.size()));
  append(descriptor, owner);
  write_le<uint32_t>(descriptor, 8, static_cast<uint32_t>(descriptor.size()));
  append(descriptor, group);
  return descriptor;
}

ByteVector program_security() {
  return make_security_descriptor(sid_trusted_installer(), sid_trusted_installer(),
                                  {{sid_trusted_installer(), kFullControl},
                                   {sid_administrators(), kReadAndExecute},
                                   {sid_system(), kReadAndExecute},
                                   {sid_users(), kReadAndExecute}});
}

ByteVector user_security() {
  return make_security_descriptor(
      sid_person(), sid_person(),
      {{sid_system(), kFullControl}, {sid_administrators(), kFullControl}, {sid_person(), kFullControl}});
}

ByteVector system_security() {
  return make_security_descriptor(sid_administrators(), sid_system(),
                                  {{sid_system(), kFullControl}, {sid_administrators(), kFullControl}});
}

}  // namespace mend::brokenpc
