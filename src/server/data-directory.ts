import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The operator's key file: secrets are sealed with it, first-start credentials derived from it. */
export const keyFileOf = (dataDirectory: string): string => join(dataDirectory, 'key')

/** Where a server says that it is there. */
export const serverFileOf = (dataDirectory: string): string => join(dataDirectory, 'server.json')

export const objectDirectoryOf = (dataDirectory: string): string => join(dataDirectory, 'objects')

/** Which container engine it uses; there once it has had one. */
export const engineFileOf = (dataDirectory: string): string => join(dataDirectory, 'docker', 'engine')

/** A face's own directory, made when first asked for. Programs of other users pass through it to what is shown to them. */
export function faceDirectory(dataDirectory: string, face: string): string {
  const path = join(dataDirectory, 'faces', face)
  mkdirSync(path, { recursive: true, mode: 0o711 })
  return path
}

/** The directory that was named cannot be one. */
export class UnusableDirectory extends Error {
  override readonly name = 'UnusableDirectory'
}

/** Programs run as other users may need to pass through to their workspace; what lies inside is closed by itself. */
const PASSABLE = 0o011

/**
 * Makes the directory where it is missing. One that is there keeps the rights it has, and may be passed through: whoever
 * names /tmp does not lose it. Throws UnusableDirectory.
 */
export function makeDataDirectory(path: string): void {
  try {
    makeEach(path)
    // Behind a file's name, `/.` is ENOTDIR.
    const { mode } = statSync(`${path}/.`)
    if ((mode & PASSABLE) !== PASSABLE) openFor(path, mode | PASSABLE)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new UnusableDirectory(`${path} cannot be the data directory: ${WHY[code] ?? message}`, { cause: error })
  }
}

const WHY: Readonly<Record<string, string>> = {
  EEXIST: 'it, or what it would lie in, is a file',
  ENOTDIR: 'it, or what it would lie in, is a file',
  ENOENT: 'no directory can be made there',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'the disk is full',
}

/** Link by link: Node's own recursive mkdir never returns where a directory that exists takes none (/proc). */
function makeEach(path: string): void {
  if (existsSync(path)) return
  makeEach(dirname(path))
  mkdirSync(path, { mode: 0o711 })
}

/** Another user's directory that this one may write to: then its programs are this user's too, and need no passage. */
function openFor(path: string, mode: number): void {
  try {
    chmodSync(path, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}
