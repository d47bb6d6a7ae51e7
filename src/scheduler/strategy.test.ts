import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { candidateOf, capacityOf, NOW, nodeOf, type Running, snapshotOf } from '../../test/support/scheduler-world.ts'
import type { Strategy } from '../core/placement.ts'
import { schedule } from './schedule.ts'

const filled = (node: string, cpuUnits: number, group = 'none'): Running => ({
  node,
  tenant: 'z',
  cpuUnits,
  memoryBytes: 0,
  ports: [],
  keys: [],
  refs: { group },
})

/** How many of `count` equal candidates went to each node. */
function place(
  count: number,
  strategies: readonly Strategy[],
  nodes: readonly ReturnType<typeof nodeOf>[],
  seed = 1,
  running: readonly Running[] = [],
) {
  const queue = Array.from({ length: count }, (_, order) =>
    candidateOf(order, {
      placement: { strategies },
      reservation: { cpuUnits: 100, memoryBytes: 0 },
      refs: { group: 'red' },
    }),
  )
  const decisions = schedule(snapshotOf({ nodes, running, queue, seed }), NOW, { decisions: count })
  const counts = Object.fromEntries(nodes.map((n) => [n.id as string, 0]))
  for (const d of decisions) if (d.kind === 'place') counts[d.node]! += 1
  return counts
}

const wide = capacityOf({ cpuUnits: 1_000, slots: 1_000 })
const nodesOf = (...zones: string[]) =>
  zones.map((zone, at) => nodeOf(`n${at}`, { capacity: wide, attributes: zone === '' ? {} : { zone } }))

describe('strategies', () => {
  test('binpack fills the node with least left before it touches the next', () => {
    const loads = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 30 }), fc.nat(), (load, count, seed) => {
        const nodes = nodesOf(...load.map(() => ''))
        const running = load.map((tenths, at) => filled(`n${at}`, tenths * 100))
        const counts = place(count, [{ kind: 'binpack', by: 'cpu' }], nodes, seed, running)
        const partlyFilled = load.filter((tenths, at) => counts[`n${at}`]! > 0 && counts[`n${at}`]! < 10 - tenths)
        expect(partlyFilled.length).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('binpack looks at the resource it was given, not at the number that run', () => {
    const load = (node: string, cpuUnits: number, memoryBytes: number): Running => ({
      ...filled(node, cpuUnits),
      memoryBytes,
    })
    const running = [load('n0', 800, 0), load('n1', 0, 800), load('n2', 1, 1), load('n2', 1, 1)]
    const nodes = nodesOf('', '', '')
    expect(place(1, [{ kind: 'binpack', by: 'cpu' }], nodes, 1, running).n0).toBe(1)
    expect(place(1, [{ kind: 'binpack', by: 'memory' }], nodes, 1, running).n1).toBe(1)
  })

  test('spread over nodes leaves no node more than one ahead of another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(20), fc.nat(), (size, count, seed) => {
        const values = Object.values(
          place(count, [{ kind: 'spread', by: 'node' }], nodesOf(...Array(size).fill('')), seed),
        )
        expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('spread by an attribute balances its values, not the nodes; nodes without it come last', () => {
    const strategies: Strategy[] = [
      { kind: 'spread', by: { attribute: 'zone' }, among: { ref: 'group', value: 'red' } },
      { kind: 'spread', by: 'node' },
    ]
    const nodes = nodesOf('east', 'east', 'east', 'west', '')
    expect(place(12, strategies, nodes, 3)).toEqual({ n0: 2, n1: 2, n2: 2, n3: 6, n4: 0 })
    const red = [filled('n3', 0, 'red'), filled('n3', 0, 'red'), filled('n3', 0, 'blue')]
    expect(place(4, strategies, nodes, 3, red).n3).toBe(1)
  })

  test('a later strategy decides only among those that the earlier ones find equal', () => {
    const strategies: Strategy[] = [
      { kind: 'spread', by: { attribute: 'zone' } },
      { kind: 'binpack', by: 'cpu' },
    ]
    const running = [filled('n1', 500)]
    expect(place(3, strategies, nodesOf('east', 'east', 'west', 'west'), 5, running).n1).toBe(1)
  })

  test('random, the default, reaches every node about equally often', () => {
    const counts = Object.values(place(40, [], nodesOf('', '', '', ''), 11).valueOf())
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(4)
    expect(place(40, [{ kind: 'random' }], nodesOf('', '', '', ''), 11)).toEqual(
      place(40, [], nodesOf('', '', '', ''), 11),
    )
  })
})
