import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyWorld, NOW, type Running, snapshotOf, sum, type World } from '../../test/support/scheduler-world.ts'
import { asTenant } from '../core/identity.ts'
import type { Node } from '../core/node.ts'
import type { Decision, Placement } from './decision.ts'
import { explainShortfalls } from './explain-shortfalls.ts'
import { schedule } from './schedule.ts'
import type { Candidate } from './snapshot.ts'
import { WaitingLines } from './waiting-lines.ts'

const ALL = { decisions: 1_000 }
const decide = (world: World): readonly Decision[] => schedule(snapshotOf(world), NOW, ALL)
const placementsOf = (decisions: readonly Decision[]): readonly Placement[] =>
  decisions.filter((d) => d.kind === 'place')
const candidateIn = (world: World, decision: Decision): Candidate =>
  world.queue.find((c) => c.execution === decision.execution)!

const runningFrom = (candidate: Candidate, placement: Placement): Running => ({
  node: placement.node,
  tenant: candidate.tenant,
  ...candidate.reservation,
  ports: placement.ports.map((p) => `${p.protocol}/${p.hostPort}`),
  keys: candidate.concurrency.map((c) => c.key),
  refs: candidate.refs,
})

/** Why this node must not take the candidate beside what runs, told from the words of the port alone; '' when it may. */
function objection(node: Node, c: Candidate, running: readonly Running[]): string {
  const here = running.filter((r) => r.node === node.id)
  const { capacity } = node
  if (node.state !== 'active') return 'state'
  if (node.tenant !== undefined && node.tenant !== c.tenant) return 'tenant'
  if (c.placement?.node !== undefined && c.placement.node !== node.id) return 'pin'
  if (!c.executors.every((kinds) => kinds.some((k) => node.executors.includes(k)))) return 'executor'
  const { constraint, distinctBy } = c.placement ?? {}
  if (constraint?.op === 'equals' && node.attributes[constraint.attribute] !== constraint.value) return 'constraint'
  if (distinctBy && here.some((r) => r.refs[distinctBy.ref] === distinctBy.value)) return 'distinct'
  if (here.length + 1 > capacity.slots) return 'slots'
  const { cpuUnits, memoryBytes } = c.reservation
  if (cpuUnits > 0 && sum(here.map((r) => r.cpuUnits)) + cpuUnits > capacity.cpuUnits) return 'cpu'
  if (memoryBytes > 0 && sum(here.map((r) => r.memoryBytes)) + memoryBytes > capacity.memoryBytes) return 'memory'
  return portsFit(node, c, here) ? '' : 'ports'
}

function portsFit({ capacity }: Node, c: Candidate, here: readonly Running[]): boolean {
  const taken = new Set([...here.flatMap((r) => r.ports), ...capacity.reservedPorts])
  for (const { hostPort } of c.ports.filter((p) => p.hostPort !== 0)) {
    if (taken.has(`tcp/${hostPort}`)) return false
    taken.add(`tcp/${hostPort}`)
  }
  const [first, last] = capacity.portRange
  const free = Array.from({ length: last - first + 1 }, (_, at) => `tcp/${first + at}`).filter((p) => !taken.has(p))
  return free.length >= c.ports.filter((p) => p.hostPort === 0).length
}

const exhausts = (c: Candidate, running: readonly Running[]): boolean =>
  c.concurrency.some(
    ({ key, limit }) => running.filter((r) => r.tenant === c.tenant && r.keys.includes(key)).length >= limit,
  )

/** The order as it is written down, one candidate at a time, without lines or heaps. Says who is placed and who waits for what. */
function slowly(world: World, placed: ReadonlyMap<string, Placement>): readonly string[] {
  const running = [...world.running]
  const open = world.queue.filter((c) => (c.notBefore ?? 0) <= NOW)
  const said: string[] = []
  while (open.length > 0) {
    const use = (c: Candidate): number => running.filter((r) => r.tenant === c.tenant).length
    open.sort((a, b) => b.priority - a.priority || use(a) - use(b) || a.order - b.order)
    const c = open.shift()!
    const fits = world.nodes.some((node) => objection(node, c, running) === '')
    const placement = placed.get(c.execution)
    if (exhausts(c, running)) said.push(`${c.execution} key`)
    else if (!fits) said.push(`${c.execution} ${c.ifNoRoom === 'refuse' ? 'refuse' : 'room'}`)
    else if (placement === undefined) said.push(`${c.execution} would fit`)
    else {
      said.push(`${c.execution} place`)
      running.push(runningFrom(c, placement))
    }
  }
  return said
}

const outcomeOf = (decision: Decision): string => {
  if (decision.kind !== 'defer') return decision.kind
  return decision.reason.code === 'concurrency_limit' ? 'key' : 'room'
}

describe('a round', () => {
  test('never gives what is not there, and keeps every wish of the candidate', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const running = [...world.running]
        for (const placement of placementsOf(decide(world))) {
          const candidate = candidateIn(world, placement)
          const node = world.nodes.find((n) => n.id === placement.node)!
          expect(objection(node, candidate, running)).toBe('')
          expect(exhausts(candidate, running)).toBe(false)
          expect(candidate.notBefore ?? NOW).toBeLessThanOrEqual(NOW)
          expectPorts(node, candidate, placement, running)
          running.push(runningFrom(candidate, placement))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('decides about everyone exactly as the written order does, one by one', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const decisions = decide(world)
        const timed = decisions.filter((d) => d.kind === 'defer' && d.reason.code === 'not_before')
        const others = decisions.filter((d) => !timed.includes(d))
        const placed = new Map(placementsOf(decisions).map((p) => [p.execution, p]))
        const expected = slowly(world, placed)
        expect(new Set(others.map((d) => `${d.execution} ${outcomeOf(d)}`))).toEqual(new Set(expected))
        expect(placementsOf(decisions).map((p) => `${p.execution} place`)).toEqual(
          expected.filter((line) => line.endsWith('place')),
        )
        expect(timed.length).toBe(world.queue.length - expected.length)
        expect(decisions.length).toBe(world.queue.length)
      }),
      { numRuns: 500 },
    )
  })

  test('is the same for the same seed, however the queue is kept, and a limit cuts off its end', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(20), (world, decisions) => {
        const all = decide(world)
        const kept = new WaitingLines()
        for (const candidate of world.queue.toReversed()) kept.add(candidate)
        expect(schedule(snapshotOf(world, kept), NOW, ALL)).toEqual(all)
        const some = schedule(snapshotOf(world), NOW, { decisions })
        expect(some.length).toBe(Math.min(decisions, all.length))
        const isFinal = (d: Decision): boolean => d.kind !== 'defer'
        expect(some.filter(isFinal)).toEqual(all.filter(isFinal).slice(0, decisions))
      }),
    )
  })

  test('numbers those that wait for the same thing from 1, without gaps, higher priority first', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const waiting = decide(world).filter((d) => d.kind === 'defer' && d.reason.code === 'no_room')
        const positions = waiting.map((d) => (d.kind === 'defer' ? d.position : 0))
        expect(positions).toEqual(waiting.map((_, at) => at + 1))
        const priorities = waiting.map((d) => candidateIn(world, d).priority)
        expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
      }),
    )
  })

  test('explains each node that a waiting candidate may see, and no other', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const candidate of world.queue) {
          const told = explainShortfalls(candidate, snapshotOf(world))
          const wrong = world.nodes.filter((n) => !['', 'tenant'].includes(objection(n, candidate, world.running)))
          const visible = wrong.filter((n) => n.tenant === undefined || n.tenant === candidate.tenant)
          expect(told.map((s) => s.node)).toEqual(visible.map((n) => n.id))
        }
      }),
    )
  })

  test('leaves no tenant more than one behind another that it gave to, where all want the same', () => {
    const shares = fc.record({ tenants: fc.integer({ min: 2, max: 6 }), slots: fc.nat(40), order: fc.nat() })
    fc.assert(
      fc.property(shares, anyWorld, ({ tenants, slots, order }, world) => {
        const node = { ...world.nodes[0]!, state: 'active' as const, capacity: { ...ROOMY, slots } }
        fc.pre(world.nodes.length > 0)
        const queue = demandOf(tenants, order)
        const { tenant: _, ...shared } = node
        const placed = placementsOf(decide({ nodes: [shared], running: [], queue, seed: 1 }))
        expect(placed.length).toBe(Math.min(slots, queue.length))
        const counts = Array.from(
          { length: tenants },
          (_, t) => placed.filter((p) => p.execution.startsWith(`t${t}-`)).length,
        )
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

const ROOMY = { cpuUnits: 1e6, memoryBytes: 1e9, portRange: [30_000, 30_003], reservedPorts: [] } as const

/** Ten from each tenant; the first tenants came first, or in turn. */
function demandOf(tenants: number, order: number): readonly Candidate[] {
  const base: Candidate = {
    execution: '' as Candidate['execution'],
    tenant: asTenant(''),
    priority: 0,
    order: 0,
    reservation: { cpuUnits: 1, memoryBytes: 1 },
    ports: [],
    placement: undefined,
    concurrency: [],
    ifNoRoom: 'queue',
    notBefore: undefined,
    executors: [],
    refs: {},
    waitingSince: NOW,
  }
  return Array.from({ length: tenants * 10 }, (_, at) => {
    const tenant = order % 2 === 0 ? Math.floor(at / 10) : at % tenants
    return {
      ...base,
      execution: `t${tenant}-${at}` as Candidate['execution'],
      tenant: asTenant(`t${tenant}`),
      order: at,
    }
  })
}

function expectPorts(node: Node, candidate: Candidate, placement: Placement, running: readonly Running[]): void {
  const [first, last] = node.capacity.portRange
  const taken = new Set(running.filter((r) => r.node === node.id).flatMap((r) => r.ports))
  expect(placement.ports.map((p) => p.index)).toEqual(candidate.ports.map((p) => p.index))
  for (const [at, { hostPort, protocol }] of placement.ports.entries()) {
    const wanted = candidate.ports[at]!.hostPort
    const key = `${protocol}/${hostPort}`
    expect(wanted === 0 ? hostPort >= first && hostPort <= last : hostPort === wanted).toBe(true)
    expect(taken.has(key) || node.capacity.reservedPorts.includes(key)).toBe(false)
    taken.add(key)
  }
}
