/** Durations and sizes as people write them, read (written: core/quantity-text.ts), and times both ways. What comes in has
 *  passed the schema's pattern. */
const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `1h30m` → 5,400,000 ms; whole, rounded. Undefined when it is none. */
export function durationMs(text: string): number | undefined {
  let sum = 0
  let matched = ''
  for (const [part, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sum += Number(amount) * MS[unit as keyof typeof MS]
    matched += part
  }
  return matched === text && text !== '' && Number.isFinite(sum) ? Math.round(sum) : undefined
}

const EXPONENT: Readonly<Record<string, number>> = { B: 0, K: 1, M: 2, G: 3, T: 4 }

/** `64M` → 67,108,864 bytes. Undefined when it is none. */
export function sizeBytes(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)([BKMGT])(?:i?B?)$/.exec(text)
  if (!parts) return undefined
  const bytes = Math.round(Number(parts[1]) * 1024 ** EXPONENT[parts[2]!]!)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The seconds formatted last: the times of one execution lie close together, and `Date` is slow to write them. */
const SECONDS = 256
const seconds: { second: number; text: string }[] = Array.from({ length: SECONDS }, () => ({ second: -1, text: '' }))

/** `2026-11-21T22:47:14` */
function secondText(second: number): string {
  const slot = seconds[second & (SECONDS - 1)]!
  if (slot.second !== second) {
    slot.second = second
    slot.text = new Date(second * 1_000).toISOString().slice(0, -5)
  }
  return slot.text
}

const digits = (value: number, length: number): string => String(value).padStart(length, '0')

/** `2026-11-21T22:47:14.123Z` */
export function timeText(instant: number): string {
  const second = Math.floor(instant / 1_000)
  return `${secondText(second)}.${digits(Math.floor(instant) - second * 1_000, 3)}Z`
}

/** Microseconds → `2026-11-21T22:47:14.123456Z`. */
export function microsText(micros: number): string {
  const second = Math.floor(micros / 1_000_000)
  return `${secondText(second)}.${digits(Math.floor(micros) - second * 1_000_000, 6)}Z`
}

/** RFC 3339 → ms. Undefined when it is none. */
export function instantOf(text: string): number | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
