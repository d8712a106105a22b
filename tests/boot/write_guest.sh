#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
# PID 1 of write_test.py's machine: finds its three disks by their serial numbers, calls `mendstick write` on each,
# and switches the machine off. Says each status in a line of its own.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /mnt /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo 1 > /proc/sys/kernel/printk
while read -r module; do
  insmod "/$module.ko"
done < /modules

disk() { # SERIAL: the disk's device, once it is there
  for _ in $(seq 120); do
    for block in /sys/block/sd*; do
      [ -e "$block" ] || continue
      device=$(readlink -f "$block")
      if grep -q "^$1\$" "$device/../../../../../../serial" 2> /dev/null || grep -aq "$1" "$block/device/vpd_pg80" 2> /dev/null; then
        echo "/dev/${block##*/}"
        return
      fi
    done
    sleep 0.5
  done
}

try() { # NAME COMMAND…
  name=$1
  shift
  "$@" < /dev/null
  echo "$name: status $?"
}

stick=$(disk STICK) mounted=$(disk MOUNTED) fixed=$(disk FIXED)
echo "disks: $stick $mounted $fixed"
mount -t vfat -o ro "$mounted" /mnt
try mounted mendstick write /stick.img "$mounted"
try fixed mendstick write /stick.img "$fixed"
try 'other serial' mendstick write --serial OTHER /stick.img "$fixed"
try stick mendstick write /stick.img "$stick"
try 'fixed by its serial' mendstick write --serial FIXED /stick.img "$fixed"
sync
poweroff -f
