#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# init_test.sh INIT: `init` is one static-pie binary that cannot be started by mistake: its file is not executable,
# and a copy that is refuses, in one sentence, to be anything but the first process.
set -euo pipefail
init=$1

fail() {
  echo "FAIL: $*"
  exit 1
}

[ "$(stat --format=%A "$init" | tr -dc x)" = '' ] || fail "$init is executable"
header=$(readelf --file-header --program-headers --wide "$init")
grep -q 'Type: *DYN' <<< "$header" || fail "$init is not position independent"
! grep -q 'INTERP' <<< "$header" || fail "$init asks for a dynamic loader"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
install -m 0755 "$init" "$root/init"
status=0
"$root/init" > "$root/output" 2> "$root/error" || status=$?
[ "$status" = 1 ] || fail "exit status $status instead of 1"
[ ! -s "$root/output" ] || fail "it printed $(cat "$root/output")"
[ "$(wc -l < "$root/error")" = 1 ] || fail "not one sentence: $(cat "$root/error")"
grep -q 'first process' "$root/error" || fail "it does not say why: $(cat "$root/error")"
