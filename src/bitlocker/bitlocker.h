// SPDX-License-Identifier: GPL-3.0-or-later
// All of BitLocker that other folders use: metadata without a key, credentials, unlocking, the plaintext
// view.
#pragma once

#include "bitlocker/keys.h"
#include "bitlocker/metadata.h"
#include "bitlocker/unlock.h"
#include "bitlocker/unlocked_volume.h"
