/** What every log store keeps, in tests. The rules are those of the port (L1–L4). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AttemptId, asTenant } from '../core/identity.ts'
import type { Micros } from '../core/instant.ts'
import type { LogFrom, LogLine, LogPage, LogStore, LogWriter } from '../core/ports/log-store.ts'

export interface LogHarness {
  readonly store: LogStore
  readonly writer: LogWriter
  /** Flushes the writer and lets the store know. */
  deliver(): void
  close(): Promise<void>
}

const TENANT = asTenant('acme')
const OTHER = asTenant('other')
const NOW: Micros = 1_700_000_000_000_000

const attempt = (name: string): AttemptId => `${name}:0:1` as AttemptId
const bytes = (text: string): Buffer => Buffer.from(text)
const textOf = (line: LogLine): string => Buffer.from(line.bytes).toString('latin1')
const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')

export function logStoreConformance(name: string, open: (now: () => Micros) => Promise<LogHarness>): void {
  describe(`${name} as a log store`, () => {
    let now = NOW
    let logs: LogHarness
    beforeEach(async () => {
      now = NOW
      logs = await open(() => now)
    })
    afterEach(() => logs.close())

    const put = (text: string, at = now, id = attempt('a'), source: 'stdout' | 'stderr' = 'stdout'): void =>
      logs.writer.write(TENANT, id, source, bytes(text), at)
    const page = (from?: LogFrom, limit = 1_000, extent?: string): Promise<LogPage> =>
      logs.store.read(TENANT, attempt('a'), from, limit, extent)
    const shown = async (from?: LogFrom, limit = 1_000): Promise<[number, string][]> =>
      (await page(from, limit)).lines.map((line) => [line.seq, textOf(line)])
    const collect = async (from: LogFrom, signal: AbortSignal, each?: (line: LogLine) => void): Promise<LogLine[]> => {
      const lines: LogLine[] = []
      for await (const batch of logs.store.follow(TENANT, attempt('a'), from, signal)) {
        for (const line of batch) each?.(line)
        lines.push(...batch)
      }
      return lines
    }

    it('numbers the lines of all sources together from 0, by one', async () => {
      put('one\n')
      put('two\n', now + 1, attempt('a'), 'stderr')
      put('three\n', now + 2)
      logs.deliver()
      expect((await page()).lines.map((line) => [line.seq, line.source, textOf(line), line.at])).toEqual([
        [0, 'stdout', 'one', NOW],
        [1, 'stderr', 'two', NOW + 1],
        [2, 'stdout', 'three', NOW + 2],
      ])
    })

    it('joins what was read in pieces, marks what the program did not end, keeps any byte', async () => {
      put('a\0b\r')
      put('c\n\nta')
      put('\xff\n'.repeat(1), now + 5)
      put('il')
      const extent = logs.writer.end(TENANT, attempt('a'))
      logs.deliver()
      const { lines, end } = await page(undefined, 10, extent)
      expect(end).toBe(true)
      expect(lines.map((line) => Buffer.from(line.bytes))).toEqual([
        bytes('a\0b\rc'),
        bytes(''),
        bytes('ta\xff'),
        bytes('il'),
      ])
      expect(lines.map((line) => line.partial ?? false)).toEqual([false, false, false, true])
    })

    it('splits a line above the limit and marks each piece that goes on', async () => {
      put(`${'x'.repeat(600_000)}\nshort\n`)
      logs.deliver()
      const { lines } = await page()
      expect(lines.map((line) => [line.bytes.length, line.split ?? false])).toEqual([
        [262_144, true],
        [262_144, true],
        [75_712, false],
        [5, false],
      ])
    })

    it('reads from a sequence, a time, and the last lines', async () => {
      for (let index = 0; index < 50; index++) put(`line ${index}\n`, now + index * 10)
      logs.deliver()
      expect(await shown({ seq: 47 })).toEqual([
        [47, 'line 47'],
        [48, 'line 48'],
        [49, 'line 49'],
      ])
      expect((await shown({ since: now + 471 })).map(([seq]) => seq)).toEqual([48, 49])
      expect((await shown({ since: now + 470 })).map(([seq]) => seq)).toEqual([47, 48, 49])
      expect(await shown({ since: now + 1_000 })).toEqual([])
      expect((await shown({ last: 2 })).map(([seq]) => seq)).toEqual([48, 49])
      expect((await shown({ last: 80 })).length).toBe(50)
      expect((await shown(undefined, 3)).map(([seq]) => seq)).toEqual([0, 1, 2])
    })

    it('pages with `next` give every line once', async () => {
      put(numbers(1_000))
      logs.writer.end(TENANT, attempt('a'))
      logs.deliver()
      const seen: number[] = []
      for (let next = 0, end = false; !end; ) {
        const one = await page({ seq: next }, 7)
        seen.push(...one.lines.map((line) => line.seq))
        next = one.next
        end = one.end
      }
      expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
    })

    it('holds time at the last one seen when the clock goes back', async () => {
      put('one\n', now + 100)
      put('two\n', now)
      logs.deliver()
      expect((await page()).lines.map((line) => line.at)).toEqual([NOW + 100, NOW + 100])
    })

    it('says nothing of an attempt to another tenant', async () => {
      put('secret\n')
      await logs.store.note(TENANT, attempt('a'), 'secret note')
      logs.deliver()
      expect((await logs.store.read(OTHER, attempt('a'), undefined, 10)).lines).toEqual([])
      await logs.store.forget(OTHER, [attempt('a')])
      expect((await page()).lines.length).toBe(2)
    })

    it('places notes among the lines so that no number changes', async () => {
      await logs.store.note(TENANT, attempt('a'), 'before')
      put('one\ntwo\n')
      logs.deliver()
      const first = await shown()
      await logs.store.note(TENANT, attempt('a'), 'between')
      put('three\n')
      logs.deliver()
      await logs.store.note(TENANT, attempt('a'), 'after')
      const all = await shown()
      expect(all.slice(0, 3)).toEqual(first)
      expect(all.map(([seq]) => seq)).toEqual([0, 1, 2, 3, 4, 5])
      expect(all.map(([, text]) => text)).toEqual(['before', 'one', 'two', 'between', 'three', 'after'])
      expect((await shown({ last: 2 })).map(([, text]) => text)).toEqual(['three', 'after'])
    })

    it('a follower from any line gets each later one once, in order, and ends with the log', async () => {
      put(numbers(10))
      logs.deliver()
      const follows = [0, 3, 10, 15].map((seq) => collect({ seq }, AbortSignal.timeout(20_000)))
      for (let round = 0; round < 20; round++) {
        put(`more ${round}\n`)
        logs.deliver()
        if (round % 5 === 0) await logs.store.note(TENANT, attempt('a'), `note ${round}`)
        await new Promise((resolve) => setImmediate(resolve))
      }
      logs.writer.end(TENANT, attempt('a'))
      logs.deliver()
      const seen = (await Promise.all(follows)).map((lines) => lines.map((line) => line.seq))
      expect(seen).toEqual([0, 3, 10, 15].map((seq) => Array.from({ length: 34 - seq }, (_, index) => seq + index)))
    })

    it('a follower of a silent attempt ends when its exit is known, one that is aborted ends at once', async () => {
      const abort = new AbortController()
      const silent = collect(undefined, AbortSignal.timeout(20_000))
      expect(logs.writer.end(TENANT, attempt('a'))).toBe('0')
      expect(logs.writer.flush()).toBeUndefined()
      await new Promise((resolve) => setImmediate(resolve))
      logs.store.ended(TENANT, attempt('a'), '0')
      expect(await silent).toEqual([])
      const other = logs.store.follow(TENANT, attempt('b'), undefined, abort.signal)[Symbol.asyncIterator]()
      const next = other.next()
      abort.abort()
      expect((await next).done).toBe(true)
    })

    it('drops what is over the rate, says how many, and counts the window anew each second', async () => {
      logs.writer.limit(TENANT, attempt('a'), { linesPerSecond: 10 })
      put(numbers(25))
      put(numbers(5), now + 500_000)
      put('later\n', now + 1_000_000)
      logs.deliver()
      const { lines } = await page()
      expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => index))
      expect(lines.slice(0, 10).map(textOf)).toEqual(numbers(10).trimEnd().split('\n'))
      expect(lines.slice(10).map((line) => [line.source, textOf(line)])).toEqual([
        ['system', '20 lines (155 bytes) dropped: over the limit of 10 lines/s'],
        ['stdout', 'later'],
      ])
    })

    it('forgets an attempt for good and shows the gap, and no other', async () => {
      put('gone\n')
      put('stays\n', now, attempt('b'))
      const extent = logs.writer.end(TENANT, attempt('a'))
      logs.deliver()
      await logs.store.forget(TENANT, [attempt('a')])
      expect(await page(undefined, 10, extent)).toMatchObject({ lines: [], gap: true, end: true })
      expect((await logs.store.read(TENANT, attempt('b'), undefined, 10)).lines.map(textOf)).toEqual(['stays'])
    })

    it('an attempt that never wrote has an empty log, over when its exit is known', async () => {
      expect(await page()).toMatchObject({ lines: [], end: false })
      expect(await page(undefined, 10, '0')).toMatchObject({ lines: [], end: true })
    })
  })
}
