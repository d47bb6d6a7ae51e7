import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { EngineError } from '../../core/engine-error.ts'
import { EXECUTION_RULES } from './execution-rules.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

/** Brings the database to the newest version; throws `unavailable` for one that a newer Taskport has written. */
export function migrate(database: DatabaseSync): void {
  const version = versionOf(database)
  if (version > MIGRATIONS.length) throw newer(version)
  for (let i = version; i < MIGRATIONS.length; i++) step(database, MIGRATIONS[i]!, i + 1)
  replaceRules(database)
  renewEpoch(database, false)
}

/** Makes every cursor given so far unknown. With `force` unset only for a database that has no epoch yet. */
export function renewEpoch(database: DatabaseSync, force: boolean): void {
  const conflictRule = force ? 'REPLACE' : 'IGNORE'
  database.prepare(`INSERT OR ${conflictRule} INTO meta (name, value) VALUES ('epoch', ?)`).run(randomUUID())
}

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.user_version)

function step(database: DatabaseSync, sql: string, version: number): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(sql)
    database.exec(`PRAGMA user_version = ${version}`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function replaceRules(database: DatabaseSync): void {
  const stored = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?")
  for (const [name, sql] of Object.entries(EXECUTION_RULES)) {
    if (stored.get(name)?.sql === sql) continue
    database.exec(`BEGIN IMMEDIATE; DROP TRIGGER IF EXISTS ${name}; ${sql}; COMMIT`)
  }
}

const newer = (version: number): EngineError =>
  new EngineError(
    'unavailable',
    `the database was written by a newer Taskport (its version is ${version}, this one knows ${MIGRATIONS.length}); ` +
      'run that one, or start with another data directory',
    { subject: 'database', version, known: MIGRATIONS.length },
  )
