import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'

const LARGEST_BYTES = 1024 * 1024

/**
 * The text of a file in a directory that programs may write: undefined when there is none, when it is none, when it is
 * too large, and when a link leads out of the directory.
 */
export async function readInside(directory: string, path: string): Promise<string | undefined> {
  const root = await realpath(directory).catch(() => undefined)
  const target = await realpath(join(directory, path)).catch(() => undefined)
  if (root === undefined || target === undefined || !target.startsWith(`${root}/`)) return undefined
  const file = await open(target, 'r').catch(() => undefined)
  if (file === undefined) return undefined
  try {
    // What was opened, not what was looked at: it may have been changed in between.
    const opened = await realpath(`/proc/self/fd/${file.fd}`).catch(() => target)
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > LARGEST_BYTES || !opened.startsWith(`${root}/`)) return undefined
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
