#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# components.sh OUTPUT COMPILER FILE…: which Debian packages, in which version, the libraries and headers come
# from that a static program holds. A line for each: "package version". The copyright file of each goes into the
# folder `copyright` beside it: what a base says of licences does not depend on the machine that makes it.
set -euo pipefail
output=$1
compiler=$2
shift 2
files=("$@")
for library in libc.a libstdc++.a libgcc.a; do
  files+=("$("$compiler" -print-file-name="$library")")
done
for file in "${files[@]}"; do
  file=$(realpath "$file")
  # dpkg knows a file by the path it was unpacked under, which may be the one before /usr was merged.
  dpkg-query --search "$file" 2> /dev/null || dpkg-query --search "${file#/usr}"
done | cut -d: -f1 | sort -u \
  | xargs dpkg-query --show --showformat="\${Package} \${Version}\n" | sort -u > "$output.new"
copyrights=$(dirname "$output")/copyright
rm -rf "$copyrights"
mkdir "$copyrights"
while read -r package _; do
  text=/usr/share/doc/$package/copyright
  [ ! -e "$text" ] || cp --dereference "$text" "$copyrights/$package"
done < "$output.new"
mv "$output.new" "$output"
