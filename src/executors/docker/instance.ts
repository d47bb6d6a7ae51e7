import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The name under which this data directory's containers are found in any engine; made once. */
export function instanceIn(directory: string): { readonly instance: string; readonly isNew: boolean } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'instance')
  const known = textOf(path)
  if (known !== '') return { instance: known, isNew: false }
  const instance = randomBytes(5).toString('hex')
  writeFileSync(`${path}.new`, instance, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return { instance, isNew: true }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
