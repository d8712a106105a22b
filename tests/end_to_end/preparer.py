# SPDX-License-Identifier: GPL-3.0-or-later
"""A preparer: keys of his own where mendstick looks for them, and customers' folders signed with them."""

import os
import shutil
import tempfile
from pathlib import Path

from common import run

MENDSTICK = os.environ["MENDSTICK"]
_home = tempfile.TemporaryDirectory(prefix="mend-preparer-")
os.environ["XDG_CONFIG_HOME"] = _home.name
TRUST = Path(_home.name) / "mendstick/trust"


def mendstick(*arguments, status=0, **options):
    done = run(MENDSTICK, *arguments, **options)
    if done.returncode != status:
        raise AssertionError(f"{arguments}\n{done.stdout}\n{done.stderr}")
    return done


def keys():
    """The folder of both key pairs, made the first time; without passphrases."""
    if not TRUST.exists():
        mendstick("trust", "new-keys", "--no-passphrase")
    return TRUST


def sign(*customers):
    keys()
    mendstick("sign", *customers)


def signed_copy(customer):
    """Of a folder of the source tree; goes with this process."""
    copy = Path(_home.name) / Path(customer).name
    shutil.copytree(customer, copy)
    sign(copy)
    return copy
