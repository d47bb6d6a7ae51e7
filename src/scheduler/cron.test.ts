import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../core/engine-error.ts'
import { asExecutionId } from '../core/identity.ts'
import type { Schedule } from '../core/task.ts'
import { checkSchedule, decideOverlap, dueTimes, lastFire, nextFire } from './cron.ts'
import { MOST_DUE, ON_TIME_MS } from './due-times.ts'
import { utcText } from './utc-text.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const utc = (text: string): number => Date.parse(text)
const texts = (times: readonly number[]): readonly string[] =>
  times.map((t) => new Date(t).toISOString().replace(':00.000Z', 'Z'))

/** One clock change each: an hour, half an hour, at midnight, a whole day left out, none. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['America/Sao_Paulo', '2019-02-17T02:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z'],
  ['UTC', '2026-02-28T23:00Z'],
] as const

interface LocalMinute {
  readonly at: number
  /** Minutes of local time since some fixed midnight: later is greater, a repeated hour has the same again. */
  readonly day: number
  readonly minute: number
  readonly month: number
  readonly date: number
  readonly weekday: number
}

const windows = new Map<string, readonly LocalMinute[]>()

/** Every minute from two days before the change to two after, as clocks on the wall there show it. */
function minutesAround(zone: string, change: string): readonly LocalMinute[] {
  const key = `${zone} ${change}`
  const known = windows.get(key)
  if (known) return known
  const from = utc(change) - 2 * DAY
  const minutes = Array.from({ length: (4 * DAY) / MINUTE }, (_, i) => localMinute(zone, from + i * MINUTE))
  windows.set(key, minutes)
  return minutes
}

const formats = new Map<string, Intl.DateTimeFormat>()
function localMinute(zone: string, at: number): LocalMinute {
  const options = {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  } as const
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('en-US', options)
  formats.set(zone, format)
  const part = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, Number(p.value)])) as Record<
    string,
    number
  >
  const midnight = Date.UTC(part.year!, part.month! - 1, part.day!)
  return {
    at,
    day: midnight / DAY,
    minute: part.hour! * 60 + part.minute!,
    month: part.month!,
    date: part.day!,
    weekday: new Date(midnight).getUTCDay(),
  }
}

interface Field {
  readonly text: string
  readonly values: readonly number[]
  readonly wild: boolean
}

const field = (least: number, most: number): fc.Arbitrary<Field> => {
  const one = fc.integer({ min: least, max: most })
  const every = (step: number, from = least, to = most): readonly number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((v) => (v - from) % step === 0)
  return fc.oneof(
    one.map((v) => ({ text: `${v}`, values: [v], wild: false })),
    fc.constant({ text: '*', values: every(1), wild: true }),
    fc
      .constantFrom(2, 5, 15)
      .filter((s) => s <= most - least)
      .map((s) => ({ text: `*/${s}`, values: every(s), wild: true })),
    fc.uniqueArray(one, { minLength: 2, maxLength: 3 }).map((v) => ({ text: v.join(','), values: v, wild: false })),
    fc.tuple(one, one).map(([a, b]) => ({
      text: `${Math.min(a, b)}-${Math.max(a, b)}`,
      values: every(1, Math.min(a, b), Math.max(a, b)),
      wild: false,
    })),
  )
}

const EVERY: Field = { text: '*', values: [], wild: true }

const anyCron = fc.record({
  minute: field(0, 59),
  // Clocks change in the first hours of the day.
  hour: fc.oneof(
    field(0, 3).filter((f) => !f.wild),
    field(0, 23),
  ),
  date: fc.oneof(fc.constant(EVERY), field(1, 31)),
  weekday: fc.oneof(fc.constant(EVERY), field(0, 6)),
})

type Cron = typeof anyCron extends fc.Arbitrary<infer T> ? T : never

const isDay = ({ date, weekday }: Cron, m: Pick<LocalMinute, 'date' | 'weekday'>): boolean => {
  const [byDate, byWeekday] = [date.values.includes(m.date), weekday.values.includes(m.weekday)]
  if (date.text === '*') return weekday.text === '*' || byWeekday
  return weekday.text === '*' ? byDate : byDate || byWeekday
}

/** The rules C1 to C3, minute by minute. */
function slowly(cron: Cron, minutes: readonly LocalMinute[]): readonly number[] {
  const isInterval = cron.minute.wild || cron.hour.wild
  const wanted = (m: LocalMinute): boolean =>
    isDay(cron, m) && cron.hour.values.includes(Math.floor(m.minute / 60)) && cron.minute.values.includes(m.minute % 60)
  if (isInterval) return minutes.filter(wanted).map((m) => m.at)
  const fires = new Set<number>()
  const seen = new Set<string>()
  minutes.forEach((m, i) => {
    const before = minutes[i - 1]
    if (before && before.day === m.day) {
      for (let skipped = before.minute + 1; skipped < m.minute; skipped++)
        if (wanted({ ...m, minute: skipped })) fires.add(m.at)
    } else if (before && m.minute > 0 && m.day > before.day) {
      for (let skipped = 0; skipped < m.minute; skipped++) if (wanted({ ...m, minute: skipped })) fires.add(m.at)
    }
    const name = `${m.day} ${m.minute}`
    if (wanted(m) && !seen.has(name)) fires.add(m.at)
    seen.add(name)
  })
  return [...fires]
}

describe('a schedule', () => {
  test('fires as the wall clock of its zone says, minute by minute, across clock changes', () => {
    fc.assert(
      fc.property(anyCron, fc.constantFrom(...CHANGES), (cron, [timezone, change]) => {
        const minutes = minutesAround(timezone, change)
        const expected = slowly(cron, minutes)
        const pattern = `${cron.minute.text} ${cron.hour.text} ${cron.date.text} * ${cron.weekday.text}`
        const fired: number[] = []
        const end = minutes[minutes.length - 1]!.at
        const most = expected.length > 60 ? 60 : Number.POSITIVE_INFINITY
        for (let at = nextFire({ cron: pattern, timezone }, minutes[0]!.at - 1); at !== undefined && at <= end; ) {
          fired.push(at)
          if (fired.length >= most) break
          at = nextFire({ cron: pattern, timezone }, at)
        }
        expect([pattern, texts(fired)]).toEqual([pattern, texts(expected.slice(0, most))])
        for (const at of fired.slice(0, 5)) expect(lastFire({ cron: pattern, timezone }, at)).toBe(at)
      }),
      { numRuns: 150 },
    )
  })

  test('at a time that is skipped fires once after the gap, at one that comes twice fires once', () => {
    const daily = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
    expect(nextFire(daily, utc('2026-03-28T12:00Z'))).toBe(utc('2026-03-29T01:00Z'))
    expect(nextFire(daily, utc('2026-03-29T01:00Z'))).toBe(utc('2026-03-30T00:30Z'))
    expect(nextFire(daily, utc('2026-10-24T12:00Z'))).toBe(utc('2026-10-25T00:30Z'))
    expect(nextFire(daily, utc('2026-10-25T00:30Z'))).toBe(utc('2026-10-26T01:30Z'))
  })

  test('has five fields, or six with seconds, or a name', () => {
    const from = utc('2026-01-01T00:00Z')
    const next = (cron: string): string => utcText(nextFire({ cron, timezone: 'UTC' }, from)!)
    expect(next('*/10 * * * * *')).toBe('2026-01-01T00:00:10.000Z')
    expect(next('@daily')).toBe('2026-01-02T00:00:00.000Z')
    expect(next('0 9 * * MON-FRI')).toBe('2026-01-01T09:00:00.000Z')
    expect(next('0 0 L * *')).toBe('2026-01-31T00:00:00.000Z')
  })

  test('that is none is refused, and the refusal names the field', () => {
    const good: Schedule = { cron: '@hourly', timezone: 'UTC', overlap: 'skip', catchUp: 'latest' }
    checkSchedule(good, 'schedule')
    const refused = (given: Partial<Schedule>): unknown => {
      try {
        checkSchedule({ ...good, ...given }, 'schedule')
        return 'taken'
      } catch (error) {
        return error instanceof EngineError && error.code === 'invalid' ? error.facts.field : error
      }
    }
    const bad = [
      '',
      '* * * *',
      '61 * * * *',
      '* * * * * * *',
      '@reboot',
      '2026-01-01T00:00:00',
      '0 0 30 2 *',
      '*/0 * * * *',
      'x'.repeat(5_000),
    ]
    expect(bad.map((cron) => refused({ cron })).filter((f) => f !== 'schedule.cron')).toEqual([])
    const zones = ['', 'Mars/Base', '+02:00', 'Europe/Berlin ', 'x'.repeat(5_000)]
    expect(zones.map((timezone) => refused({ timezone })).filter((f) => f !== 'schedule.timezone')).toEqual([])
    expect(refused({ catchUpWithinMs: -1 })).toBe('schedule.catchUpWithinMs')
  })
})

describe('times that came while nobody looked', () => {
  const hourly = (given: Partial<Schedule>): Schedule => ({
    cron: '0 * * * *',
    timezone: 'UTC',
    overlap: 'allow',
    catchUp: 'none',
    ...given,
  })
  const lastAt = utc('2026-01-01T10:00Z')
  const now = utc('2026-01-01T13:20Z')

  test('are forgotten, made up for once, or all made up for', () => {
    expect(dueTimes(hourly({ catchUp: 'none' }), lastAt, now)).toEqual([])
    expect(dueTimes(hourly({ catchUp: 'latest' }), lastAt, now)).toEqual([lastAt + 3 * HOUR])
    expect(dueTimes(hourly({ catchUp: 'all' }), lastAt, now)).toEqual([1, 2, 3].map((h) => lastAt + h * HOUR))
    expect(dueTimes(hourly({ catchUp: 'all', catchUpWithinMs: 100 * MINUTE }), lastAt, now)).toEqual(
      [2, 3].map((h) => lastAt + h * HOUR),
    )
    expect(dueTimes(hourly({ catchUp: 'latest', catchUpWithinMs: 19 * MINUTE }), lastAt, now)).toEqual([])
    for (const catchUp of ['all', 'latest'] as const) {
      expect(dueTimes(hourly({ catchUp, catchUpWithinMs: 20 * MINUTE }), lastAt, now)).toEqual([lastAt + 3 * HOUR])
    }
    expect(dueTimes(hourly({ catchUp: 'all', paused: true }), lastAt, now)).toEqual([])
  })

  test('do not displace the one that is on time, which fires whatever the policy', () => {
    const late = lastAt + 3 * HOUR + ON_TIME_MS
    for (const catchUp of ['none', 'latest'] as const) {
      expect(dueTimes(hourly({ catchUp, catchUpWithinMs: 0 }), lastAt, late)).toEqual([lastAt + 3 * HOUR])
      expect(dueTimes(hourly({ catchUp }), lastAt, late + 1)).toEqual(catchUp === 'none' ? [] : [lastAt + 3 * HOUR])
    }
  })

  test('each fire once, whenever one looks: never twice, none left out, at most a hundred at once', () => {
    const looks = fc.array(fc.integer({ min: -5 * MINUTE, max: 400 * MINUTE }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(looks, (steps) => {
        const schedule = hourly({ cron: '*/3 * * * *', catchUp: 'all' })
        const fired: number[] = []
        let kept = lastAt
        let at = lastAt
        for (const step of steps) {
          at += step
          const due = dueTimes(schedule, kept, at)
          expect(due.length).toBeLessThanOrEqual(MOST_DUE)
          fired.push(...due)
          kept = due.at(-1) ?? kept
        }
        const expected = Array.from({ length: fired.length }, (_, i) => lastAt + (i + 1) * 3 * MINUTE)
        expect(fired).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })
})

test('overlap: run beside, skip behind, or stop what runs', () => {
  const [a, b] = [asExecutionId('a'), asExecutionId('b')]
  expect(decideOverlap('skip', [])).toEqual({ kind: 'run' })
  expect(decideOverlap('allow', [a])).toEqual({ kind: 'run' })
  expect(decideOverlap('skip', [a, b])).toEqual({ kind: 'skip', behind: a })
  expect(decideOverlap('replace', [a, b])).toEqual({ kind: 'replace', stop: [a, b] })
})

test('an instant is written as the calendar has it', () => {
  fc.assert(
    fc.property(fc.integer({ min: utc('0001-01-01T00:00Z'), max: utc('9999-12-31T23:59Z') }), (at) => {
      expect(utcText(at)).toBe(new Date(at).toISOString())
    }),
  )
})
