import { closeSync, openSync } from 'node:fs'
import { errno, sys } from './syscalls.ts'

const CLONE_NEWNS = 0x00020000
const MS_NOSUID = 2
const MS_NODEV = 4
const MS_NOATIME = 1024
const MS_REC = 16_384
const MS_SLAVE = 1 << 19
const MNT_DETACH = 2

// <linux/loop.h>: struct loop_config is { u32 fd, u32 block_size, loop_info64 (232 bytes), u64 reserved[8] }.
const LOOP_CTL_GET_FREE = 0x4c82
const LOOP_CONFIGURE = 0x4c0a
const LOOP_CONFIG_BYTES = 304
const LOOP_FLAGS_AT = 8 + 52
const LO_FLAGS_AUTOCLEAR = 4
const EBUSY = 16
/** Others on this machine look for a free device too. */
const ATTEMPTS = 20

/**
 * From now on what this process mounts is seen by itself and what it starts, and by nobody else: it ends with them,
 * whatever ends them. What the machine mounts goes on to be seen here.
 */
export function leaveMounts(): void {
  check('unshare', sys.unshare(CLONE_NEWNS))
  check('mount', sys.mount(null, '/', null, MS_REC | MS_SLAVE, null))
}

/** Mounts the ext4 file system in the file `image`. Its loop device is let go with the last mount of it. */
export function mountImage(image: string, directory: string): void {
  const file = openSync(image, 'r+')
  try {
    const { path, fd } = attach(file)
    try {
      const flags = MS_NOSUID | MS_NODEV | MS_NOATIME
      check('mount', sys.mount(path, directory, 'ext4', flags, 'discard'))
    } finally {
      closeSync(fd)
    }
  } finally {
    closeSync(file)
  }
}

/** At once out of sight; gone when nothing uses it any more. */
export function unmount(directory: string): void {
  check('umount', sys.umount2(directory, MNT_DETACH))
}

function attach(file: number): { readonly path: string; readonly fd: number } {
  const control = openSync('/dev/loop-control', 'r+')
  try {
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      const number = check('LOOP_CTL_GET_FREE', sys.ioctl(control, LOOP_CTL_GET_FREE, null))
      const path = `/dev/loop${number}`
      const fd = openSync(path, 'r+')
      if (sys.ioctl(fd, LOOP_CONFIGURE, loopConfig(file)) === 0) return { path, fd }
      const problem = errno()
      closeSync(fd)
      if (problem !== EBUSY) throw new Error(`LOOP_CONFIGURE: errno ${problem}`)
    }
    throw new Error('no loop device stays free for long enough')
  } finally {
    closeSync(control)
  }
}

function loopConfig(file: number): Uint8Array {
  const config = new Uint8Array(LOOP_CONFIG_BYTES)
  const view = new DataView(config.buffer)
  view.setUint32(0, file, true)
  view.setUint32(LOOP_FLAGS_AT, LO_FLAGS_AUTOCLEAR, true)
  return config
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${errno()}`)
  return result
}
