import { badQuery } from '../errors.ts'

type Labels = Readonly<Record<string, string>>
type LabelTest = (labels: Labels) => boolean

export interface LabelSelector {
  readonly matches: LabelTest
  /** What every match has: this label with one of these values. An index can start from it. */
  readonly needs?: { readonly key: string; readonly values: readonly string[] }
}

interface Requirement {
  readonly test: LabelTest
  readonly needs?: LabelSelector['needs']
}

const KEY = '[A-Za-z0-9_./-]+'
const VALUE = '[A-Za-z0-9_.-]*'
const MOST_REQUIREMENTS = 50

const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key)

const oneOf = (key: string, values: readonly string[]): Requirement => ({
  test: (labels) => has(labels, key) && values.includes(labels[key]!),
  needs: { key, values },
})
const noneOf = (key: string, values: readonly string[]): Requirement => ({
  test: (labels) => !has(labels, key) || !values.includes(labels[key]!),
})

const FORMS: readonly (readonly [RegExp, (key: string, values: string) => Requirement])[] = [
  [new RegExp(`^(${KEY})$`), (key) => ({ test: (labels) => has(labels, key) })],
  [new RegExp(`^!(${KEY})$`), (key) => ({ test: (labels) => !has(labels, key) })],
  [new RegExp(`^(${KEY})==?(${VALUE})$`), (key, value) => oneOf(key, [value])],
  [new RegExp(`^(${KEY})!=(${VALUE})$`), (key, value) => noneOf(key, [value])],
  [new RegExp(`^(${KEY})\\s+in\\s*\\(([^()]*)\\)$`), (key, values) => oneOf(key, listOf(values))],
  [new RegExp(`^(${KEY})\\s+notin\\s*\\(([^()]*)\\)$`), (key, values) => noneOf(key, listOf(values))],
]

/** `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, joined by commas. Throws CF-BadQueryParameter. */
export function parseLabelSelector(text: string): LabelSelector {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  if (text === '') throw badQuery('Missing label_selector value')
  if (parts.length > MOST_REQUIREMENTS)
    throw badQuery(`Too many label_selector requirements (maximum is ${MOST_REQUIREMENTS})`)
  const requirements = parts.map(requirementOf)
  const needs = requirements.find((requirement) => requirement.needs)?.needs
  return { matches: (labels) => requirements.every(({ test }) => test(labels)), ...(needs && { needs }) }
}

function requirementOf(text: string): Requirement {
  for (const [form, make] of FORMS) {
    const found = form.exec(text)
    if (found) return make(found[1]!, found[2] ?? '')
  }
  throw invalid()
}

function listOf(text: string): readonly string[] {
  const values = text.split(',').map((value) => value.trim())
  if (!values.every((value) => new RegExp(`^${VALUE}$`).test(value))) throw invalid()
  return values
}

const invalid = (): Error => badQuery('Invalid label_selector value')
