import { describe, expect, it } from 'vitest'
import type { Event } from '../core/event.ts'
import type { Store } from '../core/ports/store.ts'
import type { WithStore } from './conformance.ts'
import { ALICE, BOB, eventOf, insert, instantAt, moved, put, sampleExecution, update } from './conformance-samples.ts'

export function eventRules(withStore: WithStore): void {
  describe('events', () => {
    order(withStore)
    moments(withStore)
    filters(withStore)
    pruning(withStore)
  })
}

function order(withStore: WithStore): void {
  it(
    'reach listeners and readers once, in one order, without gaps, and never before their commit (S3)',
    withStore(async (store) => {
      const heard: Event[] = []
      const stop = store.onEvents((events) => heard.push(...events))
      const read: Event[] = []
      let after: string | undefined
      const readOn = async () => {
        const page = await store.events(ALICE, after, {}, 7)
        for (const event of page.events) expect(await store.execution(ALICE, event.execution)).toBeDefined()
        read.push(...page.events)
        after = page.cursor
        return page.events.length
      }
      const commits = Array.from({ length: 80 }, async (_, n) => {
        const first = sampleExecution({ n })
        const { cursor } = await store.commit([insert(first), eventOf(first), eventOf(first)])
        expect(heard.filter((e) => e.execution === first.id)).toHaveLength(2)
        await store.commit([update(moved(first, 'starting')), eventOf(moved(first, 'starting'))])
        await readOn()
        return cursor
      })
      await Promise.all(commits)
      while ((await readOn()) > 0);
      const positions = Array.from({ length: 240 }, (_, i) => i + 1)
      expect(heard.map((e) => e.position)).toEqual(positions)
      expect(heard).toEqual((await store.system.events(undefined, 1_000)).events)
      stop()
      await store.commit([eventOf(sampleExecution({ n: 1 }))])
      expect(heard).toHaveLength(240)
      expect([...new Set(read.map((e) => e.position))]).toHaveLength(240)
    }),
  )

  it(
    'after the position taken before a list are all that the list may lack',
    withStore(async (store) => {
      const first = sampleExecution({ n: 1 })
      const { cursor } = await store.commit([insert(first), eventOf(first)])
      expect(store.cursor()).toBe(cursor)
      const quiet = await store.commit([put(ALICE, 'a')])
      expect(quiet.cursor).toBe(cursor)
      const next = moved(first, 'starting')
      await store.commit([update(next), eventOf(next)])
      const { events } = await store.events(ALICE, cursor, {}, 9)
      expect(events.map((e) => e.version)).toEqual([2])
    }),
  )
}

function moments(withStore: WithStore): void {
  it(
    'are found by time: behind the cursor of a moment lies what happened from then on, to the end of what is kept',
    withStore(async (store) => {
      const first = sampleExecution({ n: 0 })
      // Several of one commit share a time; some moments see nothing.
      for (const at of [2, 2, 3, 7, 7, 7, 20])
        await store.commit([eventOf(first, instantAt(at)), eventOf(first, instantAt(at))])
      const from = async (at: number) => {
        const { events } = await store.events(ALICE, await store.cursorAt(instantAt(at)), {}, 100)
        return events.map((event) => event.at - instantAt(0))
      }
      const all = [2, 2, 2, 2, 3, 3, 7, 7, 7, 7, 7, 7, 20, 20]
      for (let at = 0; at <= 22; at++) expect(await from(at)).toEqual(all.filter((time) => time >= at))
      await store.system.pruneEvents(instantAt(7), 0)
      expect(await from(0)).toEqual(all.filter((time) => time >= 7))
      expect(await from(8)).toEqual([20, 20])
    }),
  )
}

function filters(withStore: WithStore): void {
  it(
    'are found by tenant, execution and kind, in pages of any size',
    withStore(async (store) => {
      const executions = Array.from({ length: 6 }, (_, n) => sampleExecution({ n, tenant: n % 2 ? BOB : ALICE }))
      for (const e of executions)
        await store.commit([insert(e), eventOf(e), removed(e), eventOf(e, 5), { ...removed(executions[0]!) }])
      const all = (await store.system.events(undefined, 1_000)).events
      const cases = [
        {},
        { execution: executions[0]!.id },
        { execution: executions[1]!.id },
        { kinds: ['execution.removed'] },
      ]
      for (const tenant of [ALICE, BOB])
        for (const filter of [...cases, { execution: executions[0]!.id, kinds: ['execution.state'] }, { kinds: [] }])
          for (const limit of [1, 2, 5, 100]) {
            const expected = all.filter(
              (e) =>
                e.tenant === tenant &&
                (!('execution' in filter) || e.execution === filter.execution) &&
                (!('kinds' in filter) || filter.kinds.includes(e.transition.kind)),
            )
            const found: Event[] = []
            for (let after: string | undefined, more = true; more; ) {
              const page = await store.events(tenant, after, filter, limit)
              found.push(...page.events)
              more = page.events.length === limit
              after = page.cursor
            }
            expect(found).toEqual(expected)
          }
    }),
  )
}

function pruning(withStore: WithStore): void {
  it(
    'are pruned from the oldest on, but never the newest; a position before the gap is unknown, positions go on rising',
    withStore(async (store) => {
      const cursors = await sixEvents(store)
      expect(await store.system.pruneEvents(instantAt(3), 0)).toBe(3)
      await expect(store.events(ALICE, cursors[1], {}, 9)).rejects.toMatchObject({
        code: 'not_found',
        facts: { subject: 'cursor' },
      })
      const rest = await store.events(ALICE, cursors[2], {}, 9)
      expect(rest.events.map((e) => e.position)).toEqual([4, 5, 6])
      expect((await store.events(ALICE, undefined, {}, 9)).events).toEqual(rest.events)
      expect(await store.system.pruneEvents(instantAt(99), 2)).toBe(1)
      expect(await store.system.pruneEvents(instantAt(99), 0)).toBe(2)
      expect(await store.system.pruneEvents(instantAt(99), 0)).toBe(0)
      expect(await store.events(ALICE, store.cursor(), {}, 9)).toEqual({ events: [], cursor: cursors[5] })
      await store.commit([eventOf(sampleExecution({ n: 7 }))])
      expect((await store.events(ALICE, cursors[5], {}, 9)).events.map((e) => e.position)).toEqual([7])
    }),
  )

  it(
    'of another store, or yet to come, are unknown positions',
    withStore(async (store) => {
      await sixEvents(store)
      const future = store.cursor().replace(/\.6$/, '.7')
      for (const cursor of ['x', '', '6', 'other.6', future])
        await expect(store.system.events(cursor, 9), cursor).rejects.toMatchObject({
          code: 'not_found',
          facts: { subject: 'cursor', id: cursor },
        })
    }),
  )
}

const removed = (execution: ReturnType<typeof sampleExecution>) =>
  ({
    kind: 'event',
    event: {
      tenant: execution.tenant,
      execution: execution.id,
      at: 5,
      version: 1,
      transition: { kind: 'execution.removed' },
    },
  }) as const

async function sixEvents(store: Store): Promise<readonly string[]> {
  const cursors: string[] = []
  for (let n = 0; n < 6; n++) cursors.push((await store.commit([eventOf(sampleExecution({ n }))])).cursor)
  return cursors
}
