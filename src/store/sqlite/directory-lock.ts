import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EngineError } from '../../core/engine-error.ts'
import { ownersOnly } from './owners-only.ts'

/**
 * Makes sure that one server at a time has the directory. The lock is SQLite's own on a file of its own, so the kernel
 * lets go of it however the process ends; the process id beside it is only for the message.
 * Throws `unavailable` while another has it.
 */
export function lockDirectory(directory: string): { release(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const holder = join(directory, 'lock.pid')
  const file = join(directory, 'lock.db')
  // Whoever may read it could hold it.
  ownersOnly(file)
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw taken(directory, holder, error)
  }
  writeFileSync(holder, `${process.pid}\n`)
  return { release: () => lock.close() }
}

function taken(directory: string, holder: string, cause: unknown): EngineError {
  const pid = readPid(holder)
  const who = pid === undefined ? 'another server' : `another server (process ${pid})`
  const message = `${who} uses the data directory ${directory}; stop it, or start with another directory`
  return new EngineError('unavailable', message, { subject: 'directory', id: directory, pid }, cause)
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
