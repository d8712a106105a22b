// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands about signatures do: thin, the work is in trust/, image/ and manifest/. Never prints a
// secret.
#pragma once

#include "mendstick/options.h"
#include "mendstick/terminal.h"
#include "trust/trusted_keys.h"

namespace mend::mendstick {

// --trust, or where this user's keys are. kUsage when nothing says where that is.
std::string trust_folder(const TrustOptions& options);
// The public keys there; none when there is no such folder and none was named.
trust::TrustedKeys trusted_keys(const TrustOptions& options);

// The exit status: 0, or 1 (refused) or 2 (wrong, absent) when something that was named failed.
int run_trust_new_keys(const TrustOptions& options, Terminal& terminal);
int run_sign(const TrustOptions& options, Terminal& terminal);
int run_manifest_check(const TrustOptions& options, Terminal& terminal);
int run_manifest_sign(const TrustOptions& options, Terminal& terminal);
int run_manifest_verify(const TrustOptions& options, Terminal& terminal);

}  // namespace mend::mendstick
