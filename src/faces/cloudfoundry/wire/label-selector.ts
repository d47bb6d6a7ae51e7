import { badQuery } from '../errors.ts'

type Labels = Readonly<Record<string, string>>
export type LabelTest = (labels: Labels) => boolean

const KEY = '[A-Za-z0-9_./-]+'
const VALUE = '[A-Za-z0-9_.-]*'
const MOST_REQUIREMENTS = 50

const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key)

const FORMS: readonly (readonly [RegExp, (key: string, values: string) => LabelTest])[] = [
  [new RegExp(`^(${KEY})$`), (key) => (labels) => has(labels, key)],
  [new RegExp(`^!(${KEY})$`), (key) => (labels) => !has(labels, key)],
  [new RegExp(`^(${KEY})==?(${VALUE})$`), (key, value) => (labels) => has(labels, key) && labels[key] === value],
  [new RegExp(`^(${KEY})!=(${VALUE})$`), (key, value) => (labels) => !has(labels, key) || labels[key] !== value],
  [
    new RegExp(`^(${KEY})\\s+in\\s*\\(([^()]*)\\)$`),
    (key, values) => {
      const any = listOf(values)
      return (labels) => has(labels, key) && any.includes(labels[key]!)
    },
  ],
  [
    new RegExp(`^(${KEY})\\s+notin\\s*\\(([^()]*)\\)$`),
    (key, values) => {
      const none = listOf(values)
      return (labels) => !has(labels, key) || !none.includes(labels[key]!)
    },
  ],
]

/** `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, joined by commas. Throws CF-BadQueryParameter. */
export function parseLabelSelector(text: string): LabelTest {
  const requirements = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  if (text.trim() === '' || requirements.length > MOST_REQUIREMENTS) throw invalid()
  const tests = requirements.map(testOf)
  return (labels) => tests.every((test) => test(labels))
}

function testOf(requirement: string): LabelTest {
  for (const [form, make] of FORMS) {
    const found = form.exec(requirement)
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
