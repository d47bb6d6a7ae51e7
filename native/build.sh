#!/bin/sh
# Builds the launcher for this machine's architecture, or with CC=aarch64-linux-gnu-gcc for another.
# usage: native/build.sh [output directory]     The same compiler gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-gcc}
case $($cc -dumpmachine) in
  x86_64-*) target=linux-x64 ;;
  aarch64-*) target=linux-arm64 ;;
  *) echo "no launcher for $($cc -dumpmachine)" >&2; exit 1 ;;
esac
out=${1:-$here/$target}
mkdir -p "$out"
cd "$here"
$cc -Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables \
  -fno-ident -fno-pie -fcf-protection=none -nostdlib -static -s -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro \
  -o "$out/launcher" launcher.c 2>"$out/build.log" || {
  # Not every architecture has control-flow protection to switch off.
  $cc -Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables \
    -fno-ident -fno-pie -nostdlib -static -s -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro \
    -o "$out/launcher" launcher.c
}
rm -f "$out/build.log"
chmod 755 "$out/launcher"
