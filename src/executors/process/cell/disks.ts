import { chmodSync, mkdirSync, rmdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { emptyWithin } from './empty-within.ts'
import { leaveMounts, mountImage, unmount } from './loop-mount.ts'
import { tryRun } from './try-run.ts'

/** A file system of its own for one allocation: what does not fit is refused by the kernel (ENOSPC), to root as well. */
export interface Disk {
  readonly bytes: number
  /** Both lie on it. */
  readonly workspace: string
  readonly tmp: string
}

interface Mounted extends Disk {
  readonly root: string
  readonly image: string
}

/** Mounting costs tens of milliseconds: so many stay for allocations to come. */
const MAX_SPARES = 16
/** Removing this many files is cheaper than a new disk. */
const CHEAP_FILES = 200
/** One inode for so many bytes, of 256 bytes each (mke2fs(8)). */
const BYTES_PER_INODE = 16_384
const INODE_BYTES = 256
/** Superblock, bitmaps, `lost+found`; the least that ext4 takes. */
const OVERHEAD_BYTES = 512 * 1024

/**
 * The limited disks of one cell: sparse files with ext4 in them, mounted where only the cell and its programs see it.
 * So nothing is left mounted, whatever dies; and an allocation that has one belongs to its cell.
 */
export class Disks {
  readonly #prefix: string
  readonly #mkfs: string
  readonly #spares: Mounted[] = []
  readonly #used = new Map<string, Mounted>()
  #made = 0

  /** `prefix` is that of paths which are this cell's alone; `mkfs` makes ext4. */
  constructor(prefix: string, mkfs: string) {
    this.#prefix = prefix
    this.#mkfs = mkfs
  }

  /** An empty disk that holds `bytes`, a few in a hundred less for many small files. Throws where there is none to be had. */
  take(bytes: number): Disk {
    const at = this.#spares.findIndex((spare) => spare.bytes === bytes)
    const disk = at < 0 ? this.#make(bytes) : this.#spares.splice(at, 1)[0]!
    mkdirSync(disk.workspace, { mode: 0o700 })
    mkdirSync(disk.tmp)
    chmodSync(disk.tmp, 0o1777)
    this.#used.set(disk.workspace, disk)
    return disk
  }

  /** The allocation is gone, and so is everything on the disk. */
  giveBack(disk: Disk): void {
    const mounted = this.#used.get(disk.workspace)
    if (mounted === undefined) return
    this.#used.delete(disk.workspace)
    if (!emptyWithin([mounted.workspace, mounted.tmp], CHEAP_FILES)) return remove(mounted)
    this.#spares.push(mounted)
    if (this.#spares.length > MAX_SPARES) remove(this.#spares.shift()!)
  }

  #make(bytes: number): Mounted {
    if (this.#made === 0) leaveMounts()
    const root = `${this.#prefix}${this.#made++}`
    const image = `${root}.img`
    mkdirSync(root, { mode: 0o711 })
    try {
      makeImage(this.#mkfs, image, bytes)
      mountImage(image, root)
      chmodSync(root, 0o711)
    } catch (error) {
      rmSync(image, { force: true })
      rmdirSync(root)
      throw error
    }
    return { bytes, root, image, workspace: `${root}/workspace`, tmp: `${root}/tmp` }
  }
}

/** Whether so little is left that a program that writes has been refused. */
export function isFull(disk: Disk): boolean {
  const { bavail, bsize, ffree } = statfsSync(disk.workspace)
  return bavail * bsize < NOTHING_BYTES || ffree === 0
}

const NOTHING_BYTES = 65_536

/** Without a journal: such a disk does not outlive its machine. */
const FEATURES = '^has_journal,^resize_inode'

function makeImage(mkfs: string, image: string, bytes: number): void {
  writeFileSync(image, '', { mode: 0o600 })
  truncateSync(image, Math.ceil(bytes * (1 + INODE_BYTES / BYTES_PER_INODE)) + OVERHEAD_BYTES)
  const options = ['-q', '-F', '-m', '0', '-O', FEATURES, '-E', 'lazy_itable_init=1,nodiscard']
  const sizes = ['-i', String(BYTES_PER_INODE), '-I', String(INODE_BYTES)]
  if (tryRun([mkfs, ...options, ...sizes, image]) !== 0) throw new Error(`${mkfs} makes no file system`)
}

function remove(disk: Mounted): void {
  unmount(disk.root)
  rmdirSync(disk.root)
  rmSync(disk.image, { force: true })
}
