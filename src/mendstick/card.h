// SPDX-License-Identifier: GPL-3.0-or-later
// The card with a keyring's passphrase: one page of HTML to print, for the technician's pocket, never to be
// kept with the stick.
#pragma once

#include "keys/keyring_seal.h"

namespace mend::mendstick {

// UTF-8, no script, nothing from elsewhere.
Secret card_page(const keys::SealRequest& request, const keys::Passphrase& passphrase);

}  // namespace mend::mendstick
