#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# static_test.sh MEND BROKENPC MANIFEST: `mend` is one static-pie binary, under 10 MB when stripped, and does its
# work in a folder that holds nothing else: it reads the hives (which needs character sets) and unlocks and
# repairs an encrypted volume (which needs the ciphers).
set -euo pipefail
mend=$1 brokenpc=$2 manifest=$3
limit_bytes=10000000

fail() {
  echo "FAIL: $*"
  exit 1
}

header=$(readelf --file-header --program-headers --wide "$mend")
grep -q 'Type: *DYN' <<< "$header" || fail "$mend is not position independent"
! grep -q 'INTERP' <<< "$header" || fail "$mend asks for a dynamic loader"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
strip -o "$root/mend" "$mend"
size=$(stat --format=%s "$root/mend")
echo "stripped: $size bytes"
[ "$size" -lt "$limit_bytes" ] || fail "$size bytes; the limit is $limit_bytes"

if [ "$(id -u)" != 0 ]; then
  echo 'SKIP: only root may enter an empty chroot'
  exit 77
fi
in_empty() { chroot "$root" /mend "$@"; }

in_empty --version || fail 'no version'
"$brokenpc" -o "$root/plain.img" --size 256M --plain
in_empty scan --disk /plain.img --json > "$root/scan.json" || fail 'scan of a plain disk'
grep -q '"PC-0147"' "$root/scan.json" || fail "no host name in $(cat "$root/scan.json")"

key=111111-222222-333333-444444-555555-666666-000000-111111
"$brokenpc" -o "$root/locked.img" --size 256M --recovery-key "$key"
cp "$manifest" "$root/manifest.toml"
in_empty repair --disk /locked.img --manifest /manifest.toml --recovery-key "$key" --audit-dir /audit --json \
  > "$root/repair.json" || fail "repair of an encrypted disk: $(cat "$root/repair.json")"
grep -q '"verdict": *"fixed"' "$root/repair.json" || fail "not fixed: $(cat "$root/repair.json")"
