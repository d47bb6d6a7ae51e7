import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ownersOnly } from './owners-only.ts'

export const databasePath = (directory: string): string => join(directory, 'taskport.db')

/** Limits for the writer; all optional. */
export interface WriterTuning {
  /** Upper bound on the database's size, pages. For tests of a full disk. */
  readonly maxPages?: number
}

/** Of each of the two connections; the kernel's cache stands behind it. */
const CACHE_KIB = 16 * 1024
/** More makes fewer but longer pauses of the writer. */
const CHECKPOINT_PAGES = 1_000
/** The write-ahead log is cut back to this size when it grew beyond. */
const JOURNAL_BYTES = 64 * 1024 * 1024

/** The one connection that writes. */
export function openForWriting(directory: string, tuning: WriterTuning = {}): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  ownersOnly(databasePath(directory))
  const database = new DatabaseSync(databasePath(directory))
  database.exec(`
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${JOURNAL_BYTES};
    PRAGMA foreign_keys = OFF;`)
  if (tuning.maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${tuning.maxPages}`)
  return database
}

/** A connection that only reads; the database must exist. */
export function openForReading(directory: string): DatabaseSync {
  const database = new DatabaseSync(databasePath(directory), { readOnly: true })
  database.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON`)
  return database
}
