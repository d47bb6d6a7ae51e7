import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Execution, Trigger } from '../core/execution.ts'
import { isFinal } from '../core/execution.ts'
import { EXECUTION_STATES } from '../core/execution-state.ts'
import type { Change, ExecutionFilter, Page, Paged, Store } from '../core/ports/store.ts'
import type { WithStore } from './conformance.ts'
import { ALICE, BOB, insert, instantAt, lifeTo, moved, sampleExecution, update } from './conformance-samples.ts'
import { matchesExecution } from './execution-match.ts'
import { compareText } from './text-order.ts'

export function executionRules(withStore: WithStore): void {
  describe('executions', () => {
    filters(withStore)
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

const asked = {
  states: fc.uniqueArray(fc.constantFrom(...EXECUTION_STATES), { maxLength: 4 }),
  active: fc.boolean(),
  task: word,
  face: fc.constantFrom('native', 'ecs'),
  key: word,
  node: fc.constantFrom('n1', 'n2'),
  trigger,
  name: word,
  refs: words,
  labels: words,
  acceptedFrom: fc.nat(60_000).map(instantAt),
  acceptedUntil: fc.nat(60_000).map(instantAt),
}

/** At most three conditions: more would hardly ever match anything. */
const filter: fc.Arbitrary<ExecutionFilter> = fc
  .tuple(fc.subarray(Object.keys(asked), { maxLength: 3 }), fc.record(asked))
  .map(([kept, values]) => Object.fromEntries(Object.entries(values).filter(([name]) => kept.includes(name))))

function filters(withStore: WithStore): void {
  it(
    'are found by every filter exactly as a look at each of them would, page by page, in either order; no tenant sees another (S5)',
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
              for (const one of wanted)
                for (const ascending of [true, false]) {
                  const sign = ascending ? 1 : -1
                  const expected = stored
                    .filter((e) => e.tenant === tenant && matchesExecution(e, one))
                    .sort((a, b) => sign * compareText(a.id, b.id))
                  expect(await pages(store, tenant, one, { limit, ascending })).toEqual(expected)
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
      const count = (all: readonly Execution[]) =>
        Object.fromEntries(EXECUTION_STATES.map((s) => [s, all.filter((e) => e.status.state === s).length]))
      expect(await store.countExecutions(ALICE)).toEqual(count(executions.filter((e) => e.tenant === ALICE)))
      expect(await store.system.counts()).toEqual(count(executions))
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
