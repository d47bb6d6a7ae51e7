const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A span of time in its two largest units: `1h 5m`, `12s`, `340ms`. */
export function elapsed(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`
  const first = UNITS.findIndex(([, size]) => ms >= size)
  const [unit, size] = UNITS[first]!
  const rest = UNITS[first + 1]
  const count = Math.floor(ms / size)
  const remainder = rest ? Math.floor((ms % size) / rest[1]) : 0
  return rest && remainder > 0 ? `${count}${unit} ${remainder}${rest[0]}` : `${count}${unit}`
}

/** How long something ran, or runs by now; empty when it never started. */
export function runTime(from: string | undefined, to: string | undefined, nowMs: number): string {
  if (from === undefined) return ''
  return elapsed((to === undefined ? nowMs : Date.parse(to)) - Date.parse(from))
}
