import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AttemptId } from '../../../core/identity.ts'
import type { Sight } from '../../../core/ports/executor.ts'
import { monotonicMs } from './reactor.ts'
import { Sightings } from './sightings.ts'

const STARTED: Sight = { kind: 'started', handle: '1' }
const EXITED: Sight = { kind: 'exited', exit: { outcome: 'exited', code: 0 } }
const one = 'one' as AttemptId
const two = 'two' as AttemptId

const told = (sightings: Sightings): readonly string[] =>
  sightings.takeFresh().map(({ attempt, kind }) => `${attempt} ${kind}`)

// The clock stands still but for what a test lets pass: on a busy machine a moment is soon over.
beforeEach(() => void vi.useFakeTimers({ toFake: ['hrtime', 'performance'] }))
afterEach(() => void vi.useRealTimers())

describe('what a cell saw', () => {
  it('is told with the end of a program that ends at once, and never after it', () => {
    const sightings = new Sightings()
    sightings.add(one, STARTED)
    sightings.add(two, STARTED)
    expect(told(sightings)).toEqual([])
    sightings.add(two, EXITED)
    expect(told(sightings)).toEqual(['two started', 'two exited'])
    expect(sightings.nextStartAt).toBeGreaterThan(monotonicMs())
  })

  it('is told a moment later when the program goes on, and once', () => {
    const sightings = new Sightings()
    sightings.add(one, STARTED)
    vi.advanceTimersByTime(Math.ceil(sightings.nextStartAt! - monotonicMs()))
    expect(told(sightings)).toEqual(['one started'])
    expect(told(sightings)).toEqual([])
    expect(sightings.nextStartAt).toBeUndefined()
  })

  it('is told whole to a server that begins anew, until it has acknowledged it', () => {
    const sightings = new Sightings()
    const start = sightings.add(one, STARTED)
    expect(sightings.takeAll()).toEqual([start])
    expect(told(sightings)).toEqual([])
    const exit = sightings.add(one, EXITED)
    expect(sightings.ack([start.receipt, exit.receipt])).toEqual([one])
    expect(sightings.takeAll()).toEqual([])
  })
})
