import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AllocationId } from '../../../core/identity.ts'

/** What an allocation holds in this cell: a workspace that its attempts share. */
export interface Place {
  readonly allocation: AllocationId
  /** On the host. */
  readonly workspace: string
  owner: number | undefined
  /** Attempts that run in it now. */
  runs: number
}

/** Opens and closes the places of one cell. Another cell may hold the same allocation: its directory is one. */
export class Places {
  readonly #open = new Map<AllocationId, Place>()
  readonly #allocations: string
  readonly #trash: string
  #trashed = 0

  constructor(allocations: string, trash: string) {
    this.#allocations = allocations
    this.#trash = trash
  }

  /** Idempotent. `owner` is who may write the workspace. Throws what mkdir throws (ENOSPC …). */
  open(allocation: AllocationId, owner: { readonly uid: number; readonly gid: number } | undefined): Place {
    const known = this.#open.get(allocation)
    if (known !== undefined) {
      // Steps of different users share the workspace: only they can reach it.
      if (known.owner !== owner?.uid) chmodSync(known.workspace, 0o777)
      return known
    }
    const workspace = join(this.#allocations, directoryNameOf(allocation))
    try {
      mkdirSync(workspace, 0o700)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (owner !== undefined) chownSync(workspace, owner.uid, owner.gid)
    const place: Place = { allocation, workspace, owner: owner?.uid, runs: 0 }
    this.#open.set(allocation, place)
    return place
  }

  /** Removes the workspace. What is not empty goes to the trash, which a server empties: deleting may take long. */
  close(allocation: AllocationId): void {
    this.#open.delete(allocation)
    const workspace = join(this.#allocations, directoryNameOf(allocation))
    try {
      rmdirSync(workspace)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      renameSync(workspace, join(this.#trash, `${process.pid}-${Date.now()}-${this.#trashed++}`))
    }
  }
}

/** A file name for an id: readable where it is plain, else a digest. */
export function directoryNameOf(id: string): string {
  const plain = id.replaceAll(':', '.')
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/.test(plain) ? plain : createHash('sha256').update(id).digest('hex')
}
