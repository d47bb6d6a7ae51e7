import { usage } from './failure.ts'

/** A duration as the API takes it; a bare number is seconds. */
export function durationText(text: string, flag: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return `${text}s`
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return text
  throw usage(`${flag} ${text} is no duration`, `write it as ${flag} 30s, 5m or 1h30m`)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration that `durationText` let pass. */
export const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!,
    0,
  )
