import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { glob, lstat, readlink } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Of a command and of all files below `directory` that a pattern names: their paths and what they hold. Git's own are none. */
export async function fingerprintOf(
  directory: string,
  patterns: readonly string[],
  command: readonly string[],
): Promise<string> {
  const paths = new Set<string>()
  for (const pattern of patterns)
    for await (const path of glob(pattern, { cwd: directory, exclude: (name) => name === '.git' }))
      paths.add(normalize(path))
  const hash = createHash('sha256').update(JSON.stringify([command, patterns]))
  for (const path of [...paths].sort())
    hash.update(`\n${JSON.stringify(path)} ${await contentOf(join(directory, path))}`)
  return hash.digest('hex')
}

/** A link is where it leads, not what is there. */
async function contentOf(path: string): Promise<string> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return `link ${await readlink(path)}`
  if (!stat.isFile()) return 'no file'
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
