import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
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

  it('is told a moment later when the program goes on, and once', async () => {
    const sightings = new Sightings()
    sightings.add(one, STARTED)
    await sleep(sightings.nextStartAt! - monotonicMs() + 5)
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
