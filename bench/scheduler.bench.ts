/** What a round of the scheduler costs, in µs: median of batches. Run: `node bench/scheduler.bench.ts`. One process, no I/O. */

import { asTenant } from '../src/core/identity.ts'
import { schedule } from '../src/scheduler/schedule.ts'
import type { Candidate } from '../src/scheduler/snapshot.ts'
import { WaitingLines } from '../src/scheduler/waiting-lines.ts'
import { candidateOf, capacityOf, chanceOf, NOW, nodeOf, snapshotOf } from '../test/support/scheduler-world.ts'

const BATCHES = 15

function measure(name: string, rounds: number, round: () => void): void {
  const times: number[] = []
  for (let batch = 0; batch < BATCHES; batch++) {
    const began = performance.now()
    for (let i = 0; i < rounds; i++) round()
    times.push(((performance.now() - began) * 1_000) / rounds)
  }
  times.sort((a, b) => a - b)
  console.log(`${name.padEnd(64)} ${times[BATCHES >> 1]!.toFixed(1).padStart(9)} µs`)
}

const LARGE = { capacity: capacityOf({ cpuUnits: 1e9, memoryBytes: 1e12, slots: 1e9 }) }
/** Room for little more than what runs: the least that anybody waiting wants does not fit. */
const FULL = { capacity: capacityOf({ cpuUnits: 1_024, slots: 1 }) }
const nodesOf = (count: number, given: Parameters<typeof nodeOf>[1]) =>
  Array.from({ length: count }, (_, at) => nodeOf(`n${at}`, given))

function linesOf(count: number, given: (at: number) => Partial<Candidate> = () => ({})): WaitingLines {
  const lines = new WaitingLines()
  for (let at = 0; at < count; at++) lines.add(candidateOf(at, given(at)))
  return lines
}

const running = (nodes: ReturnType<typeof nodesOf>) =>
  nodes.map(({ id }) => ({ node: id, tenant: 'z', cpuUnits: 1_000, memoryBytes: 0, ports: [], keys: [], refs: {} }))

function round(nodes: ReturnType<typeof nodesOf>, queue: Iterable<Candidate>): () => void {
  const inUse = nodes[0]?.capacity.slots === 1 ? running(nodes) : []
  const snapshot = { ...snapshotOf({ nodes, running: inUse, queue: [], seed: 1 }, queue), chance: chanceOf(1) }
  return () => void schedule(snapshot, NOW, { decisions: 512 })
}

const alone = new WaitingLines()
const newcomer = candidateOf(1)
const placeOne = round(nodesOf(1, LARGE), alone)
measure('one newcomer, empty queue, one node', 5_000, () => {
  alone.add(newcomer)
  placeOne()
  alone.remove(newcomer.execution)
})
measure('512 of 10,000 placed on one node', 30, round(nodesOf(1, LARGE), linesOf(10_000)))
measure('512 of 10,000 placed on 100 nodes', 5, round(nodesOf(100, LARGE), linesOf(10_000)))
measure('10,000 waiting, no room', 100, round(nodesOf(1, FULL), linesOf(10_000)))
measure('10,000 waiting, no room, 100 nodes', 100, round(nodesOf(100, FULL), linesOf(10_000)))
const tenants = linesOf(10_000, (at) => ({ tenant: asTenant(`t${at % 100}`) }))
measure('10,000 waiting of 100 tenants, no room', 50, round(nodesOf(1, FULL), tenants))
const shapes = linesOf(10_000, (at) => ({ reservation: { cpuUnits: 24 + (at % 1_000), memoryBytes: at } }))
measure('10,000 waiting, all of different shape, no room', 3, round(nodesOf(1, FULL), shapes))
measure('10,000 waiting, no room, queue not kept in lines', 3, round(nodesOf(1, FULL), [...linesOf(10_000)]))
