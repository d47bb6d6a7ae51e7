#!/bin/sh
# Builds launcher and relay for this machine's architecture, or with CC=aarch64-linux-gnu-gcc for another.
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
flags="-Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables
  -fno-ident -fno-pie -nostdlib -static -s -Wl,--build-id=none
  -Wl,-z,noseparate-code -Wl,-z,norelro -Wno-unused-function"
for program in launcher relay; do
  # Not every architecture has control-flow protection to switch off.
  $cc -fcf-protection=none $flags -o "$out/$program" $program.c 2>"$out/build.log" ||
    $cc $flags -o "$out/$program" $program.c
done
rm -f "$out/build.log"
chmod 755 "$out/launcher" "$out/relay"
