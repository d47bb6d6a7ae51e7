import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What fits into a Unix socket's address (unix(7)), bytes. */
const LONGEST = 107

/**
 * Calls `use` with a path to the socket that fits into an address: a data directory may lie deep in a build's tree. A longer
 * one leads through a descriptor of the socket's directory, which is open while `use` runs: it must bind or connect at once.
 */
export function withSocketPath<T>(path: string, use: (path: string) => T): T {
  if (Buffer.byteLength(path) <= LONGEST) return use(path)
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return use(join('/proc/self/fd', String(directory), basename(path)))
  } finally {
    closeSync(directory)
  }
}
