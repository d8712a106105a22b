// SPDX-License-Identifier: GPL-3.0-or-later
// One key pair and what minisign 0.11 made with it: for tests, of no other use to anybody.
#pragma once

#include <string>

namespace mend::trust::vectors {

inline const std::string kContent = "A text that is signed.\n";

inline const std::string kPublicKey =
    "untrusted comment: minisign public key D018057778911B78\n"
    "RWR4G5F4dwUY0L0oA0afl3MvVgi0amji4Wubl020IgLCQ+uF6ngcovtB\n";

// minisign -G -W: without a passphrase.
inline const std::string kSecretKey =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAeBuReHcFGNBtLq2v4DPbOtJWf3X8v52G"
    "rDPy"
    "VGWjjCeYk735shYCOb0oA0afl3MvVgi0amji4Wubl020IgLCQ+uF6ngcovtBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    "\n";

// The same key under a passphrase, put together with Python's hashlib.scrypt at the least cost there is.
inline const std::string kPassphrase = "correct horse";
inline const std::string kEncryptedKey =
    "untrusted comment: a key of the tests\n"
    "RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AgAAAAAAAAAAAAAEAAAAAZ7ql8COEkk4jvpp/"
    "oXsMoSpYmLk0KvmfNWRQ"
    "8+bwo6clqCqUazOH/dJfngzFYZdowFKAVPb13wFUg3hz7BP0jXeYpEqweLhquL6gkYRpS05LD/IEimqgRAgB2WDKwqExJZLs/"
    "qP1yZw=\n";

inline const std::string kHashedComment = "timestamp:1790000000\tfile:m\thashed";
inline const std::string kHashedSignature =
    "untrusted comment: vector\n"
    "RUR4G5F4dwUY0OyCcDsm7Ichr8VIM6fLlyC2T7RT5oBi7XXB5JR5Nz3knFZPUtb7kyuTR16YIRvhJt2IyCfOO5zCd5o3uZhGrw0=\n"
    "trusted comment: timestamp:1790000000\tfile:m\thashed\n"
    "H7XOY9O69kssannkQ1y2nEN8Ol6goeaWWQvZSm9b0twWdtM4Pj5HNRBy/cGNxQfP6vG/wCrY40H2mhb+Vj4nCA==\n";

// minisign -S -l: over the text itself.
inline const std::string kWholeComment = "timestamp:1790000000\tfile:m";
inline const std::string kWholeSignature =
    "untrusted comment: vector\n"
    "RWR4G5F4dwUY0Jjb/ftqRJgdoyl4/xoQH0Haju7m1Wd9RpIEmEhPPXZpeTOgWrfdVl7M8yzi3t31xULURRO+iFAUrKEdF2E8sgE=\n"
    "trusted comment: timestamp:1790000000\tfile:m\n"
    "zT7tulJjmoiQd9enGdlrwBEBpgpYOldohittOHGiVr1slcKq8Cmxhvcrhh5+60AA2EozU/+sgbCG690kdoFdCg==\n";

}  // namespace mend::trust::vectors
