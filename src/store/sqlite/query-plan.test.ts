import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asExecutionId, asTenant } from '../../core/identity.ts'
import type { AnyOf, DocumentQuery, ExecutionFilter } from '../../core/ports/store.ts'
import { encodePosition } from '../document-position.ts'
import { openForWriting } from './database.ts'
import { documentsSql } from './document-reads.ts'
import { eventsSql } from './event-reads.ts'
import { type Condition, plansFor } from './execution-query.ts'
import { migrate } from './migrate.ts'
import { countsOf, endOf, lengthOf, rowsOf } from './walk-sql.ts'

const TENANT = asTenant('t')

describe('every read walks an index', () => {
  let directory: string
  let database: DatabaseSync

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'taskport-plan-'))
    database = openForWriting(directory)
    migrate(database)
  })

  afterAll(() => {
    database.close()
    rmSync(directory, { recursive: true })
  })

  const explain = ({ sql, values }: Condition): readonly string[] =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map((row) => String(row.detail))

  const expectIndexed = (query: Condition, sorts = false): void => {
    const plan = explain(query).filter(
      (detail) => !/^(CO-ROUTINE|CORRELATED SCALAR|SCAN \(subquery|SCAN CONSTANT)/.test(detail),
    )
    expect(
      plan.filter((detail) => detail.startsWith('SCAN')),
      query.sql,
    ).toEqual([])
    if (!sorts)
      expect(
        plan.filter((detail) => detail.includes('TEMP B-TREE')),
        query.sql,
      ).toEqual([])
  }

  it('by any combination of execution filters, in either order, with and without a position to go on from', () => {
    const value = fc.constantFrom<AnyOf>('x', ['x', 'y'], [])
    const filter: fc.Arbitrary<ExecutionFilter> = fc.record(
      {
        states: fc.subarray(['pending', 'running', 'failed', 'lost']),
        active: fc.boolean(),
        task: value,
        face: value,
        key: value,
        node: value,
        trigger: value,
        name: value,
        refs: fc.record({ a: value, c: value }),
        labels: fc.record({ a: value }),
        acceptedFrom: fc.constant(1),
        acceptedUntil: fc.constant(9),
      },
      { requiredKeys: [] },
    )
    const drift = fc.constantFrom(undefined, { lag: -1, lead: 1 })
    const stretch = fc.record({
      ascending: fc.boolean(),
      after: fc.constantFrom(undefined, 'x'),
      until: fc.constantFrom(undefined, 'y'),
    })
    fc.assert(
      fc.property(filter, drift, stretch, (one, drifted, from) => {
        for (const plan of plansFor(TENANT, one, drifted))
          for (const walk of plan)
            for (const query of [
              rowsOf(walk, from, 10),
              countsOf(walk, from),
              endOf(walk, from, 10),
              lengthOf(walk, 10),
            ])
              expectIndexed(query)
      }),
      { numRuns: 500 },
    )
  })

  it('by any combination of document queries; only a key prefix may sort what it found', () => {
    const query: fc.Arbitrary<DocumentQuery> = fc.record(
      {
        limit: fc.constant(10),
        index: fc.constant({ name: 'a', value: 'b' }),
        keyPrefix: fc.constant('x'),
        sortFrom: fc.constant('1'),
        sortUntil: fc.constant('9'),
        after: fc.constant(encodePosition({ sort: '', key: 'x', tenant: 't' })),
        ascending: fc.boolean(),
      },
      { requiredKeys: ['limit'] },
    )
    fc.assert(
      fc.property(query, fc.constantFrom(undefined, TENANT), (one, tenant) =>
        expectIndexed(documentsSql('things', one, tenant), one.keyPrefix !== undefined),
      ),
      { numRuns: 300 },
    )
  })

  it('of events, by position, tenant and execution', () => {
    for (const filter of [{}, { tenant: TENANT }, { tenant: TENANT, execution: asExecutionId('x') }]) {
      const { sql, values } = eventsSql(filter)
      expectIndexed({ sql, values: [...values, 0, 9, 10] })
    }
  })

  it('of single things, and of those due for removal', () => {
    for (const sql of [
      'SELECT 1 FROM executions WHERE id = ?',
      'SELECT 1 FROM executions AS e WHERE e.remove_at <= ? ORDER BY e.remove_at LIMIT 1',
    ])
      expectIndexed({ sql, values: ['1'] })
  })
})
