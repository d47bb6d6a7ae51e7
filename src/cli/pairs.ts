import { usage } from './failure.ts'

/** `K=V` texts as a record. */
export function pairs(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals < 1) throw usage(`${flag} ${text} has no name and value`, `write it as ${flag} NAME=VALUE`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

/** A whole number from a flag. */
export function wholeNumber(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw usage(`${flag} ${text} is no whole number`, `write it in digits: ${flag} 10`)
  return Number(text)
}

/** A number from a flag. */
export function number(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value))
    throw usage(`${flag} ${text} is no number`, `write it as ${flag} 0.5`)
  return value
}
