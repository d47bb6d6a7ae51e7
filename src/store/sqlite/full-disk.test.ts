import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../core/engine-error.ts'
import type { Change } from '../../core/ports/store.ts'
import { ALICE, eventOf, idAt, insert, sampleExecution } from '../conformance-samples.ts'
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts'

describe('a full disk', () => {
  it('refuses commits as exhausted and keeps what was acknowledged; room made by removals is used again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-full-'))
    const store = await openSqliteStore({ directory, tuning: { maxPages: 120 } })
    try {
      const stored = await fillUp(store)
      for (let n = 0; n < stored; n++) await store.commit([{ kind: 'execution.delete', tenant: ALICE, id: idAt(n) }])
      await store.commit(bulky(stored + 1))
      expect((await store.executions(ALICE, {}, { limit: 9 })).items).toHaveLength(1)
    } finally {
      await store.close()
      rmSync(directory, { recursive: true })
    }
  })

  it('of the file system does the same, and commits go on when there is room', async ({ skip }) => {
    const directory = mountSmall()
    if (directory === undefined) return skip('needs the right to mount a tmpfs')
    const filler = join(directory, 'filler')
    const store = await openSqliteStore({ directory: join(directory, 'data') })
    try {
      const { bavail, bsize } = statfsSync(directory)
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 400_000)))
      const stored = await fillUp(store)
      rmSync(filler)
      await store.commit(bulky(stored + 1))
      expect((await store.countExecutions(ALICE)).failed).toBe(stored + 1)
      expect((await store.events(ALICE, undefined, {}, 100_000)).events).toHaveLength(stored + 1)
    } finally {
      await store.close()
      execFileSync('umount', [directory])
      rmSync(directory, { recursive: true })
    }
  })
})

/** Commits until the disk is full, then makes sure that nothing of the refused commits is there; how many stand. */
async function fillUp(store: SqliteStore): Promise<number> {
  let stored = 0
  let refusal: unknown
  while (refusal === undefined && stored < 10_000)
    await store.commit(bulky(stored)).then(
      () => stored++,
      (error: unknown) => {
        refusal = error
      },
    )
  expect(refusal).toBeInstanceOf(EngineError)
  expect(refusal).toMatchObject({ code: 'exhausted', facts: { subject: 'disk' } })
  const several = await Promise.allSettled([1, 2, 3].map((n) => store.commit(bulky(20_000 + n))))
  expect(several.every((s) => s.status === 'rejected' && s.reason.code === 'exhausted')).toBe(true)
  const { items } = await store.executions(ALICE, {}, { limit: 20_000, ascending: true })
  expect(items.map((e) => e.id)).toEqual(Array.from({ length: stored }, (_, n) => idAt(n)))
  return stored
}

function bulky(n: number): readonly Change[] {
  const execution = sampleExecution({ n, state: 'failed', submission: { labels: { text: 'x'.repeat(8_000) } } })
  return [insert(execution), eventOf(execution)]
}

/** A file system of 3 MB, where this process may make one. */
function mountSmall(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-tmpfs-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', directory], { stdio: 'ignore' })
    return directory
  } catch {
    rmSync(directory, { recursive: true })
    return undefined
  }
}
