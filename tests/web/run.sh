#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh BUILD_DIR [SCRIPT [ARGUMENT]...]: runs a script (the tests, when none is named) with Playwright and the
# distribution's Chromium. What package-lock.json names is installed below the build folder first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1/web
script=${2:-$here/report_test.mjs}
shift "$(($# < 2 ? $# : 2))"

need() {
  command -v "$1" > /dev/null && return
  [ "${CI:-}" != true ] || { echo "the program $1 is missing; see tools/packages" && exit 1; }
  echo "SKIP: the program $1 is missing" && exit 77
}
need node
need npm
need chromium
need pdftotext

mkdir -p "$build"
if ! cmp --silent "$here/package-lock.json" "$build/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$build/"
  npm ci --prefix "$build" --ignore-scripts
  cp "$here/package-lock.json" "$build/installed.json"
fi
export WEB_FOLDER=$build
exec node "$script" "$@"
