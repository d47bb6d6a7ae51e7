import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Execution, Trigger } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import { EXECUTION_STATES } from '../core/execution-state.ts'
import type { AnyOf, Change, ExecutionFilter, Page, Paged, Store } from '../core/ports/store.ts'
import { MOST_IDS, MOST_VALUES } from '../core/ports/store.ts'
import type { WithStore } from './conformance.ts'
import { ALICE, BOB, idAt, insert, instantAt, lifeTo, moved, sampleExecution, update } from './conformance-samples.ts'
import { matchesExecution } from './execution-match.ts'
import { compareText } from './text-order.ts'

export function executionRules(withStore: WithStore): void {
  describe('executions', () => {
    filters(withStore)
    labels(withStore)
    paging(withStore)
    systemReads(withStore)
  })
}

const word = fc.constantFrom('a', 'b', 'ä', 'label:a', 'key', "o'x", '\u{1f600}', '')
const words = fc.dictionary(fc.constantFrom('x', 'y', '__a'), word, { maxKeys: 2 })
const trigger = fc.constantFrom<Trigger['kind']>('api', 'schedule', 'retry')
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined })

/** Few values, so that filters often match some and not all. Ids stray from acceptance as clocks do when they jump. */
const sample = fc
  .record({
    tenant: fc.constantFrom(ALICE, BOB),
    n: fc.nat(50),
    jump: fc.constantFrom(0, 0, 0, 5_000, -90_000),
    state: fc.constantFrom(...EXECUTION_STATES),
    node: optional(fc.constantFrom('n1', 'n2')),
    task: optional(word),
    name: optional(word),
    key: optional(word),
    face: fc.constantFrom('native', 'ecs'),
    trigger,
    labels: words,
    refs: words,
  })
  .map(
    ({ task, name, key, trigger: kind, n, jump, state, node, tenant, ...submission }) =>
      (salt: number) =>
        sampleExecution({
          tenant,
          n,
          salt,
          state,
          ...(node !== undefined && { node }),
          submission: {
            ...submission,
            acceptedAt: instantAt(n * 1_000 + jump),
            trigger: { kind },
            ...(task !== undefined && { task: { name: task, revision: 1 } }),
            ...(name !== undefined && { name }),
            ...(key !== undefined && { key }),
          },
        }),
  )

const any = (one: fc.Arbitrary<string>): fc.Arbitrary<AnyOf> => fc.oneof(one, fc.array(one, { maxLength: 3 }))
const anyWords = fc.dictionary(fc.constantFrom('x', 'y', '__a'), any(word), { maxKeys: 2 })

const asked = {
  ids: fc
    .array(fc.tuple(fc.nat(50), fc.nat(40)), { maxLength: 40, size: 'max' })
    .map((all) => all.map(([n, salt]) => idAt(n, salt))),
  states: fc.uniqueArray(fc.constantFrom(...EXECUTION_STATES), { maxLength: 4 }),
  active: fc.boolean(),
  task: any(word),
  face: any(fc.constantFrom('native', 'ecs')),
  key: any(word),
  node: any(fc.constantFrom('n1', 'n2')),
  trigger: any(trigger),
  name: any(word),
  refs: anyWords,
  labels: anyWords,
  acceptedFrom: fc.nat(60_000).map(instantAt),
  acceptedUntil: fc.nat(60_000).map(instantAt),
}

/** At most three conditions: more would hardly ever match anything. */
const filter: fc.Arbitrary<ExecutionFilter> = fc
  .tuple(fc.subarray(Object.keys(asked), { maxLength: 3 }), fc.record(asked))
  .map(([kept, values]) => Object.fromEntries(Object.entries(values).filter(([name]) => kept.includes(name))))

function filters(withStore: WithStore): void {
  it(
    'are found and counted by every filter exactly as a look at each of them would, page by page, in either order; no tenant sees another (S5)',
    withStore(async (store) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(sample, { maxLength: 40, size: 'max' }),
          fc.array(filter, { minLength: 1, maxLength: 12, size: 'max' }),
          fc.integer({ min: 1, max: 7 }),
          async (makers, wanted, limit) => {
            await store.system.reset()
            const all = makers.map((make, salt) => make(salt))
            await Promise.all(all.map((e) => store.commit(lifeTo(e))))
            const stored = (await pages(store, ALICE, {}, { limit: 100 })).concat(
              await pages(store, BOB, {}, { limit: 100 }),
            )
            expect(stored.map((e) => e.id).sort()).toEqual(all.map((e) => e.id).sort())
            for (const tenant of [ALICE, BOB])
              for (const one of wanted) {
                const matching = stored.filter((e) => e.tenant === tenant && matchesExecution(e, one))
                expect(await store.countExecutions(tenant, one)).toEqual(countsOf(matching))
                for (const ascending of [true, false]) {
                  const sign = ascending ? 1 : -1
                  const expected = matching.toSorted((a, b) => sign * compareText(a.id, b.id))
                  expect(await pages(store, tenant, one, { limit, ascending })).toEqual(expected)
                }
              }
          },
        ),
        { numRuns: 60 },
      )
    }),
  )

  it(
    'of another tenant are not there: by id, in lists, in counts',
    withStore(async (store) => {
      const hers = sampleExecution({ n: 1, submission: { key: 'k' } })
      await store.commit([insert(hers)])
      expect(await store.execution(BOB, hers.id)).toBeUndefined()
      expect(await store.executions(BOB, { key: 'k' }, { limit: 9 })).toEqual({ items: [] })
      expect((await store.countExecutions(BOB)).pending).toBe(0)
      expect(await store.system.execution(hers.id)).toEqual(hers)
    }),
  )
}

function labels(withStore: WithStore): void {
  it(
    'are, read again and again, never older than what was acknowledged, whatever was read meanwhile (S4)',
    withStore(async (store) => {
      const begun = sampleExecution({ n: 1 })
      await store.commit([insert(begun)])
      const running = moved(moved(begun, 'starting'), 'running')
      const steps = [moved(begun, 'starting'), running, moved(running, 'failed')]
      for (const next of steps) {
        expect((await store.execution(ALICE, next.id))?.version).toBe(next.version - 1)
        const under = store.commit([update(next)])
        await Promise.all([store.execution(ALICE, next.id), under, store.execution(ALICE, next.id)])
        expect(await store.execution(ALICE, next.id)).toEqual(next)
        expect(await store.execution(BOB, next.id)).toBeUndefined()
      }
      const gone = store.commit([{ kind: 'execution.delete', tenant: ALICE, id: begun.id }])
      await Promise.all([store.execution(ALICE, begun.id), gone])
      expect(await store.execution(ALICE, begun.id)).toBeUndefined()
      await store.commit([insert(begun)])
      await store.execution(ALICE, begun.id)
      await store.system.reset()
      expect(await store.execution(ALICE, begun.id)).toBeUndefined()
    }),
  )

  it(
    'change their labels at any time, found by the new ones only, at the version expected, and nothing else of them',
    withStore(async (store) => {
      const begun = sampleExecution({ n: 1, submission: { labels: { a: '1', b: '2' }, refs: { a: '1' } } })
      await store.commit([insert(begun)])
      const relabelled = (e: Execution, labels: Record<string, string>): Execution => ({
        ...e,
        submission: { ...e.submission, labels },
      })
      const ended = relabelled(moved(begun, 'failed'), { a: '2', c: '3' })
      await store.commit([update(ended), { kind: 'execution.labels', execution: ended, expected: ended.version }])
      expect(await store.execution(ALICE, begun.id)).toEqual(ended)
      const after = relabelled({ ...ended, version: 3 }, { c: '4' })
      const change = { kind: 'execution.labels', execution: after, expected: 2 } as const
      await store.commit([{ kind: 'execution.labels', execution: { ...after, tenant: BOB }, expected: 2 }]).then(
        () => expect.unreachable(),
        (error) => expect(error).toMatchObject({ code: 'conflict', facts: { rule: 'version' } }),
      )
      await store.commit([change])
      await expect(store.commit([change])).rejects.toMatchObject({ code: 'conflict', facts: { rule: 'version' } })
      expect(await store.execution(ALICE, begun.id)).toEqual(after)
      const found = async (wanted: Record<string, string>) =>
        (await store.executions(ALICE, { labels: wanted }, { limit: 9 })).items.length
      expect(await Promise.all([{ a: '1' }, { a: '2' }, { b: '2' }, { c: '3' }, { c: '4' }].map(found))).toEqual([
        0, 0, 0, 0, 1,
      ])
      expect((await store.executions(ALICE, { refs: { a: '1' } }, { limit: 9 })).items).toEqual([after])
      await store.commit([{ kind: 'execution.delete', tenant: ALICE, id: begun.id }])
      expect(await found({ c: '4' })).toBe(0)
    }),
  )

  it(
    'are asked for with lists of limited length',
    withStore(async (store) => {
      const values = Array.from({ length: MOST_VALUES + 1 }, (_, i) => String(i))
      const ids = Array.from({ length: MOST_IDS + 1 }, (_, i) => idAt(i))
      for (const wanted of [{ task: values }, { refs: { a: values } }, { ids }] as const) {
        await expect(store.executions(ALICE, wanted, { limit: 1 })).rejects.toMatchObject({ code: 'invalid' })
        await expect(store.countExecutions(ALICE, wanted)).rejects.toMatchObject({ code: 'invalid' })
      }
      const most = { task: values.slice(1), refs: { a: values.slice(1) } }
      expect((await store.executions(ALICE, most, { limit: 1 })).items).toEqual([])
    }),
  )
}

function paging(withStore: WithStore): void {
  it(
    'stay in their place in a list that is paged while others come and go',
    withStore(async (store) => {
      const old = Array.from({ length: 20 }, (_, n) => sampleExecution({ n: 10 * n, state: 'failed' }))
      await Promise.all(old.map((e) => store.commit([insert(e)])))
      const seen: Execution[] = []
      let after: string | undefined
      for (let round = 0; ; round++) {
        const page = await store.executions(ALICE, {}, { limit: 3, ...(after !== undefined && { after }) })
        seen.push(...page.items)
        await store.commit([insert(sampleExecution({ n: 1_000 + round }))])
        const gone: Change = { kind: 'execution.delete', tenant: ALICE, id: page.items[0]!.id }
        await store.commit([gone])
        after = page.next
        if (after === undefined) break
      }
      expect(seen).toEqual([...old].reverse())
    }),
  )

  it(
    'are counted by state without being looked at',
    withStore(async (store) => {
      const executions = Array.from({ length: 30 }, (_, n) =>
        sampleExecution({ n, tenant: n % 2 ? ALICE : BOB, state: EXECUTION_STATES[n % 8]! }),
      )
      await Promise.all(executions.map((e) => store.commit(lifeTo(e))))
      expect(await store.countExecutions(ALICE)).toEqual(countsOf(executions.filter((e) => e.tenant === ALICE)))
      expect(await store.system.counts()).toEqual(countsOf(executions))
    }),
  )
}

function systemReads(withStore: WithStore): void {
  it(
    'that are not final are handed to the engine, oldest first, over all tenants',
    withStore(async (store) => {
      const executions = Array.from({ length: 40 }, (_, n) =>
        sampleExecution({ n, tenant: n % 3 ? ALICE : BOB, state: EXECUTION_STATES[n % 8]! }),
      )
      await Promise.all(executions.map((e) => store.commit(lifeTo(e))))
      const active: string[] = []
      for await (const execution of store.system.activeExecutions()) active.push(execution.id)
      expect(active).toEqual(executions.filter((e) => !isFinal(e)).map((e) => e.id))
    }),
  )

  it(
    'are due for removal from their time on, the longest due first, until they are removed',
    withStore(async (store) => {
      const executions = [30, 10, 20].map((n) => sampleExecution({ n }))
      for (const e of executions)
        await store.commit([insert(e), { ...update(moved(e, 'failed')), removeAt: e.submission.acceptedAt } as Change])
      const refused = sampleExecution({ n: 5, state: 'failed' })
      await store.commit([{ kind: 'execution.insert', execution: refused, removeAt: instantAt(5) }])
      const due = async (n: number, limit = 9) =>
        (await store.system.expiredExecutions(instantAt(n), limit)).map((e) => e.submission.acceptedAt - instantAt(0))
      expect([await due(4), await due(20), await due(99, 2)]).toEqual([[], [5, 10, 20], [5, 10]])
      await store.commit([{ kind: 'execution.delete', tenant: ALICE, id: refused.id }])
      expect(await due(10)).toEqual([10])
    }),
  )

  it(
    'are all gone after a reset, with documents, counters and events',
    withStore(async (store) => {
      const execution = sampleExecution({ n: 1 })
      const document = { kind: 'document.put', tenant: ALICE, collection: 'c', key: 'k', body: 1 } as const
      await store.commit([insert(execution), document, { kind: 'counter.add', tenant: ALICE, name: 'c', by: 3 }])
      const before = store.cursor()
      await store.system.reset()
      expect(await store.execution(ALICE, execution.id)).toBeUndefined()
      expect((await store.documents(ALICE, 'c', { limit: 9 })).items).toEqual([])
      expect(await store.counter(ALICE, 'c')).toBe(0)
      expect((await store.system.counts()).pending).toBe(0)
      await expect(store.events(ALICE, before, {}, 9)).rejects.toMatchObject({ code: 'not_found' })
      await store.commit([insert(execution), document])
      expect(await store.execution(ALICE, execution.id)).toEqual(execution)
    }),
  )
}

const countsOf = (all: readonly Execution[]) =>
  Object.fromEntries(EXECUTION_STATES.map((s) => [s, all.filter((e) => e.status.state === s).length]))

/** Every page of a list, one after the other. */
async function pages(store: Store, tenant: typeof ALICE, wanted: ExecutionFilter, page: Page): Promise<Execution[]> {
  const found: Execution[] = []
  let next: Paged<Execution> = await store.executions(tenant, wanted, page)
  for (;;) {
    expect(next.items.length).toBeLessThanOrEqual(page.limit)
    found.push(...next.items)
    if (next.next === undefined) return found
    next = await store.executions(tenant, wanted, { ...page, after: next.next })
  }
}
