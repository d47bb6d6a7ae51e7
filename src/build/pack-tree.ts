import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { create } from 'tar'

/** A droplet's tree as the archive that it could have come from: gzipped tar, made while it is read, of no one's user. */
export const packTree = (tree: string): Readable =>
  Readable.from(create({ gzip: true, cwd: tree, portable: true }, readdirSync(tree)), { objectMode: false })
