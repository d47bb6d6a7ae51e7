import { expect } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import type { Execution } from '../../src/core/execution.ts'
import { isFinal, isFinalState, stepsOf } from '../../src/core/execution.ts'
import { attemptIdOf } from '../../src/core/identity.ts'
import type { SimulatedWorld } from './world.ts'
import { TENANT } from './world.ts'

/** Holds at every moment. */
export function checkAlways(world: SimulatedWorld): void {
  const { ledger, nodes } = world.running.context
  for (const node of nodes.all()) {
    const use = ledger.use(node.id)
    expect(use.cpuUnits, 'CPU is never promised twice').toBeLessThanOrEqual(node.capacity.cpuUnits)
    expect(use.memoryBytes, 'memory is never promised twice').toBeLessThanOrEqual(node.capacity.memoryBytes)
    expect(use.allocations, 'slots are kept').toBeLessThanOrEqual(node.capacity.slots)
  }
  expect(ledger.concurrencyUse(TENANT, 'one'), 'a concurrency limit is kept').toBeLessThanOrEqual(1)
}

/** Holds once the world has come to rest. */
export async function checkAtRest(world: SimulatedWorld, accepted: readonly string[]): Promise<void> {
  const all = new Map((await world.all()).map((e) => [e.id as string, e]))
  for (const id of accepted) expect(all.has(id), `accepted ${id} is not lost`).toBe(true)
  for (const e of all.values()) checkEnded(world, e)
  expect(new Set(world.programs.begun).size, 'no attempt begins twice').toBe(world.programs.begun.length)
  expect(world.programs.running, 'nothing runs on').toEqual([])
  expect([...world.programs.openAllocations], 'no place stays open').toEqual([])
  for (const node of world.running.context.nodes.all())
    expect(world.running.context.ledger.use(node.id).allocations).toBe(0)
  await checkHistory(world, all)
}

function checkEnded(world: SimulatedWorld, e: Execution): void {
  expect(isFinal(e), `${e.id} ended: ${e.status.state} ${JSON.stringify(e.status.reason)}`).toBe(true)
  expect(e.status.allocation === undefined || e.status.allocation.state === 'closed', 'its place is closed').toBe(true)
  if (e.status.state !== 'succeeded') expect(e.status.reason, `${e.id} says why it is ${e.status.state}`).toBeDefined()
  for (const [ordinal, step] of e.status.steps.entries()) {
    const spec = stepsOf(e)[ordinal]!
    for (const attempt of step.attempts) {
      const seen = world.programs.inspect(attemptIdOf(e.id, ordinal, attempt.number))
      if (seen.as === 'exited' && attempt.exit && attempt.startedAt !== undefined)
        expect(attempt.exit, 'the exit is the true one').toEqual(seen.exit)
    }
    const epochs = new Set(step.attempts.map((a) => a.epoch)).size
    if (!spec.retry) expect(step.attempts.length, 'no second try without a policy').toBeLessThanOrEqual(epochs)
  }
}

async function checkHistory(world: SimulatedWorld, all: ReadonlyMap<string, Execution>): Promise<void> {
  const events: Event[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await world.store.events(TENANT, cursor, {}, 500)
    events.push(...page.events)
    cursor = page.cursor
    if (page.events.length === 0) break
  }
  const last = new Map<string, string>()
  let before = 0
  for (const { position, execution, transition } of events) {
    expect(position, 'positions rise').toBeGreaterThan(before)
    before = position
    if (transition.kind !== 'execution.state') continue
    const known = last.get(execution)
    expect(known === undefined || !isFinalState(known as never), 'nothing follows the end').toBe(true)
    expect(transition.from, 'history has no gap').toBe(known)
    last.set(execution, transition.to)
  }
  for (const e of all.values()) expect(last.get(e.id), 'the last event is the state').toBe(e.status.state)
}
