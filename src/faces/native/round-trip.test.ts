/** What comes in one unit or spelling goes out in words that mean the same. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryOf } from '../../../test/support/schema-arbitrary.ts'
import { durationText, sizeText } from '../../core/quantity-text.ts'
import type { TaskSpec } from '../../core/task.ts'
import { ProblemError } from './errors.ts'
import { parseTaskDefinition } from './parse.ts'
import { presentDefinition } from './present-plan.ts'
import { durationMs, microsText, sizeBytes, timeText } from './units.ts'
import { checkOf } from './validate.ts'
import { Step, stepFields } from './wire/step.ts'
import { TaskDefinition } from './wire/submission.ts'

describe('units', () => {
  test('a duration written is the duration read', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 50 }), (ms) => void expect(durationMs(durationText(ms))).toBe(ms)))
    expect(['1h30m', '1.5s', '500ms', '2d', '0s'].map(durationMs)).toEqual([5_400_000, 1_500, 500, 172_800_000, 0])
    expect(['', '5', 's', '5 s', '-5s', '5S', '1e3s'].map(durationMs)).toEqual(Array(7).fill(undefined))
  })

  test('a size written is the size read', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 50 }), (bytes) => void expect(sizeBytes(sizeText(bytes))).toBe(bytes)))
    expect(['64M', '64MiB', '64Mi', '1.5K', '7B'].map(sizeBytes)).toEqual([2 ** 26, 2 ** 26, 2 ** 26, 1_536, 7])
    expect(['64', 'M', '-1M', '64X', '9999999T'].map(sizeBytes)).toEqual(Array(5).fill(undefined))
  })

  test('times are written as Date writes them', () => {
    const instants = fc.integer({ min: 0, max: 4_102_444_800_000 })
    fc.assert(fc.property(instants, (at) => void expect(timeText(at)).toBe(new Date(at).toISOString())))
    fc.assert(
      fc.property(instants, fc.nat({ max: 999 }), (at, micros) => {
        const millis = new Date(at).toISOString().slice(0, -1)
        expect(microsText(at * 1_000 + micros)).toBe(`${millis}${String(micros).padStart(3, '0')}Z`)
      }),
    )
  })
})

describe('a task definition', () => {
  const check = checkOf(TaskDefinition)
  const shown = (spec: TaskSpec) => JSON.parse(JSON.stringify(presentDefinition(spec))) as TaskDefinition
  const specOf = (wire: TaskDefinition): TaskSpec | undefined => {
    try {
      return parseTaskDefinition(wire)
    } catch (error) {
      if (error instanceof ProblemError || (error as { code?: string }).code === 'invalid') return undefined
      throw error
    }
  }

  /** What the schema cannot say: absolute paths, units above nothing, values where an operator needs them. */
  const sound = (key: string, value: unknown): unknown => {
    if (key === 'workdir' || key === 'target') return `/${String(value)}`
    if (key === 'mounts') return (value as object[]).map((mount) => ({ source: 'x', ...mount }))
    if (key === 'source') return '/somewhere'
    // `0.d` names an output, and is no duration.
    if (key === 'output') return value
    if (key === 'constraints') return (value as object[]).map((c) => ({ value: 'v', values: ['v'], ...c }))
    if (typeof value === 'string' && /^[\d.]+(?:ms|s|m|h|d)$/.test(value)) return '90s'
    if (typeof value === 'string' && durationMs(value) !== undefined) return '1h30m'
    if (typeof value === 'string' && /^\d+(?:\.\d+)?[BKMGT]i?B?$/.test(value)) return '64M'
    return value
  }

  /** Either one command with a step's fields beside it, or a chain of steps. */
  const definitions = fc
    .tuple(arbitraryOf(TaskDefinition), arbitraryOf(Step), fc.boolean())
    .map(([wire, one, single]) => {
      const whole = wire as TaskDefinition
      const ownFields = Object.keys(stepFields)
      const rest = Object.entries(whole).filter(([key]) => single || !ownFields.includes(key))
      const { steps: _steps, command: _command, ...shared } = Object.fromEntries(rest) as TaskDefinition
      const { await: _await, run: _run, needs: _needs, group: _group, ...fields } = one as Step
      const chain = [
        { ...fields, name: 'a', run: ['x'], essential: true },
        { name: 'b', await: { key: 'k', task: 't' }, needs: ['a'] },
      ]
      const made = single ? { ...shared, command: ['x'] } : { ...shared, steps: chain }
      return JSON.parse(JSON.stringify(made, sound)) as TaskDefinition
    })

  test('is shown in words that validate and define the very same task', () => {
    let whole = 0
    fc.assert(
      fc.property(definitions, (wire) => {
        const spec = specOf(wire)
        if (!spec) return
        whole++
        const again = shown(spec)
        check(again)
        expect(specOf(again)).toEqual(spec)
      }),
      { numRuns: 300 },
    )
    expect(whole).toBeGreaterThan(200)
  })
})
