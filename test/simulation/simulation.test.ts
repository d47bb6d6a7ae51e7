/**
 * The engine against chance: random plans, stops and losses, while the server is killed at random commits — before they
 * are stored, or after they are stored but before anyone knows. The same invariants every time; a failing seed is
 * printed and can be run alone: SEED=123 npx vitest run test/simulation
 */
import { expect, test } from 'vitest'
import type { ExecutionId } from '../../src/core/identity.ts'
import { settled } from '../support/fake-time.ts'
import { checkAlways, checkAtRest } from './invariants.ts'
import { pick, randomRequest, SHARED } from './random-plan.ts'
import { PRINCIPAL, SimulatedWorld, TENANT } from './world.ts'

const SEEDS = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? 2_000) }, (_, i) => i + 1)
const SUBMISSIONS = 6

async function revive(world: SimulatedWorld): Promise<void> {
  if (!world.crashed) return
  await world.kill()
  const rate = world.crashRate
  world.crashRate = 0
  await world.boot()
  world.crashRate = rate
}

/** Submits until it is answered, as a client with an idempotency key does. */
async function submitted(world: SimulatedWorld, key: string): Promise<ExecutionId> {
  const request = randomRequest(world.chance)
  for (;;) {
    try {
      const [result] = await world.engine.submit(PRINCIPAL, [request], { idempotency: { key, fingerprint: key } })
      if (result?.kind === 'accepted') return result.execution.id
      throw new Error('a queueing request was refused')
    } catch (error) {
      if (!world.crashed) throw error
      await revive(world)
    }
  }
}

async function meddle(world: SimulatedWorld, ids: readonly ExecutionId[]): Promise<void> {
  const dice = world.chance.next()
  if (dice < 0.05 && ids.length > 0) await world.engine.stop(TENANT, pick(world.chance, ids)).catch(() => undefined)
  else if (dice < 0.08 && world.programs.running.length > 0)
    world.programs.lose(pick(world.chance, world.programs.running))
  else if (dice < 0.1) world.crashed = true
  else if (dice < 0.12) world.time.set(world.time.now() + pick(world.chance, [-3_600_000, -500, 500, 3_600_000]))
}

async function simulate(seed: number): Promise<void> {
  const world = new SimulatedWorld(seed)
  await world.boot()
  await world.engine.registerTask(TENANT, 'shared', SHARED)
  world.crashRate = pick(world.chance, [0, 0.01, 0.05, 0.2])
  const ids: ExecutionId[] = []
  for (let i = 0; i < SUBMISSIONS; i++) {
    ids.push(await submitted(world, `k${i}`))
    for (let n = Math.floor(world.chance.next() * 4); n > 0; n--) world.time.step()
    await settled()
  }
  let meddling = 2_000
  await world.drain(async () => {
    if (meddling-- < 0) world.crashRate = 0
    else await meddle(world, ids)
    await settled()
    await revive(world)
    checkAlways(world)
  })
  expect(new Set(ids).size, 'one execution per key').toBe(SUBMISSIONS)
  const asked = (await world.all()).filter((e) => e.submission.trigger.kind === 'api')
  expect(asked.length, 'and none besides').toBe(SUBMISSIONS)
  await checkAtRest(world, ids)
}

test(`no accepted task is lost and none runs twice, over ${SEEDS.length} seeds of crashes`, {
  timeout: 600_000,
}, async () => {
  for (const seed of SEEDS) {
    try {
      await simulate(seed)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
