import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { settled } from '../../test/support/fake-time.ts'
import { type AttemptId, asTenant, attemptIdOf, type ExecutionId } from '../core/identity.ts'
import type { ExecutionLine } from './engine.ts'

const STEPS = ['a', 'b', 'c'] as const

/** Three steps at once, which end when they are stopped. */
async function begun(): Promise<{ w: EngineWorld; id: ExecutionId }> {
  const w = new EngineWorld()
  await w.boot()
  const steps = STEPS.map((name) => ({ ...planOf('hang').steps[0]!, name }))
  const [result] = await w.engine.submit(PRINCIPAL, [{ plan: { steps }, face: 'native' }])
  if (result?.kind !== 'accepted') throw new Error('not accepted')
  await settled()
  return { w, id: result.execution.id }
}

/** A line of one of the steps, some time after the line before. */
const written = fc.array(fc.record({ step: fc.nat(2), afterMs: fc.constantFrom(0, 0, 1, 50) }), { maxLength: 60 })

const textOf = ({ step, line }: ExecutionLine): string => `${step} ${Buffer.from(line.bytes).toString()}`

async function write(w: EngineWorld, id: ExecutionId, lines: readonly { step: number; afterMs: number }[], first = 0) {
  const expected: { text: string; at: number }[] = []
  for (const [i, { step, afterMs }] of lines.entries()) {
    await w.time.advance(afterMs)
    await w.context.logs.note(TENANT, attemptIdOf(id, step, 1) as AttemptId, String(first + i))
    expected.push({ text: `${STEPS[step]} ${first + i}`, at: w.time.now() * 1_000 })
  }
  return expected
}

/** Lines of one instant may come in any order among the attempts. */
const sameTimes = (lines: readonly ExecutionLine[], expected: readonly { text: string; at: number }[]): void => {
  expect(lines.map((l) => l.line.at)).toEqual(expected.map((e) => e.at))
  expect(lines.map(textOf).sort()).toEqual(expected.map((e) => e.text).sort())
  for (const step of STEPS) {
    const of = (all: readonly string[]) => all.filter((text) => text.startsWith(step))
    expect(of(lines.map(textOf))).toEqual(of(expected.map((e) => e.text)))
  }
}

describe('the log of an execution', () => {
  test('is all lines of all steps in order of time, in pages of any size, forwards and backwards', async () => {
    await fc.assert(
      fc.asyncProperty(written, fc.integer({ min: 1, max: 25 }), async (lines, limit) => {
        const { w, id } = await begun()
        const expected = await write(w, id, lines)
        const forwards: ExecutionLine[] = []
        let after: string | undefined
        for (;;) {
          const page = await w.engine.executionLog(TENANT, id, { limit, ...(after !== undefined && { after }) })
          forwards.push(...page.lines)
          after = page.after
          expect(page.lines.length).toBeLessThanOrEqual(limit)
          if (page.lines.length === 0) break
        }
        sameTimes(forwards, expected)
        const backwards: ExecutionLine[] = []
        let before: string | undefined
        for (;;) {
          const query = before === undefined ? { backwards: true } : { before }
          const page = await w.engine.executionLog(TENANT, id, { limit, ...query })
          backwards.unshift(...page.lines)
          before = page.before
          if (page.end) break
          const again = await w.engine.executionLog(TENANT, id, { limit, after: page.before })
          expect(again.lines.map(textOf).sort()).toEqual(page.lines.map(textOf).sort())
        }
        sameTimes(backwards, expected)
      }),
      { numRuns: 40 },
    )
  })

  test('is cut by time and by steps, and goes on where it was left, also with what came since', async () => {
    const { w, id } = await begun()
    const begin = w.time.now()
    const each = [0, 1, 2, 0, 1, 2].map((step) => ({ step, afterMs: 10 }))
    await write(w, id, each)
    const at = (ms: number): number => (begin + ms) * 1_000
    const texts = async (query: object) =>
      (await w.engine.executionLog(TENANT, id, { limit: 100, ...query })).lines.map(textOf)
    expect(await texts({ since: at(20), until: at(50) })).toEqual(['b 1', 'c 2', 'a 3'])
    expect(await texts({ since: at(20), until: at(50), backwards: true })).toEqual(['b 1', 'c 2', 'a 3'])
    expect(await texts({ backwards: true, until: at(35), limit: 2 })).toEqual(['b 1', 'c 2'])
    expect(await texts({ steps: ['b'] })).toEqual(['b 1', 'b 4'])
    const page = await w.engine.executionLog(TENANT, id, { limit: 2, since: at(30) })
    expect(page.lines.map(textOf)).toEqual(['c 2', 'a 3'])
    await write(w, id, [{ step: 0, afterMs: 5 }], 6)
    expect(await texts({ after: page.after })).toEqual(['b 4', 'c 5', 'a 6'])
  })

  test('is followed over all steps, line by line once, and ends with the execution; a place taken on the way is good later', async () => {
    await fc.assert(
      fc.asyncProperty(written, written, async (early, late) => {
        const { w, id } = await begun()
        const before = await write(w, id, early)
        const seen: string[] = []
        let place: string | undefined
        let atPlace = 0
        const following = (async () => {
          for await (const batch of w.engine.followExecutionLog(TENANT, id, {}, new AbortController().signal)) {
            seen.push(...batch.lines.map(textOf))
            if (seen.length > 20 && place === undefined) [place, atPlace] = [batch.after, seen.length]
          }
        })()
        await settled()
        const after = await write(w, id, late, early.length)
        await settled()
        await w.engine.stop(TENANT, id, { graceMs: 0 })
        await w.time.advance(60_000)
        await following
        const all = [...before, ...after].map((e) => e.text)
        expect(seen.toSorted()).toEqual(all.toSorted())
        for (const step of STEPS) {
          const of = (lines: readonly string[]) => lines.filter((text) => text.startsWith(step))
          expect(of(seen)).toEqual(of(all))
        }
        if (place === undefined) return
        const rest: string[] = []
        for await (const { lines } of w.engine.followExecutionLog(
          TENANT,
          id,
          { after: place },
          new AbortController().signal,
        ))
          rest.push(...lines.map(textOf))
        expect(rest.toSorted()).toEqual(seen.slice(atPlace).toSorted())
      }),
      { numRuns: 25 },
    )
  })

  test('of a stranger, and from a place of another execution, is refused; a follower that leaves is let go', async () => {
    const { w, id } = await begun()
    const other = await w.engine.submit(PRINCIPAL, [{ plan: planOf('hang'), face: 'native' }])
    const page = await w.engine.executionLog(TENANT, id, { limit: 1 })
    if (other[0]?.kind !== 'accepted') throw new Error('not accepted')
    const wrong = w.engine.executionLog(TENANT, other[0].execution.id, { limit: 1, after: page.after })
    await expect(wrong).rejects.toMatchObject({ code: 'invalid', facts: { field: 'after' } })
    await expect(w.engine.executionLog(asTenant('x'), id, { limit: 1 })).rejects.toMatchObject({ code: 'not_found' })
    const leave = new AbortController()
    const following = (async () => {
      for await (const _ of w.engine.followExecutionLog(TENANT, id, {}, leave.signal)) expect.unreachable()
    })()
    await settled()
    leave.abort()
    await following
  })
})
