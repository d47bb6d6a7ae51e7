import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { statOrNone } from './stat-or-none.ts'

/** Bytes in the blocks of stat(2). */
const BLOCK_BYTES = 512

/** What a directory holds on the disk, found a little at a time: a tree of a million files shall not hold up a cell. */
export class TreeSize {
  #directories: string[]
  #names: string[] = []
  #directory = ''
  #bytes = 0

  constructor(directory: string) {
    this.#directories = [directory]
  }

  /** Looks at up to `most` files more. Bytes once all were seen, else undefined. A file with two names counts twice. */
  look(most: number): number | undefined {
    for (let seen = 0; seen < most; seen++) {
      const name = this.#names.pop()
      if (name !== undefined) this.#add(join(this.#directory, name))
      else if (!this.#enter()) return this.#bytes
    }
    return undefined
  }

  #add(path: string): void {
    const stat = statOrNone(path)
    this.#bytes += (stat?.blocks ?? 0) * BLOCK_BYTES
    if (stat?.isDirectory()) this.#directories.push(path)
  }

  #enter(): boolean {
    const directory = this.#directories.pop()
    if (directory === undefined) return false
    this.#directory = directory
    try {
      this.#names = readdirSync(directory)
    } catch {
      // Gone meanwhile, or closed to us.
    }
    return true
  }
}
