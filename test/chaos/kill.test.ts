import { describe, expect, test } from 'vitest'
import { Chaos } from './chaos.ts'

/** `ROUNDS=100 SEED=… vitest run test/chaos` for the long run; `npm run test:chaos` does that. */
const ROUNDS = Number(process.env.ROUNDS ?? 12)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const MS_PER_ROUND = 15_000
const SHOWN = 20

describe(`kill -9 of server, cells and both at random moments under load (SEED=${SEED})`, () => {
  for (const [sandboxed, rounds] of [
    [false, Math.ceil(ROUNDS / 2)],
    [true, Math.floor(ROUNDS / 2)],
  ] as const)
    test(`${sandboxed ? 'in the sandbox' : 'without sandbox'}: nothing accepted is lost, nothing runs twice, codes and logs are true, nothing stays (${rounds} rounds)`, {
      timeout: 120_000 + rounds * MS_PER_ROUND,
    }, async () => {
      const chaos = new Chaos(SEED + (sandboxed ? 1 : 0), sandboxed)
      await chaos.run(rounds)
      if (process.env.ROUNDS)
        console.info(`${chaos.answered.size} tasks; the slowest start took ${chaos.slowestStartMs} ms`)
      expect(chaos.problems.slice(0, SHOWN), `SEED=${SEED}, ${chaos.problems.length} problems`).toEqual([])
      expect(chaos.answered.size).toBeGreaterThan(rounds)
    })
})
