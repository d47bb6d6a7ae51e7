/** Small worlds for the scheduler's tests: nodes with what runs on them, candidates, and chance from a seed. */
import fc from 'fast-check'
import type { Execution } from '../../src/core/execution.ts'
import { asExecutionId, asNodeId, asTenant } from '../../src/core/identity.ts'
import type { Node, NodeCapacity } from '../../src/core/node.ts'
import type { Chance } from '../../src/core/ports/clock.ts'
import type { Candidate, NodeView, Snapshot } from '../../src/scheduler/snapshot.ts'

export const NOW = 1_000_000_000

export interface Running {
  readonly node: string
  readonly tenant: string
  readonly cpuUnits: number
  readonly memoryBytes: number
  readonly ports: readonly string[]
  readonly keys: readonly string[]
  readonly refs: Readonly<Record<string, string>>
}

export interface World {
  readonly nodes: readonly Node[]
  readonly running: readonly Running[]
  readonly queue: readonly Candidate[]
  readonly seed: number
}

export const capacityOf = (given: Partial<NodeCapacity> = {}): NodeCapacity => ({
  cpuUnits: 4_096,
  memoryBytes: 4_096,
  portRange: [30_000, 30_003],
  reservedPorts: ['tcp/22', 'tcp/30001'],
  slots: 8,
  ...given,
})

export const nodeOf = (id: string, given: Partial<Node> = {}): Node => ({
  id: asNodeId(id),
  name: id,
  executors: ['process'],
  capacity: capacityOf(),
  state: 'active',
  attributes: {},
  epoch: 1,
  registeredAt: 0,
  version: 1,
  ...given,
})

export const candidateOf = (order: number, given: Partial<Candidate> = {}): Candidate => ({
  execution: asExecutionId(`e${order}`),
  tenant: asTenant('a'),
  priority: 0,
  order,
  reservation: { cpuUnits: 1_024, memoryBytes: 0 },
  ports: [],
  placement: undefined,
  concurrency: [],
  ifNoRoom: 'queue',
  notBefore: undefined,
  executors: [['process']],
  refs: {},
  waitingSince: NOW,
  ...given,
})

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

export function snapshotOf(world: World, queue: Iterable<Candidate> = world.queue): Snapshot {
  return {
    nodes: world.nodes.map((node) => viewOf(node, world.running)),
    queue,
    concurrencyUse: (tenant, key) => world.running.filter((r) => r.tenant === tenant && r.keys.includes(key)).length,
    tenantUse: (tenant) => world.running.filter((r) => r.tenant === tenant).length,
    chance: chanceOf(world.seed),
  }
}

function viewOf(node: Node, running: readonly Running[]): NodeView {
  const here = running.filter((r) => r.node === node.id)
  return {
    node,
    use: {
      cpuUnits: sum(here.map((r) => r.cpuUnits)),
      memoryBytes: sum(here.map((r) => r.memoryBytes)),
      ports: new Set(here.flatMap((r) => r.ports)),
      allocations: here.length,
    },
    count: (ref, value) => here.filter((r) => r.refs[ref] === value).length,
    values: (ref) => new Set(here.flatMap((r) => r.refs[ref] ?? [])),
  }
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)

const tenants = fc.constantFrom('a', 'b', 'c')
const groups = fc.constantFrom('red', 'blue')
const zones = fc.constantFrom('east', 'west')

const anyNode = fc.record({
  cpu: fc.constantFrom(0, 1_024, 2_048, 4_096),
  memory: fc.constantFrom(0, 1_024, 4_096),
  slots: fc.integer({ min: 0, max: 5 }),
  state: fc.constantFrom('active', 'active', 'active', 'active', 'draining', 'gone'),
  zone: fc.option(zones, { nil: undefined }),
  tenant: fc.option(tenants, { nil: undefined, freq: 3 }),
  executors: fc.constantFrom(['process'], ['process', 'docker'], ['docker']),
})

const anyPlacement = fc.record(
  {
    node: fc.constantFrom('n0', 'n1', 'n9'),
    zone: zones,
    distinct: groups,
    strategies: fc.array(fc.constantFrom('random', 'spread', 'zone', 'cpu', 'memory'), { maxLength: 3 }),
  },
  { requiredKeys: [] },
)

const anyCandidate = fc.record({
  tenant: tenants,
  priority: fc.constantFrom(0, 0, 0, 5),
  cpuUnits: fc.constantFrom(0, 512, 1_024, 3_000),
  memoryBytes: fc.constantFrom(0, 512, 2_048),
  ports: fc.array(fc.constantFrom(0, 0, 22, 80, 8_080, 30_002), { maxLength: 2 }),
  placement: fc.option(anyPlacement, { nil: undefined, freq: 2 }),
  keys: fc.uniqueArray(fc.constantFrom('k', 'l'), { maxLength: 2 }),
  limit: fc.integer({ min: 0, max: 3 }),
  refuses: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  delay: fc.constantFrom(undefined, undefined, undefined, -5, 0, 5),
  executors: fc.constantFrom([], [['process']], [['docker', 'process']], [['docker'], ['process']]),
  group: fc.option(groups, { nil: undefined }),
})

const STRATEGIES = {
  random: { kind: 'random' },
  spread: { kind: 'spread', by: 'node' },
  zone: { kind: 'spread', by: { attribute: 'zone' }, among: { ref: 'group', value: 'red' } },
  cpu: { kind: 'binpack', by: 'cpu' },
  memory: { kind: 'binpack', by: 'memory' },
} as const

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never

function toNode(drawn: Drawn<typeof anyNode>, at: number): Node {
  const capacity = capacityOf({ cpuUnits: drawn.cpu, memoryBytes: drawn.memory, slots: drawn.slots })
  return nodeOf(`n${at}`, {
    capacity,
    state: drawn.state as Node['state'],
    executors: drawn.executors,
    attributes: drawn.zone === undefined ? {} : { zone: drawn.zone },
    ...(drawn.tenant === undefined ? {} : { tenant: asTenant(drawn.tenant) }),
  })
}

function toCandidate(drawn: Drawn<typeof anyCandidate>, order: number): Candidate {
  return candidateOf(order, {
    tenant: asTenant(drawn.tenant),
    priority: drawn.priority,
    reservation: { cpuUnits: drawn.cpuUnits, memoryBytes: drawn.memoryBytes },
    ports: drawn.ports.map((hostPort, index) => ({ step: 0, index, hostPort, protocol: 'tcp' })),
    placement: drawn.placement && toPlacement(drawn.placement),
    concurrency: drawn.keys.map((key) => ({ key, limit: drawn.limit })),
    ifNoRoom: drawn.refuses ? 'refuse' : 'queue',
    notBefore: drawn.delay === undefined ? undefined : NOW + drawn.delay,
    executors: drawn.executors,
    refs: drawn.group === undefined ? {} : { group: drawn.group },
  })
}

function toPlacement({ node, zone, distinct, strategies }: Drawn<typeof anyPlacement>): Candidate['placement'] {
  return {
    ...(node === undefined ? {} : { node }),
    ...(zone === undefined ? {} : { constraint: { op: 'equals', attribute: 'zone', value: zone } }),
    ...(distinct === undefined ? {} : { distinctBy: { ref: 'group', value: distinct } }),
    ...(strategies === undefined
      ? {}
      : { strategies: strategies.map((name) => STRATEGIES[name as keyof typeof STRATEGIES]) }),
  } as Execution['submission']['placement']
}

/** Nobody in it has waited long enough to have room held. */
export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.array(anyNode, { maxLength: 5 }),
    queue: fc.array(anyCandidate, { maxLength: 30 }),
    running: fc.array(
      fc.record({ node: fc.nat(4), tenant: tenants, port: fc.constantFrom(80, 30_000), group: groups }),
      {
        maxLength: 4,
      },
    ),
    seed: fc.nat(),
    shuffle: fc.nat(),
  })
  .map((drawn) => ({
    nodes: drawn.nodes.map(toNode),
    running: drawn.running.map((r) => ({
      node: `n${r.node}`,
      tenant: r.tenant,
      cpuUnits: 256,
      memoryBytes: 128,
      ports: [`tcp/${r.port}`],
      keys: ['k'],
      refs: { group: r.group },
    })),
    queue: shuffled(drawn.queue.map(toCandidate), drawn.shuffle),
    seed: drawn.seed,
  }))

function shuffled<Item>(items: readonly Item[], seed: number): readonly Item[] {
  const chance = chanceOf(seed)
  return items
    .map((item) => ({ item, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
