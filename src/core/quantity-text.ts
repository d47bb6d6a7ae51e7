/** Quantities as people write them, in units that say them exactly. */

const MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const

/** 5,400,000 → `1h30m`; 0 → `0s`. A part of a millisecond is left out. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / MS[unit])
    rest -= amount * MS[unit]
    if (amount > 0) text += `${amount}${unit}`
  }
  return text
}

/** 67,108,864 → `64M`, in the largest unit (powers of 1,024) that says it exactly. */
export function sizeText(bytes: number): string {
  for (const [i, unit] of ['T', 'G', 'M', 'K'].entries()) {
    const size = 1024 ** (4 - i)
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}B`
}
