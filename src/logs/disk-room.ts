import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs'

const RESERVE_BYTES = 65_536

/**
 * Whether a writer's files can be written, and a reserve of real blocks given up when they cannot, so that the system
 * lines which say so still fit. Never throws.
 */
export class DiskRoom {
  /** True between a failed write and the first time that reserve could be had back. */
  full = false
  readonly #path: string
  #fd: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Takes the reserve; false when there is no room for it. */
  take(): boolean {
    try {
      this.#fd ??= openSync(this.#path, 'w', 0o600)
      writeAll(this.#fd, Buffer.alloc(RESERVE_BYTES))
      this.full = false
      return true
    } catch {
      this.#shrink()
      this.full = true
      return false
    }
  }

  /** A write failed: gives up the reserve. True when something was given up, so that trying again makes sense. */
  giveUp(): boolean {
    const first = !this.full
    this.full = true
    if (first) this.#shrink()
    return first
  }

  close(): void {
    if (this.#fd === undefined) return
    try {
      closeSync(this.#fd)
      unlinkSync(this.#path)
    } catch {
      // The directory is gone or read-only: nothing is left to give back.
    }
    this.#fd = undefined
  }

  #shrink(): void {
    try {
      if (this.#fd !== undefined) ftruncateSync(this.#fd, 0)
    } catch {
      // The blocks stay taken; the system lines then wait for room like all else.
    }
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done)
}
