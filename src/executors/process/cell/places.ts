import { createHash } from 'node:crypto'
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AllocationId } from '../../../core/identity.ts'
import type { Place as PlaceSpec } from '../../../core/ports/executor.ts'
import type { Disk, Disks } from './disks.ts'
import { monotonicMs } from './reactor.ts'

/** What an allocation holds in this cell: a workspace that its attempts share. */
export interface Place {
  readonly allocation: AllocationId
  /** On the host. */
  readonly workspace: string
  /** Not named after the allocation, and used again. */
  readonly isSpare: boolean
  /** What the workspace may hold; with `disk` the kernel sees to it, else someone has to look. */
  readonly diskBytes: number | undefined
  readonly disk: Disk | undefined
  owner: number | undefined
  /** Attempts that run in it now. */
  runs: number
}

/**
 * Opens and closes the places of one cell.
 *
 * A place is a directory named after its allocation, so that all cells, and all attempts, find the same. Most
 * allocations have one attempt, which leaves the directory as empty as it was: those get a spare one, used again and
 * again, because making and removing a directory is the dearest thing about a program that does nothing. Where a place
 * has a limit and the host allows it, the workspace lies on a disk of that size, which is this cell's alone.
 */
export class Places {
  readonly #open = new Map<AllocationId, Place>()
  readonly #allocations: string
  readonly #trash: string
  readonly #spare: string
  readonly #spares = new Map<number | undefined, string[]>()
  #trashed = 0
  #disksAgainAt = 0
  #made = 0

  readonly #disks: Disks | undefined

  /** `spare` is a path prefix for directories of this cell alone. */
  constructor(allocations: string, trash: string, spare: string, disks?: Disks) {
    this.#allocations = allocations
    this.#trash = trash
    this.#spare = spare
    this.#disks = disks
  }

  /** Allocations that no other cell can serve: their workspace is not where all look for it. */
  onDisks(): readonly AllocationId[] {
    return [...this.#open.values()].flatMap(({ allocation, disk }) => (disk === undefined ? [] : [allocation]))
  }

  /**
   * Idempotent. `owner` is who may write the workspace; `only` says that no other attempt will use it, before or
   * after. Throws what mkdir throws (ENOSPC …).
   */
  open({ allocation, diskBytes }: PlaceSpec, owner: Owner | undefined, only: boolean): Place {
    const known = this.#open.get(allocation)
    if (known !== undefined) {
      // Steps of different users share the workspace: only they can reach it.
      if (known.owner !== owner?.uid) chmodSync(known.workspace, 0o777)
      return known
    }
    const named = join(this.#allocations, directoryNameOf(allocation))
    const isNew = lstatSync(named, { throwIfNoEntry: false }) === undefined
    const disk = diskBytes !== undefined && isNew ? this.#takeDisk(diskBytes, owner) : undefined
    const isSpare = disk === undefined && only && isNew
    const workspace = disk?.workspace ?? (isSpare ? this.#takeSpare(owner) : makeDirectory(named, owner))
    const place: Place = { allocation, workspace, isSpare, diskBytes, disk, owner: owner?.uid, runs: 0 }
    this.#open.set(allocation, place)
    return place
  }

  /** Undefined where there is none to be had (a host that forbids it, no room): then the limit is watched. */
  #takeDisk(bytes: number, owner: Owner | undefined): Disk | undefined {
    const mayAsk = bytes <= MOST_DISK_BYTES && monotonicMs() >= this.#disksAgainAt
    if (this.#disks === undefined || !mayAsk) return undefined
    try {
      const disk = this.#disks.take(bytes)
      if (owner !== undefined) chownSync(disk.workspace, owner.uid, owner.gid)
      return disk
    } catch (error) {
      process.stderr.write(`a disk of ${bytes} bytes could not be made: ${error}\n`)
      this.#disksAgainAt = monotonicMs() + DISK_RETRY_MS
      return undefined
    }
  }

  #takeSpare(owner: Owner | undefined): string {
    const spare = this.#spares.get(owner?.uid)?.pop()
    return spare ?? makeDirectory(`${this.#spare}${this.#made++}`, owner)
  }

  /** Removes the workspace. What is not empty goes to the trash, which a server empties: deleting may take long. */
  close(allocation: AllocationId): void {
    const place = this.#open.get(allocation)
    this.#open.delete(allocation)
    if (place?.disk !== undefined) return this.#disks?.giveBack(place.disk)
    if (place?.isSpare !== true) return this.#remove(join(this.#allocations, directoryNameOf(allocation)))
    const spares = this.#spares.get(place.owner) ?? []
    this.#spares.set(place.owner, spares)
    if (spares.length < MAX_SPARES && isAsNew(place.workspace, place.owner)) spares.push(place.workspace)
    else this.#remove(place.workspace)
  }

  #remove(workspace: string): void {
    try {
      rmdirSync(workspace)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      renameSync(workspace, join(this.#trash, `${process.pid}-${Date.now()}-${this.#trashed++}`))
    }
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

const MAX_SPARES = 256
/** Making a larger one takes seconds and its bookkeeping tens of megabytes. */
const MOST_DISK_BYTES = 2 ** 40
/** A host that has just refused a disk is not asked at once again. */
const DISK_RETRY_MS = 10_000

function makeDirectory(path: string, owner: Owner | undefined): string {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
  return path
}

/** Whether the next program would find it as this one did. */
function isAsNew(path: string, owner: number | undefined): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || (stat.mode & 0o7777) !== 0o700) return false
  if (stat.uid !== (owner ?? process.getuid?.())) return false
  return readdirSync(path).length === 0
}

/** A file name for an id: readable where it is plain, else a digest. */
export function directoryNameOf(id: string): string {
  const plain = id.replaceAll(':', '.')
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/.test(plain) ? plain : createHash('sha256').update(id).digest('hex')
}
