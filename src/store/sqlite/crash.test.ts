import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Execution } from '../../core/execution.ts'
import { ALICE } from '../conformance-samples.ts'
import { databasePath } from './database.ts'
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts'

const ROUNDS = 6
const COMMITTER = fileURLToPath(new URL('./fixtures/committer.ts', import.meta.url))

describe('a server that is killed', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'taskport-crash-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it(`loses no acknowledged commit, leaves no half of one, and lets go of the directory (${ROUNDS} times)`, async () => {
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const lines = await commitUntilKilled(directory, round * 1_000_000, Math.random() * 250)
      expect(lines.length).toBeGreaterThan(0)
      for (const [id, version] of lines) acknowledged.set(id!, Math.max(acknowledged.get(id!) ?? 0, Number(version)))
    }
    const store = await openSqliteStore({ directory })
    try {
      const stored = new Map((await all(store)).map((e) => [e.id as string, e]))
      for (const [id, version] of acknowledged) expect(stored.get(id)?.version, id).toBeGreaterThanOrEqual(version)
      await expectWhole(store, [...stored.values()])
    } finally {
      await store.close()
    }
    const database = new DatabaseSync(databasePath(directory), { readOnly: true })
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
  })
})

/** Kills the committer `afterMs` after its first acknowledged commit; returns what it had printed, split at blanks. */
async function commitUntilKilled(directory: string, first: number, afterMs: number): Promise<readonly string[][]> {
  const child = spawn(process.execPath, [COMMITTER, directory, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs))
  child.stdout.on('data', (text: string) => {
    output += text
  })
  await new Promise((resolve) => child.once('close', resolve))
  expect(child.signalCode).toBe('SIGKILL')
  // The last line may have been cut.
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
}

/** Rows, counts, numbers and history must tell the same story. */
async function expectWhole(store: SqliteStore, stored: readonly Execution[]): Promise<void> {
  const counts = await store.countExecutions(ALICE)
  for (const state of ['starting', 'succeeded'] as const)
    expect(counts[state]).toBe(stored.filter((e) => e.status.state === state).length)
  expect(await store.counter(ALICE, 'numbers')).toBe(stored.length)
  const labelled = await store.executions(ALICE, { labels: { a: 'b' } }, { limit: 1_000_000 })
  expect(labelled.items).toHaveLength(stored.length)
  const { events } = await store.system.events(undefined, 10_000_000)
  expect(events.map((e) => e.position)).toEqual(events.map((_, i) => i + 1))
  expect(events).toHaveLength(stored.reduce((sum, e) => sum + e.version, 0))
}

const all = async (store: SqliteStore): Promise<readonly Execution[]> =>
  (await store.executions(ALICE, {}, { limit: 1_000_000 })).items
