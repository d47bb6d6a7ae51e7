import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'

/**
 * Keeps a database from other users of the machine, who may pass through the data directory on their way to a workspace.
 * Makes the file where it is missing: SQLite would take the process's umask, and gives a write-ahead log the mode of its
 * database. What an earlier version left open is closed.
 */
export function ownersOnly(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600)
}
