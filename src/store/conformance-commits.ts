import { describe, expect, it } from 'vitest'
import { EXECUTION_STATES, FIRST_EXECUTION_STATES, mayFollow } from '../core/execution-state.ts'
import type { Change, Store } from '../core/ports/store.ts'
import type { WithStore } from './conformance.ts'
import { ALICE, BOB, eventOf, insert, lifeTo, moved, put, sampleExecution, update } from './conformance-samples.ts'

const refused = (subject: string, id: string, rule: string) =>
  expect.objectContaining({ code: 'conflict', facts: expect.objectContaining({ subject, id, rule }) })

export function commitRules(withStore: WithStore): void {
  describe('commits', () => {
    atomicity(withStore)
    versions(withStore)
    states(withStore)
  })
}

function atomicity(withStore: WithStore): void {
  it(
    'apply nothing when one change fails, wherever it stands (S1)',
    withStore(async (store) => {
      const standing = sampleExecution({ n: 1 })
      await store.commit([insert(standing), eventOf(standing), put(ALICE, 'a'), { ...add, by: 5 }])
      const before = await everything(store)
      const fresh = sampleExecution({ n: 2 })
      const good: readonly Change[] = [
        insert(fresh),
        update(moved(standing, 'starting')),
        eventOf(fresh),
        put(ALICE, 'b', { indexes: { by: 'b' }, assign: [{ field: 'n', counter: 'c' }] }),
        { kind: 'document.delete', tenant: ALICE, collection: 'things', key: 'a' },
        { ...add, by: 1 },
      ]
      for (let i = 0; i <= good.length; i++) {
        const changes = [...good.slice(0, i), put(ALICE, 'c', { expected: 7 }), ...good.slice(i)]
        await expect(store.commit(changes)).rejects.toEqual(refused('document', 'c', 'version'))
      }
      expect(await everything(store)).toEqual(before)
    }),
  )

  it(
    'that fail harm none of those made at the same time (S2)',
    withStore(async (store) => {
      const executions = Array.from({ length: 40 }, (_, n) => sampleExecution({ n }))
      const outcomes = await Promise.allSettled(
        executions.map((e, n) =>
          store.commit([insert(e), eventOf(e), { ...add, by: 1 }, ...(n % 3 === 0 ? [insert(e)] : [])]),
        ),
      )
      expect(outcomes.map((o) => o.status === 'rejected')).toEqual(executions.map((_, n) => n % 3 === 0))
      const stood = executions.filter((_, n) => n % 3 !== 0)
      const { items } = await store.executions(ALICE, {}, { limit: 100, ascending: true })
      expect(items).toEqual(stood)
      expect(await store.counter(ALICE, 'c')).toBe(stood.length)
      expect((await store.countExecutions(ALICE)).pending).toBe(stood.length)
      const { events } = await store.events(ALICE, undefined, {}, 100)
      expect(events.map((e) => [e.position, e.execution])).toEqual(stood.map((e, i) => [i + 1, e.id]))
    }),
  )

  it(
    'are seen by whoever saw the reply (S4)',
    withStore(async (store) => {
      for (let n = 0; n < 30; n++) {
        const execution = sampleExecution({ n })
        await store.commit([insert(execution)])
        expect(await store.execution(ALICE, execution.id)).toEqual(execution)
      }
    }),
  )

  it(
    'are refused once the store is closed',
    withStore(async (store) => {
      await store.close()
      await expect(store.commit([put(ALICE, 'a')])).rejects.toMatchObject({ code: 'unavailable' })
    }),
  )
}

function versions(withStore: WithStore): void {
  it(
    'move an execution by exactly one version, and the first of two wins',
    withStore(async (store) => {
      const first = sampleExecution({ n: 1 })
      const conflict = refused('execution', first.id, 'version')
      await store.commit([insert(first)])
      await expect(store.commit([insert(first)])).rejects.toEqual(refused('execution', first.id, 'exists'))
      for (const version of [1, 3, 0])
        await expect(store.commit([update({ ...first, version })])).rejects.toEqual(conflict)
      await expect(store.commit([update({ ...moved(first, 'starting'), tenant: BOB })])).rejects.toEqual(conflict)
      const rivals = await Promise.allSettled([
        store.commit([update(moved(first, 'starting'))]),
        store.commit([update(moved(first, 'cancelled'))]),
      ])
      expect(rivals.map((r) => r.status)).toEqual(['fulfilled', 'rejected'])
      expect(await store.execution(ALICE, first.id)).toEqual(moved(first, 'starting'))
    }),
  )

  it(
    'write only the status of an execution that is there',
    withStore(async (store) => {
      const first = sampleExecution({ n: 1, submission: { name: 'kept' } })
      await store.commit([insert(first)])
      const next = moved(first, 'starting')
      await store.commit([update({ ...next, submission: { ...first.submission, name: 'other' } })])
      expect(await store.execution(ALICE, first.id)).toEqual(next)
    }),
  )
}

function states(withStore: WithStore): void {
  it(
    'let an execution begin and go on only as the state table says',
    withStore(async (store) => {
      for (const [n, state] of EXECUTION_STATES.entries()) {
        const verdict = store.commit([insert(sampleExecution({ n, salt: 1, state }))])
        if (FIRST_EXECUTION_STATES.includes(state)) await verdict
        else await expect(verdict).rejects.toMatchObject({ code: 'conflict', facts: { rule: 'state' } })
      }
      for (const [i, from] of EXECUTION_STATES.entries())
        for (const [j, to] of EXECUTION_STATES.entries()) {
          const execution = sampleExecution({ n: 100 + 10 * i + j, state: from })
          await store.commit(lifeTo(execution))
          const stored = (await store.execution(ALICE, execution.id))!
          const { finishedAt: _, ...status } = stored.status
          const verdict = store.commit([update(moved({ ...stored, status }, to))])
          if (mayFollow(from, to)) await verdict
          else await expect(verdict, `${from} to ${to}`).rejects.toMatchObject({ code: 'conflict' })
        }
    }),
  )

  it(
    'refuse an end without its time, and a time without an end',
    withStore(async (store) => {
      const execution = sampleExecution({ n: 1 })
      await store.commit([insert(execution)])
      const { finishedAt: _, ...endless } = moved(execution, 'failed').status
      const early = { ...moved(execution, 'starting').status, finishedAt: 5 }
      for (const status of [endless, early])
        await expect(store.commit([update({ ...execution, version: 2, status })])).rejects.toMatchObject({
          code: 'conflict',
        })
    }),
  )

  it(
    'remove only what is final, in its own tenant, and do not mind what is gone',
    withStore(async (store) => {
      const running = sampleExecution({ n: 1, state: 'running', submission: { refs: { a: 'b' } } })
      const ended = sampleExecution({ n: 2, state: 'failed', submission: { refs: { a: 'b' }, labels: { c: 'd' } } })
      await store.commit([insert(running), insert(ended)])
      const remove = (id: typeof ended.id, tenant = ALICE) => store.commit([{ kind: 'execution.delete', tenant, id }])
      await expect(remove(running.id)).rejects.toEqual(refused('execution', running.id, 'active'))
      await remove(ended.id, BOB)
      expect(await store.execution(ALICE, ended.id)).toEqual(ended)
      await remove(ended.id)
      await remove(ended.id)
      expect(await store.execution(ALICE, ended.id)).toBeUndefined()
      expect((await store.executions(ALICE, { refs: { a: 'b' } }, { limit: 9 })).items).toEqual([running])
      expect((await store.countExecutions(ALICE)).failed).toBe(0)
    }),
  )
}

const add = { kind: 'counter.add', tenant: ALICE, name: 'c' } as const

/** All that a reader can see. */
const everything = async (store: Store) => ({
  executions: await store.executions(ALICE, {}, { limit: 1000 }),
  counts: await store.countExecutions(ALICE),
  documents: await store.documents(ALICE, 'things', { limit: 1000 }),
  indexed: await store.documents(ALICE, 'things', { limit: 1000, index: { name: 'by', value: 'b' } }),
  counter: await store.counter(ALICE, 'c'),
  events: await store.events(ALICE, undefined, {}, 1000),
  cursor: store.cursor(),
})
