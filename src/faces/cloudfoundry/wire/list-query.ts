/** The query of a list as Cloud Controller reads it: paging, order, filters, times, label selector; and its refusals. */
import { badQuery } from '../errors.ts'
import { type LabelSelector, parseLabelSelector } from './label-selector.ts'
import { parseTimestamp } from './time.ts'

export interface ListQuery {
  readonly page: number
  readonly perPage: number
  readonly orderBy?: { readonly field: string; readonly descending: boolean; readonly given: string }
  /** Values of a filter; undefined where it is not asked for. */
  filter(name: string): readonly string[] | undefined
  readonly labels?: LabelSelector
  readonly created?: TimeFilter
  readonly updated?: TimeFilter
  /** What links repeat: everything but page and per_page. */
  readonly repeated: readonly (readonly [string, string])[]
}

/** In milliseconds; compares whole seconds. */
export interface TimeFilter {
  readonly matches: (at: number) => boolean
  /** No match is before `fromMs`, nor at or after `untilMs`. An index can start from it. */
  readonly fromMs: number
  readonly untilMs: number
}

export interface ListSpec {
  readonly filters: readonly string[]
  /** Beyond created_at and updated_at. */
  readonly orders?: readonly string[]
  readonly perPage?: number
}

const ALWAYS = ['page', 'per_page', 'order_by', 'created_ats', 'updated_ats']
const MOST_PER_PAGE = 5_000
const DEFAULT_PER_PAGE = 50

export function parseListQuery(query: URLSearchParams, spec: ListSpec): ListQuery {
  const valid = [...ALWAYS, ...spec.filters]
  refuseUnknown([...query.keys()], valid)
  const orderBy = orderOf(query.get('order_by'), spec)
  const selector = spec.filters.includes('label_selector') ? query.get('label_selector') : null
  const created = timesOf(query, 'created_ats', 'Created ats')
  const updated = timesOf(query, 'updated_ats', 'Updated ats')
  const page = wholeNumber(query.get('page'), 1)
  if (page === undefined || page < 1) throw badQuery('Page must be a positive integer')
  const perPage = wholeNumber(query.get('per_page'), spec.perPage ?? DEFAULT_PER_PAGE)
  if (perPage === undefined || perPage < 1 || perPage > MOST_PER_PAGE)
    throw badQuery(`Per page must be between 1 and ${MOST_PER_PAGE}`)
  return {
    page,
    perPage,
    ...(orderBy && { orderBy }),
    filter: (name) => query.get(name)?.split(',').map(decode),
    ...(selector !== null && { labels: parseLabelSelector(selector) }),
    ...(created && { created }),
    ...(updated && { updated }),
    repeated: [...query].filter(([key]) => key !== 'page' && key !== 'per_page' && (key !== 'order_by' || orderBy)),
  }
}

/** Throws CF-BadQueryParameter for what is not of `valid`. */
export function refuseUnknown(given: readonly string[], valid: readonly string[]): void {
  const unknown = given.filter((key) => !valid.includes(key) && !valid.includes(TIMES.exec(key)?.[1] ?? ''))
  if (unknown.length === 0) return
  const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ')
  throw badQuery(`Unknown query parameter(s): ${quoted([...new Set(unknown)])}. Valid parameters are: ${quoted(valid)}`)
}

function orderOf(given: string | null, spec: ListSpec): ListQuery['orderBy'] | undefined {
  if (given === null || given === '') return undefined
  // A plus that nobody escaped arrives as a space.
  const found = /^([ +-]?)(\w+)$/.exec(given)
  const fields = ['created_at', 'updated_at', ...(spec.orders ?? [])]
  if (!found || !fields.includes(found[2]!))
    throw badQuery(`Order by can only be: ${fields.map((f) => `'${f}'`).join(', ')}`)
  const descending = found[1] === '-'
  return { field: found[2]!, descending, given: `${descending ? '-' : '+'}${found[2]}` }
}

const wholeNumber = (text: string | null, otherwise: number): number | undefined =>
  text === null ? otherwise : /^\d{1,9}$/.test(text) ? Number(text) : undefined

/** The server's framework has decoded once; each value is decoded again after the split, so that a name may hold a comma. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const SECOND_MS = 1_000
const FOREVER = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER }
type Span = Pick<TimeFilter, 'fromMs' | 'untilMs'>

const RELATIONS: Readonly<Record<string, (time: number) => Span>> = {
  lt: (time) => ({ ...FOREVER, untilMs: time }),
  lte: (time) => ({ ...FOREVER, untilMs: time + SECOND_MS }),
  gt: (time) => ({ ...FOREVER, fromMs: time + SECOND_MS }),
  gte: (time) => ({ ...FOREVER, fromMs: time }),
}

const TIMES = /^(created_ats|updated_ats)\[(\w*)\]$/

/** Several compared times are one span; a list of times is a second each. */
function timesOf(query: URLSearchParams, name: string, label: string): TimeFilter | undefined {
  const spans: Span[] = []
  const lists: (readonly number[])[] = []
  for (const [key, value] of query) {
    if (key === name) lists.push(value.split(',').map((text) => timeOf(text, label)))
    const [, field, operator] = TIMES.exec(key) ?? []
    if (field === name) spans.push(spanOfRelation(operator ?? '', value, label))
  }
  if (spans.length + lists.length === 0) return undefined
  const all = [...spans, ...lists.map(spanOf)]
  const fromMs = Math.max(...all.map((span) => span.fromMs))
  const untilMs = Math.min(...all.map((span) => span.untilMs))
  const matches = (at: number): boolean =>
    at >= fromMs && at < untilMs && lists.every((times) => times.includes(wholeSeconds(at)))
  return { matches, fromMs, untilMs }
}

function spanOfRelation(operator: string, value: string, label: string): Span {
  const relation = RELATIONS[operator]
  if (!relation) throw badQuery(`${label} Invalid relational operator: '${operator}'`)
  if (value.includes(',')) throw badQuery(`${label} only accepts one value when using a relational operator`)
  return relation(timeOf(value, label))
}

const wholeSeconds = (at: number): number => Math.floor(at / SECOND_MS) * SECOND_MS
const spanOf = (times: readonly number[]): Span => ({
  fromMs: Math.min(...times),
  untilMs: Math.max(...times) + SECOND_MS,
})

function timeOf(text: string, label: string): number {
  const at = parseTimestamp(text)
  if (at === undefined)
    throw badQuery(`${label} has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'`)
  return at
}
