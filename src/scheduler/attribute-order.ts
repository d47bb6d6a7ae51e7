/** `2048`, `-1.5`: nothing that only JavaScript calls a number. */
const NUMBER = /^[+-]?\d{1,15}(\.\d{1,15})?$/
/** `1.10.2`, `v1.51.0-rc1`: at least one dot, digits between them, perhaps a suffix. */
const VERSION = /^v?(\d{1,15}(?:\.\d{1,15})+)([-+][0-9A-Za-z.-]{1,64})?$/

/**
 * How two attribute values compare: negative, zero, positive. As numbers when both are numbers, part by part when both
 * are versions (so that 1.10.2 is greater than 1.9.0, and 1.2.0-rc1 less than 1.2.0), else as text by code unit.
 */
export function compareAttributes(a: string, b: string): number {
  if (NUMBER.test(a) && NUMBER.test(b)) return Number(a) - Number(b)
  const [left, right] = [VERSION.exec(a) ?? numberAsVersion(a), VERSION.exec(b) ?? numberAsVersion(b)]
  if (left && right) return compareParts(left[1]!, right[1]!) || compareSuffixes(left[2], right[2])
  return a < b ? -1 : a > b ? 1 : 0
}

/** `2` beside `1.10.2` is a version of one part. */
const numberAsVersion = (text: string): readonly [string, string] | undefined =>
  /^\d{1,15}$/.test(text) ? [text, text] : undefined

function compareParts(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const difference = Number(left[part] ?? 0) - Number(right[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** A pre-release comes before its release; build metadata says nothing (semver.org, 10 and 11). */
function compareSuffixes(a: string | undefined, b: string | undefined): number {
  const left = a?.startsWith('-') ? a : ''
  const right = b?.startsWith('-') ? b : ''
  if (left === right) return 0
  if (left === '') return 1
  if (right === '') return -1
  return left < right ? -1 : 1
}
