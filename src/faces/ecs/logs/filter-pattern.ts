/**
 * CloudWatch's filter patterns (user guide, "Filter pattern syntax"): words that must all occur, `"phrases"`, `?any`,
 * `-none`, and `{ $.field = value }` for JSON with && and ||. Regular expressions (`%…%`) and the space-delimited form
 * (`[a, b]`) are refused.
 */
import { invalidParameter } from '../errors.ts'
import { parseJsonPattern } from './json-pattern.ts'

export type LogFilter = (message: string) => boolean

/** Throws InvalidParameterException for what it cannot understand. */
export function parseFilterPattern(given: string | undefined): LogFilter {
  const pattern = given?.trim() ?? ''
  if (pattern === '' || pattern === '" "') return () => true
  if (pattern.startsWith('{')) return parseJsonPattern(pattern)
  if (pattern.startsWith('[') || pattern.startsWith('%'))
    throw invalidParameter('Invalid filter pattern: this form is not supported')
  return termsFilter(pattern)
}

function termsFilter(pattern: string): LogFilter {
  const terms = [...pattern.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign = '', phrase, word]) => ({
    sign,
    text: phrase?.replace(/\\(.)/g, '$1') ?? word ?? '',
  }))
  if (pattern.replace(/"(?:[^"\\]|\\.)*"/g, '').includes('"'))
    throw invalidParameter('Invalid filter pattern: unbalanced quotes')
  const all = terms.filter((t) => t.sign === '').map((t) => t.text)
  const any = terms.filter((t) => t.sign === '?').map((t) => t.text)
  const none = terms.filter((t) => t.sign === '-').map((t) => t.text)
  return (message) =>
    all.every((t) => message.includes(t)) &&
    (any.length === 0 || all.length > 0 || any.some((t) => message.includes(t))) &&
    !none.some((t) => message.includes(t))
}
