#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# lint.sh BUILD_DIR: clang-tidy 14 finds nothing (.clang-tidy says what it looks for). With MEND_LONG=1 it looks
# at every source file, else at those that differ from the upstream branch, or, where there is none or nothing
# does, from the commit before. Other versions have other checks: skipped.
set -euo pipefail
tool=$(command -v clang-tidy-14 || command -v clang-tidy || true)
version=$(${tool:-true} --version | grep -o 'version [0-9]*' | tr -dc 0-9 || true)
if [ "$version" != 14 ]; then
  echo "SKIP: the checks are those of clang-tidy 14; this is ${version:-none}"
  exit 77
fi

changed_files() {
  local base
  base=$(git merge-base HEAD '@{upstream}' 2> /dev/null || git rev-parse HEAD)
  if git diff --quiet "$base" -- && git rev-parse --quiet --verify HEAD~1 > /dev/null; then
    base=HEAD~1
  fi
  git diff --name-only --diff-filter=d "$base" -- '*.cc'
  git ls-files --others --exclude-standard '*.cc'
}

if [ "${MEND_LONG:-}" = 1 ]; then
  files=$(git ls-files --cached --others --exclude-standard '*.cc')
else
  files=$(changed_files)
fi
# Only what this build compiles: the database has no other flags to offer.
files=$(for file in $files; do ! grep -qF "$PWD/$file\"" "$1/compile_commands.json" || echo "$file"; done)
echo "clang-tidy: $(wc -w <<< "$files") files"
xargs --no-run-if-empty --max-args=1 --max-procs="$(nproc)" "$tool" --quiet -p "$1" <<< "$files" 2>&1 \
  | sed -E '/^[0-9]+ warnings? .*generated/d'
