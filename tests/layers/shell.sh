#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# No script of the repository gives shellcheck anything to say.
set -euo pipefail
if ! command -v shellcheck > /dev/null; then
  echo 'SKIP: the program shellcheck is missing'
  [ "${CI:-}" != true ] || exit 1
  exit 77
fi
git ls-files -z --cached --others --exclude-standard \
  | xargs -0 grep --files-with-matches --null --max-count=1 '^#!.*bash$' \
  | xargs -0 shellcheck --external-sources
