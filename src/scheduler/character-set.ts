/** Whether a code point belongs to the set. */
export type SetOf = (code: number) => boolean

const between =
  (from: string, to: string): SetOf =>
  (code) =>
    code >= from.charCodeAt(0) && code <= to.charCodeAt(0)

export const union =
  (sets: readonly SetOf[]): SetOf =>
  (code) =>
    sets.some((set) => set(code))

const not =
  (set: SetOf): SetOf =>
  (code) =>
    !set(code)

const digit = between('0', '9')
const lower = between('a', 'z')
const upper = between('A', 'Z')
const alpha = union([lower, upper])
const alnum = union([alpha, digit])
const space: SetOf = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d)
const punct = union([between('!', '/'), between(':', '@'), between('[', '`'), between('{', '~')])

/** Letters, digits, underscore: what `\w` and `\b` mean. */
export const word: SetOf = (code) => alnum(code) || code === 0x5f

/** What stands for what after a backslash, as `java.util.regex.Pattern` has it without UNICODE_CHARACTER_CLASS. */
const escapes: ReadonlyMap<string, SetOf | number> = new Map<string, SetOf | number>([
  ['d', digit],
  ['D', not(digit)],
  ['w', word],
  ['W', not(word)],
  ['s', space],
  ['S', not(space)],
  ['t', 0x09],
  ['n', 0x0a],
  ['r', 0x0d],
  ['f', 0x0c],
  ['a', 0x07],
  ['e', 0x1b],
  ['p{Lower}', lower],
  ['p{Upper}', upper],
  ['p{Alpha}', alpha],
  ['p{Digit}', digit],
  ['p{Alnum}', alnum],
  ['p{Punct}', punct],
  ['p{Space}', space],
  ['p{XDigit}', union([digit, between('a', 'f'), between('A', 'F')])],
])

/** The set or the one character's code that the escape means; undefined when it is none of these. */
export const escapedSet = (letter: string): SetOf | number | undefined => escapes.get(letter)
