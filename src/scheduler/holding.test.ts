import { describe, expect, test } from 'vitest'
import { candidateOf, capacityOf, NOW, nodeOf, type Running, snapshotOf } from '../../test/support/scheduler-world.ts'
import type { Decision } from './decision.ts'
import { HOLD_AFTER_MS, HOLD_FOR_MS } from './round.ts'
import { schedule } from './schedule.ts'
import type { Candidate } from './snapshot.ts'

const SECOND = 1_000
const quarter = { cpuUnits: 1_024, memoryBytes: 0 }
const whole = { cpuUnits: 4_096, memoryBytes: 0 }

interface Job {
  readonly candidate: Candidate
  readonly lastsMs: number
}
interface Open extends Running {
  readonly endsAt: number
  readonly execution: string
}

/** Plays a queue against nodes, a round a second, until `stop` says so; says when each execution was placed. */
function play(nodes: readonly ReturnType<typeof nodeOf>[], jobs: (at: number) => readonly Job[], untilMs: number) {
  let open: readonly Open[] = []
  const waiting = new Map<string, Job>()
  const placedAt = new Map<string, number>()
  const said = new Map<string, Decision>()
  for (let at = 0; at <= untilMs; at += SECOND) {
    for (const job of jobs(at)) waiting.set(job.candidate.execution, job)
    open = open.filter((o) => o.endsAt > at)
    const world = { nodes, running: open, queue: [...waiting.values()].map((j) => j.candidate), seed: at }
    for (const decision of schedule(snapshotOf(world), NOW + at, { decisions: 1_000 })) {
      said.set(decision.execution, decision)
      if (decision.kind !== 'place') continue
      const { candidate, lastsMs } = waiting.get(decision.execution)!
      waiting.delete(decision.execution)
      placedAt.set(decision.execution, at)
      const taken = { node: decision.node, tenant: candidate.tenant, ...candidate.reservation }
      open = [...open, { ...taken, ports: [], keys: [], refs: {}, endsAt: at + lastsMs, execution: decision.execution }]
    }
  }
  return { placedAt, said }
}

/** A small one every five seconds that lasts 25: one node of four quarters is never empty. */
const smallOnes = (at: number, given: Partial<Candidate> = {}): readonly Job[] =>
  at % 5_000 === 0
    ? [{ candidate: candidateOf(at + 10, { reservation: quarter, waitingSince: NOW + at, ...given }), lastsMs: 25_000 }]
    : []

const bigOne: Job = {
  candidate: candidateOf(5_001, { reservation: whole, waitingSince: NOW + 5_000 }),
  lastsMs: 10_000,
}

describe('room is held', () => {
  test('for a big one, which gets its place a minute and a run after it came, though small ones never cease', () => {
    const { placedAt } = play([nodeOf('n0')], (at) => [...smallOnes(at), ...(at === 5_000 ? [bigOne] : [])], 300_000)
    const bigAt = placedAt.get('e5001')!
    expect(bigAt).toBeGreaterThanOrEqual(5_000 + HOLD_AFTER_MS)
    expect(bigAt).toBeLessThanOrEqual(5_000 + HOLD_AFTER_MS + 26_000)
    const meanwhile = [...placedAt].filter(([, at]) => at > 5_000 && at < 5_000 + HOLD_AFTER_MS)
    expect(meanwhile.length).toBeGreaterThan(5)
    expect([...placedAt.values()].filter((at) => at > bigAt).length).toBeGreaterThan(20)
  })

  test('on one node only: the others go on taking small ones', () => {
    const stream = (at: number): readonly Job[] => [...smallOnes(at), ...(at === 5_000 ? [bigOne] : [])]
    const { placedAt } = play([nodeOf('n0'), nodeOf('n1')], (at) => stream(at), 200_000)
    expect(placedAt.get('e5001')).toBeLessThanOrEqual(5_000 + HOLD_AFTER_MS + 26_000)
    const gaps = [...placedAt.values()].toSorted((a, b) => a - b)
    const longest = Math.max(...gaps.slice(1).map((at, i) => at - gaps[i]!))
    expect(longest).toBeLessThanOrEqual(10_000)
  })

  test('for one at a time among those who could share a node, for each where they could not', () => {
    const nodes = ['n0', 'n1'].map((id) => nodeOf(id))
    const used = { n0: { cpuUnits: 1_000, memoryBytes: 2_000 }, n1: { cpuUnits: 2_000, memoryBytes: 1_000 } }
    const running = nodes.map(({ id }) => ({
      node: id,
      tenant: 'z',
      ...used[id as 'n0' | 'n1'],
      ports: [],
      keys: [],
      refs: {},
    }))
    const starving = (order: number, given: Partial<Candidate>): Candidate =>
      candidateOf(order, {
        reservation: { cpuUnits: 4_000 + order, memoryBytes: 0 },
        waitingSince: NOW - HOLD_AFTER_MS,
        ...given,
      })
    const small = candidateOf(9, { reservation: quarter })
    const told = (...queue: Candidate[]) =>
      schedule(snapshotOf({ nodes, running, queue, seed: 1 }), NOW, { decisions: 9 }).find((d) => d.execution === 'e9')
    const nearN1 = { reservation: { cpuUnits: 0, memoryBytes: 4_096 } }
    expect(told(starving(1, {}), starving(2, nearN1), small)).toMatchObject({ kind: 'place', node: 'n1' })
    const pinned = ['n0', 'n1'].map((node, at) => starving(at, { placement: { node } }))
    expect(told(...pinned, small)).toMatchObject({ kind: 'defer', reason: { code: 'queued' } })
  })

  test('not for ever: what never ends on the node does not idle it, and who is kept out is told why', () => {
    const service: Job = { candidate: candidateOf(1, { reservation: quarter }), lastsMs: Number.POSITIVE_INFINITY }
    const jobs = (at: number): readonly Job[] => {
      if (at === 0) return [service]
      return at === 5_000 ? [bigOne] : at >= 65_000 ? smallOnes(at) : []
    }
    const before = play([nodeOf('n0')], jobs, HOLD_AFTER_MS + 60_000)
    expect(before.placedAt.size).toBe(1)
    const kept = [...before.said.values()].find((d) => d.execution === 'e65010')
    expect(kept).toMatchObject({ kind: 'defer', reason: { code: 'queued' } })
    const after = play([nodeOf('n0')], jobs, HOLD_AFTER_MS + HOLD_FOR_MS + 10_000)
    expect(after.placedAt.size).toBe(4)
  })

  test('not against those who come first: a higher priority takes the room', () => {
    const urgent = (at: number): readonly Job[] => smallOnes(at, { priority: 9 })
    const { placedAt } = play([nodeOf('n0')], (at) => [...urgent(at), ...(at === 5_000 ? [bigOne] : [])], 200_000)
    expect(placedAt.has('e5001')).toBe(false)
  })

  test('nowhere for who could never fit, or lacks what does not come with time', () => {
    const never = candidateOf(1, {
      reservation: { cpuUnits: 9_999, memoryBytes: 0 },
      waitingSince: NOW - HOLD_AFTER_MS,
    })
    const portless = candidateOf(2, {
      ports: [{ step: 0, index: 0, hostPort: 22, protocol: 'tcp' }],
      waitingSince: NOW - HOLD_AFTER_MS,
    })
    const small = candidateOf(3, { reservation: quarter })
    const world = {
      nodes: [nodeOf('n0', { capacity: capacityOf() })],
      running: [],
      queue: [never, portless, small],
      seed: 1,
    }
    const placed = schedule(snapshotOf(world), NOW, { decisions: 9 }).filter((d) => d.kind === 'place')
    expect(placed.map((d) => d.execution)).toEqual(['e3'])
  })
})
