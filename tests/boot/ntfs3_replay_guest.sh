#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
# PID 1 of ntfs3_replay_test.py's machine: mounts each disk with ntfs3, which replays its log, says what is on it, a
# line each: number of the disk, path, size and hash; then unmounts and switches the machine off.
# shellcheck shell=dash
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /m
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
echo 1 > /proc/sys/kernel/printk
for module in virtio_blk ntfs3; do
  insmod "/$module.ko"
done

number=0
for disk in /dev/vd? /dev/vda?; do
  [ -b "$disk" ] || continue
  if mount -t ntfs3 -o iocharset=utf8,nohidden "$disk" /m 2> /error || mount -t ntfs3 -o iocharset=utf8 "$disk" /m 2> /error; then
    (cd /m && find . | sort) | while IFS= read -r path; do
      case $path in '.' | './System Volume Information' | './$'*) continue ;; esac
      if [ -f "/m/$path" ]; then
        echo "disk $number: $path $(wc -c < "/m/$path") $(sha256sum < "/m/$path" | cut -c1-16)"
      else
        echo "disk $number: $path"
      fi
    done
    umount /m
  else
    echo "disk $number: not mounted: $(cat /error)"
  fi
  number=$((number + 1))
done
poweroff -f
