import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Call } from '../operation.ts'
import type { LogStream } from './log-stream.ts'
import { type FilteredEvent, mergeStreams } from './merge-streams.ts'

const HOUR_MS = 3_600_000

/** Task streams with lines after their task's beginning, and a call that notes which of them are read. */
class Group {
  readonly opened = new Set<string>()
  readonly streams: readonly LogStream[]
  readonly #lines: readonly (readonly number[])[]

  /** `tasks`: for each its beginning and the times of its lines after that, ms, in order. */
  constructor(tasks: readonly { readonly begin: number; readonly lines: readonly number[] }[]) {
    this.#lines = tasks.map((t) => t.lines.map((after) => t.begin + after))
    this.streams = tasks.map((t, i) => this.#stream(String(i), t.begin))
  }

  #stream(id: string, createdAt: number): LogStream {
    const step = { name: 'main', attempts: [{ number: 1 }] }
    const execution = { id, status: { steps: [step] }, submission: { plan: { steps: [step] } } }
    return { kind: 'task', group: 'g', name: id, createdAt, ordinal: 0, execution: execution as never }
  }

  get call(): Call {
    const log = async (_: string, which: { execution: string }, from: { since?: number; seq?: number } | undefined) => {
      this.opened.add(which.execution)
      const all = this.#lines[Number(which.execution)]!.map((at, seq) => ({
        seq,
        at: at * 1000,
        source: 'stdout',
        bytes: new TextEncoder().encode(`${which.execution}/${seq}`),
      }))
      const lines = all.filter((l) => l.at >= (from?.since ?? 0) && l.seq >= (from?.seq ?? 0)).slice(0, 2)
      return { lines, next: (lines.at(-1)?.seq ?? all.length - 1) + 1, end: false }
    }
    return { engine: { log } } as never
  }

  async read(most: number, after?: string): Promise<readonly FilteredEvent[]> {
    const events: FilteredEvent[] = []
    const range = { since: 0, ...(after !== undefined && { after }) }
    for await (const event of mergeStreams(this.call, this.streams, range)) if (events.push(event) === most) break
    return events
  }

  get all(): readonly string[] {
    const lines = this.#lines.flatMap((times, task) => times.map((at, seq) => ({ at, text: `${task}/${seq}` })))
    return lines.map((l) => l.text).sort()
  }
}

const ascending = fc.array(fc.nat(HOUR_MS), { minLength: 1, maxLength: 6 }).map((a) => a.toSorted((x, y) => x - y))
const tasks = fc.array(fc.record({ begin: fc.integer({ min: 1, max: 24 * HOUR_MS }), lines: ascending }), {
  minLength: 1,
  maxLength: 40,
})

test('every line is told once, in order of its id, whatever the pages', async () => {
  await fc.assert(
    fc.asyncProperty(tasks, fc.integer({ min: 1, max: 50 }), async (given, size) => {
      const group = new Group(given)
      const events: FilteredEvent[] = []
      for (;;) {
        const page = await group.read(size, events.at(-1)?.eventId)
        events.push(...page)
        if (page.length < size) break
      }
      const ids = events.map((e) => e.eventId)
      expect(ids).toEqual(ids.toSorted())
      expect(events.map((e) => e.message).sort()).toEqual(group.all)
    }),
  )
})

test('a page opens only the streams that its time may concern', async () => {
  const group = new Group(Array.from({ length: 500 }, (_, hour) => ({ begin: hour * HOUR_MS, lines: [0, 1, 2] })))
  expect((await group.read(30)).map((e) => e.logStreamName).slice(0, 6)).toEqual(['0', '0', '0', '1', '1', '1'])
  expect(group.opened.size).toBeLessThan(50)
})
