import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Tenant } from '../core/identity.ts'
import type { Document, DocumentPut, DocumentQuery, Paged, Store } from '../core/ports/store.ts'
import { sortOfNumber } from '../core/ports/store.ts'
import type { WithStore } from './conformance.ts'
import { ALICE, BOB, put } from './conformance-samples.ts'
import { compareText } from './text-order.ts'

export function documentRules(withStore: WithStore): void {
  describe('documents and counters', () => {
    versions(withStore)
    numbers(withStore)
    queries(withStore)
  })
}

function versions(withStore: WithStore): void {
  it(
    'are put and removed only at the version expected',
    withStore(async (store) => {
      const conflict = { code: 'conflict', facts: { subject: 'document', id: 'a', rule: 'version' } }
      const remove = { kind: 'document.delete', tenant: ALICE, collection: 'things', key: 'a' } as const
      await expect(store.commit([put(ALICE, 'a', { expected: 1 })])).rejects.toMatchObject(conflict)
      await store.commit([put(ALICE, 'a', { expected: 0, body: { v: 1 } })])
      await expect(store.commit([put(ALICE, 'a', { expected: 0 })])).rejects.toMatchObject(conflict)
      await store.commit([put(ALICE, 'a', { expected: 1, body: { v: 2 }, sort: 's' })])
      await store.commit([put(ALICE, 'a', { body: { v: 3 } })])
      expect(await store.document(ALICE, 'things', 'a')).toEqual({
        tenant: ALICE,
        collection: 'things',
        key: 'a',
        body: { v: 3 },
        version: 3,
        sort: '',
      })
      await expect(store.commit([{ ...remove, expected: 2 }])).rejects.toMatchObject(conflict)
      await store.commit([{ ...remove, expected: 3 }])
      await expect(store.commit([{ ...remove, expected: 3 }])).rejects.toMatchObject(conflict)
      await store.commit([remove])
      expect(await store.document(ALICE, 'things', 'a')).toBeUndefined()
    }),
  )

  it(
    'come back as the JSON they were, and as copies',
    withStore(async (store) => {
      const bodies = ['text', 0, null, [1, [2]], { a: '\u0000\ud83d\ude00"\\', b: { c: [] } }, { left: undefined }]
      for (const [i, body] of bodies.entries()) await store.commit([put(ALICE, `k${i}`, { body })])
      const { items } = await store.documents(ALICE, 'things', { limit: 99 })
      expect(items.map((d) => d.body)).toEqual(bodies.map((body) => JSON.parse(JSON.stringify(body))))
    }),
  )
}

function numbers(withStore: WithStore): void {
  it(
    'take numbers without gaps or twins, also when some of the commits that take them fail',
    withStore(async (store) => {
      const take = (key: string, more: Partial<DocumentPut> = {}) =>
        put(ALICE, key, { body: { key, n: 'old' }, assign: [{ field: 'n', counter: 'numbers' }], ...more })
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, i) =>
          store.commit([take(`a${i}`), ...(i % 4 === 0 ? [put(ALICE, 'none', { expected: 9 })] : []), take(`b${i}`)]),
        ),
      )
      const assigned = outcomes.flatMap((o) => (o.status === 'fulfilled' ? o.value.assigned : []))
      expect(assigned).toEqual(Array.from({ length: 90 }, (_, i) => i + 1))
      const { items } = await store.documents<{ n: number }>(ALICE, 'things', { limit: 200 })
      expect(items.map((d) => d.body.n).sort((a, b) => a - b)).toEqual(assigned)
      expect(await store.counter(ALICE, 'numbers')).toBe(90)
      expect(await store.counter(BOB, 'numbers')).toBe(0)
      await store.commit([take('c', { body: {} })])
      expect(await store.document(ALICE, 'things', 'c')).toMatchObject({ body: { n: 91 } })
    }),
  )

  it(
    'are found and ordered by the numbers they took',
    withStore(async (store) => {
      const assign = [
        { field: 'n', counter: 'n', index: 'n', sort: true },
        { field: 'm', counter: 'm', index: 'm' },
      ]
      for (let i = 1; i <= 12; i++)
        await store.commit([
          put(ALICE, `k${20 - i}`, { body: {}, assign, ...(i % 2 && { indexes: { odd: 'y', n: 'x' } }) }),
        ])
      const { items } = await store.documents<{ n: number }>(ALICE, 'things', { limit: 99 })
      expect(items.map((d) => d.body.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
      const by = async (name: string, value: string) =>
        (await store.documents<{ n: number }>(ALICE, 'things', { limit: 99, index: { name, value } })).items
      expect((await by('n', '11')).map((d) => d.key)).toEqual(['k9'])
      expect((await by('m', '2')).map((d) => d.body)).toEqual([{ n: 2, m: 2 }])
      expect((await by('odd', 'y')).map((d) => d.body.n)).toEqual([1, 3, 5, 7, 9, 11])
      expect(await by('n', 'x')).toEqual([])
      const from = await store.documents<{ n: number }>(ALICE, 'things', { limit: 99, sortFrom: sortOfNumber(10) })
      expect(from.items.map((d) => d.body.n)).toEqual([10, 11, 12])
    }),
  )

  it(
    'counters add up, downwards as well',
    withStore(async (store) => {
      const add = (by: number) => store.commit([{ kind: 'counter.add', tenant: ALICE, name: 'x', by }])
      await Promise.all([5, -7, 100, -3].map(add))
      expect(await store.counter(ALICE, 'x')).toBe(95)
    }),
  )
}

const key = fc.constantFrom('a', 'aa', 'ab', 'b', 'ä', '\u{1f600}', '\ufffd', 'a:1', 'a%', "a'")
const text = fc.constantFrom('', '1', '1', '10', '2', '\ue000', '\u{10000}')
const document = fc.record({
  tenant: fc.constantFrom(ALICE, BOB),
  key,
  sort: text,
  indexes: fc.constantFrom<Record<string, string>>({}, { i: '1' }, { i: '1' }, { i: '2', j: '1' }, { j: '2' }),
  remove: fc.constantFrom(false, false, false, true),
})
const query: fc.Arbitrary<Omit<DocumentQuery, 'limit'>> = fc.record(
  {
    index: fc.constantFrom({ name: 'i', value: '1' }, { name: 'i', value: '2' }, { name: 'j', value: '1' }),
    keyPrefix: fc.constantFrom('a', 'a:', '', 'z', '\u{1f600}'),
    sortFrom: text,
    sortUntil: text,
    ascending: fc.boolean(),
  },
  { requiredKeys: [] },
)

function queries(withStore: WithStore): void {
  it(
    'are found by index, prefix and range exactly as a look at each would, page by page; indexes follow every change; no tenant sees another (S5)',
    withStore(async (store) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(document, { maxLength: 40, size: 'max' }),
          fc.array(query, { minLength: 1, maxLength: 8, size: 'max' }),
          fc.integer({ min: 1, max: 5 }),
          async (history, wanted, limit) => {
            await store.system.reset()
            const model = await replay(store, history)
            for (const one of wanted) {
              const fits = (d: Stored) => matches(d, one)
              const sign = one.ascending === false ? -1 : 1
              const expected = [...model.values()].filter(fits).sort((a, b) => sign * order(a, b))
              const told = (all: readonly Document[]) => all.map((d) => [d.tenant, d.key, d.sort, d.version])
              for (const tenant of [ALICE, BOB])
                expect(told(await pages(store, { ...one, limit }, tenant))).toEqual(
                  told(expected.filter((d) => d.tenant === tenant)),
                )
              expect(told(await pages(store, { ...one, limit }))).toEqual(told(expected))
            }
          },
        ),
        { numRuns: 40 },
      )
    }),
  )

  it(
    'a page cannot be continued from a text that no page ended with',
    withStore(async (store) => {
      await expect(store.documents(ALICE, 'things', { limit: 1, after: 'x' })).rejects.toMatchObject({
        code: 'invalid',
        facts: { field: 'after' },
      })
    }),
  )
}

interface Stored extends Document {
  readonly indexes: Readonly<Record<string, string>>
}

/** Applies a history of puts and removals to the store and to a map. */
async function replay(store: Store, history: readonly (typeof document extends fc.Arbitrary<infer D> ? D : never)[]) {
  const model = new Map<string, Stored>()
  const commits = history.map(({ tenant, key, sort, indexes, remove }) => {
    const id = JSON.stringify([tenant, key])
    const version = (model.get(id)?.version ?? 0) + 1
    if (remove) model.delete(id)
    else model.set(id, { tenant, collection: 'things', key, sort, indexes, version, body: { key } })
    return store.commit([
      remove ? { kind: 'document.delete', tenant, collection: 'things', key } : put(tenant, key, { sort, indexes }),
    ])
  })
  await Promise.all(commits)
  return model
}

const matches = (d: Stored, { index, keyPrefix, sortFrom, sortUntil }: Omit<DocumentQuery, 'limit'>): boolean =>
  (index === undefined || d.indexes[index.name] === index.value) &&
  (keyPrefix === undefined || d.key.startsWith(keyPrefix)) &&
  (sortFrom === undefined || compareText(d.sort, sortFrom) >= 0) &&
  (sortUntil === undefined || compareText(d.sort, sortUntil) < 0)

const order = (a: Document, b: Document): number =>
  compareText(a.sort, b.sort) || compareText(a.key, b.key) || compareText(a.tenant, b.tenant)

async function pages(store: Store, wanted: DocumentQuery, tenant?: Tenant): Promise<readonly Document[]> {
  const found: Document[] = []
  for (let after: string | undefined; ; ) {
    const one = { ...wanted, ...(after !== undefined && { after }) }
    const page: Paged<Document> = await (tenant === undefined
      ? store.system.documents('things', one)
      : store.documents(tenant, 'things', one))
    found.push(...page.items)
    after = page.next
    if (after === undefined) return found
  }
}
