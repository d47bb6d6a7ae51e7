import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal, type JournalEntry, readJournal } from './journal.ts'

const SMALL = 2_048
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskport-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** What entries mean: attempts that are owed something, and tombstones. */
function meaning(entries: readonly JournalEntry[]): Record<string, string[]> {
  const open = new Map<string, string[]>()
  for (const entry of entries) {
    if (entry.k === 'done') open.delete(entry.a)
    else open.set(entry.a, [...new Set([...(open.get(entry.a) ?? []), entry.k])].toSorted())
  }
  return Object.fromEntries(open)
}

/** A journal with a holder that knows what is still needed, as a cell does. */
class Holder {
  readonly kept = new Map<string, JournalEntry[]>()
  readonly journal: Journal

  constructor(fileBytes = SMALL) {
    this.journal = new Journal(directory, () => [...this.kept.values()].flat(), fileBytes)
  }

  add(entry: JournalEntry): void {
    if (entry.k === 'done') this.kept.delete(entry.a)
    else this.kept.set(entry.a, [...(this.kept.get(entry.a) ?? []), entry])
    this.journal.add(entry)
  }
}

const entryOf = (k: JournalEntry['k'], a: string, text = ''): JournalEntry => {
  if (k === 'take') return { k, a, t: 'acme', l: `${a}:1`, c: true }
  if (k === 'run') return { k, a, pid: 7, b: 1, at: 2 }
  return k === 'exit' ? { k, a, seen: { text } } : { k, a }
}

describe('the journal of a cell', () => {
  it('says after any history, at any size, what was still owed', () => {
    const steps = fc.array(
      fc.record({
        k: fc.constantFrom('take', 'run', 'exit', 'tomb', 'done'),
        a: fc.constantFrom('a', 'b', 'c', 'd', 'é\n"'),
        text: fc.string({ unit: 'binary', maxLength: 300 }),
        flush: fc.boolean(),
      }),
      { maxLength: 120 },
    )
    fc.assert(
      fc.property(steps, (history) => {
        const holder = new Holder()
        for (const { k, a, text, flush } of history) {
          holder.add(entryOf(k, a, text))
          if (flush) holder.journal.flush()
        }
        expect(holder.journal.flush()).toBe(true)
        expect(meaning(readJournal(directory))).toEqual(meaning([...holder.kept.values()].flat()))
      }),
      { numRuns: 150 },
    )
  })

  it('ends its reading at a torn line, and loses nothing before it', () => {
    const holder = new Holder(65_536)
    for (let i = 0; i < 20; i++) holder.add(entryOf('take', `attempt-${i}`))
    holder.journal.flush()
    const path = join(directory, 'journal-0')
    const whole = readFileSync(path)
    const end = whole.lastIndexOf('}\n')
    for (const cut of [end, end - 10, end - 30]) {
      writeFileSync(path, whole)
      truncateSync(path, cut)
      expect(readJournal(directory).map(({ a }) => a)).toEqual(Array.from({ length: 19 }, (_, i) => `attempt-${i}`))
    }
  })

  it('holds to the old file until the new one is whole', () => {
    const holder = new Holder()
    holder.add(entryOf('take', 'first'))
    holder.journal.flush()
    for (let i = 0; i < 40; i++) {
      holder.add(entryOf('exit', 'first', 'x'.repeat(100)))
      holder.kept.set('first', [entryOf('take', 'first')])
      holder.journal.flush()
    }
    // The header is written last: without it the file does not count, whatever its lines say.
    const other = readFileSync(join(directory, 'journal-1'))
    writeFileSync(join(directory, 'journal-1'), Buffer.concat([Buffer.alloc(10), other.subarray(10)]))
    expect(readJournal(directory).length).toBeGreaterThan(0)
    expect(meaning(readJournal(directory))).toHaveProperty('first')
  })

  it('grows past its size when what is owed does not fit', () => {
    const holder = new Holder()
    for (let i = 0; i < 50; i++) {
      holder.add(entryOf('exit', `attempt-${i}`, 'x'.repeat(500)))
      expect(holder.journal.flush()).toBe(true)
    }
    expect(Object.keys(meaning(readJournal(directory)))).toHaveLength(50)
  })
})
