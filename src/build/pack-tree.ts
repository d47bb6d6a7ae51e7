import { readdirSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { create } from 'tar'

/** A droplet's tree as the archive that it could have come from: gzipped tar, made while it is read, of no one's user. */
export function packTree(tree: string): Readable {
  return create({ gzip: true, cwd: tree, portable: true }, readdirSync(tree)) as unknown as Readable
}
