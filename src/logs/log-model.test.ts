import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LogSource } from '../core/ports/log-store.ts'
import { attemptNamed, inDirectory, NOW, readAll, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

const MAX_LINE = 16

type Act =
  | { readonly do: 'write'; readonly attempt: number; readonly source: LogSource; readonly text: string }
  | { readonly do: 'note'; readonly attempt: number; readonly text: string }
  | { readonly do: 'deliver' | 'reopen' | 'read' }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      attempt: fc.nat(2),
      source: fc.constantFrom<LogSource>('stdout', 'stderr'),
      text: fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\xff'), maxLength: 60 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('note' as const),
      attempt: fc.nat(2),
      text: fc.string({ unit: fc.constantFrom('n', 'o'), maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'deliver' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'read' as const }) },
)

/** The naive model: cuts by looking at each byte. */
class Model {
  readonly shown: string[] = []
  #flushed: string[] = []
  readonly #held = new Map<LogSource, string>()

  write(source: LogSource, text: string): void {
    let held = this.#held.get(source) ?? ''
    for (const byte of text) {
      if (byte === '\n') {
        this.#flushed.push(`${source}:${held}`)
        held = ''
      } else if (held.length === MAX_LINE) {
        this.#flushed.push(`${source}:${held}+`)
        held = byte
      } else held += byte
    }
    this.#held.set(source, held)
  }

  end(): void {
    for (const [source, held] of this.#held) if (held !== '') this.#flushed.push(`${source}:${held}.`)
  }

  deliver(): void {
    this.shown.push(...this.#flushed.splice(0))
  }

  note(text: string): void {
    this.shown.push(`system:${text}`)
  }
}

async function run(directory: string, acts: readonly Act[], sizes: { segment: number; own: number }): Promise<void> {
  let now = NOW
  const options = { directory, now: () => now, segmentBytes: sizes.segment }
  let store = await SegmentLogStore.open(options)
  const writer = new SegmentWriter({
    directory,
    writerId: 'cell-1',
    maxLineBytes: MAX_LINE,
    segmentBytes: sizes.segment,
    ownAfterBytes: sizes.own,
  })
  const models = [new Model(), new Model(), new Model()]
  const deliver = (): void => {
    const notice = writer.flush()
    if (notice) store.noticed(notice)
    for (const model of models) model.deliver()
  }
  const check = async (extents: readonly (string | undefined)[]): Promise<void> => {
    for (const [index, model] of models.entries()) {
      const extent = extents[index]
      const log = await readAll(store, attemptNamed(`a${index}`), { pageLines: 3, ...(extent ? { extent } : {}) })
      const mark = { split: '+', partial: '.', whole: '' }
      const lines = log.lines.map(
        (line) => `${line.source}:${textOf(line)}${mark[line.split ? 'split' : line.partial ? 'partial' : 'whole']}`,
      )
      expect(lines).toEqual(model.shown)
      expect(log.lines.map((line) => line.seq)).toEqual(model.shown.map((_, seq) => seq))
      expect(log.gap).toBe(false)
    }
  }
  for (const one of acts) {
    now += 7
    if (one.do === 'write') {
      const id = attemptNamed(`a${one.attempt}`)
      writer.write(TENANT, id, one.source, Buffer.from(one.text, 'latin1'), now)
      if (one.text !== '') models[one.attempt]!.write(one.source, one.text)
    } else if (one.do === 'note') {
      await store.note(TENANT, attemptNamed(`a${one.attempt}`), one.text)
      models[one.attempt]!.note(one.text)
    } else if (one.do === 'deliver') deliver()
    else if (one.do === 'read') await check([])
    else {
      deliver()
      await store.close()
      store = await SegmentLogStore.open(options)
    }
  }
  const extents = models.map((model, index) => {
    model.end()
    return writer.end(TENANT, attemptNamed(`a${index}`))
  })
  deliver()
  await check(extents)
  await store.close()
  store = await SegmentLogStore.open(options)
  await check([])
  await check(extents)
  await store.close()
}

it('whatever is written, noted, delivered and reopened, the log is the naive one', async () => {
  const sizes = fc.record({ segment: fc.constantFrom(300, 2_000, 100_000), own: fc.constantFrom(200, 1_000_000) })
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), sizes, (acts, size) =>
      inDirectory((directory) => run(directory, acts, size)),
    ),
    { numRuns: 150 },
  )
}, 120_000)

it('lines over a limit are dropped whole, and the system lines count every one of them', async () => {
  const chunk = fc.record({
    lines: fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 20 }), { maxLength: 30 }),
    afterMs: fc.integer({ min: -300, max: 700 }),
  })
  const limits = fc.record({
    linesPerSecond: fc.integer({ min: 1, max: 40 }),
    bytesPerSecond: fc.integer({ min: 1, max: 400 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), limits, (chunks, limit) =>
      inDirectory(async (directory) => {
        const store = await SegmentLogStore.open({ directory, now: () => NOW })
        const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
        const id = attemptNamed('a')
        const written: string[] = []
        let now = NOW
        writer.limit(TENANT, id, limit)
        for (const { lines, afterMs } of chunks) {
          now += afterMs * 1_000
          written.push(...lines)
          writer.write(TENANT, id, 'stdout', Buffer.from(lines.map((line) => `${line}\n`).join('')), now)
        }
        const extent = writer.end(TENANT, id)
        writer.flush()
        let place = 0
        for (const line of (await readAll(store, id, { extent })).lines) {
          if (line.source === 'system') place += Number(/^(\d+) lines? \(\d+ bytes\) dropped/.exec(textOf(line))![1])
          else expect(textOf(line)).toBe(written[place++])
        }
        expect(place).toBe(written.length)
        await store.close()
      }),
    ),
    { numRuns: 100 },
  )
}, 120_000)
