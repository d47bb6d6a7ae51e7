/**
 * Names of segments, and the extent: where the lines of an attempt lie, as `<lines>;<segment>,<segment>…`. Segments in
 * a row are written `a-3..7`. A silent attempt has the extent `0`.
 */
const NAME = /^[A-Za-z0-9._-]+$/
const RANGE = /^(.*-)(\d+)\.\.(\d+)$/
const NUMBERED = /^(.*-)(\d+)$/
const SEGMENT_LIMIT = 1_000_000

export const SEGMENT_SUFFIX = '.seg'
export const INDEX_SUFFIX = '.idx'
export const RESERVE_SUFFIX = '.reserve'

export interface Extent {
  /** Lines that the writer numbered. */
  readonly lines: number
  readonly segments: readonly string[]
}

export const isSegmentName = (name: string): boolean => NAME.test(name) && !name.startsWith('.')

export function printExtent(extent: Extent): string {
  if (extent.segments.length === 0) return String(extent.lines)
  const rows: { prefix: string; first: number; last: number }[] = []
  for (const name of extent.segments) {
    const [, prefix, digits] = NUMBERED.exec(name) ?? [undefined, `${name}-`, '0']
    const row = rows.at(-1)
    if (row?.prefix === prefix && row.last + 1 === Number(digits)) row.last++
    else rows.push({ prefix: prefix!, first: Number(digits), last: Number(digits) })
  }
  const printed = rows.map(({ prefix, first, last }) =>
    first === last ? prefix + first : `${prefix}${first}..${last}`,
  )
  return `${extent.lines};${printed.join(',')}`
}

/** Undefined when the text is no extent of ours. */
export function parseExtent(text: string): Extent | undefined {
  const [count, list] = text.split(';')
  const lines = Number(count)
  if (!count || !Number.isSafeInteger(lines) || lines < 0) return undefined
  const segments = (list ?? '').split(',').filter(Boolean).flatMap(expand)
  return segments.every(isSegmentName) ? { lines, segments } : undefined
}

function expand(entry: string): string[] {
  const range = RANGE.exec(entry)
  if (!range) return [entry]
  const [, prefix, first, last] = range
  const count = Math.min(Number(last) - Number(first) + 1, SEGMENT_LIMIT)
  return Array.from({ length: Math.max(0, count) }, (_, index) => `${prefix}${Number(first) + index}`)
}
