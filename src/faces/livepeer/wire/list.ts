/**
 * Lists in Livepeer's manner: `limit`, `cursor` (`skip<N>`), `order` (`field-true` is descending), `filters` (a JSON array
 * of `{id, value}`), `count`. The next page is named only after a full one.
 */
import type { Tenant } from '../../../core/identity.ts'
import { eachDocument } from '../../kit/documents.ts'
import { badRequest } from '../errors.ts'
import { type Answer, type Call, ok } from '../operation.ts'

export interface ListOf<Body> {
  readonly collection: string
  /** Where they lie, where that is not the caller's own. */
  readonly within?: { readonly tenant: Tenant; readonly index: { readonly name: string; readonly value: string } }
  /** What can be filtered and ordered by. */
  readonly fields: Readonly<Record<string, (body: Body) => unknown>>
  /** Found by a part of their value, in any case. */
  readonly likeFields: readonly string[]
  readonly test: (body: Body) => boolean | Promise<boolean>
  readonly show: (body: Body) => Promise<object>
}

const USUAL = 20
const MOST = 1_000

export async function listed<Body>(call: Call, list: ListOf<Body>): Promise<Answer> {
  const { query, engine } = call
  const { tenant, ...within } = list.within ?? { tenant: call.tenant }
  const limit = limitOf(query.limit)
  const skip = skipOf(query.cursor)
  const wanted = filtersOf(query.filters, list)
  const order = orderOf(query.order, list)
  const found: Body[] = []
  // Newest change first is how they are stored: then nothing behind the page is read.
  const most = order || query.count !== undefined ? Number.POSITIVE_INFINITY : skip + limit
  for await (const { body } of eachDocument<Body>(engine, tenant, list.collection, { ascending: false, ...within })) {
    if (!wanted.every((test) => test(body)) || !(await list.test(body))) continue
    found.push(body)
    if (found.length >= most) break
  }
  if (order) found.sort(order)
  const page = found.slice(skip, skip + limit)
  const headers: Record<string, string> = {}
  if (query.count !== undefined) headers['x-total-count'] = String(found.length)
  if (page.length === limit) headers.link = nextLink(call, skip + limit)
  return { ...ok(await Promise.all(page.map(list.show))), headers }
}

function limitOf(text: string | undefined): number {
  const limit = Number(text)
  return Number.isInteger(limit) && limit >= 1 ? Math.min(limit, MOST) : USUAL
}

function skipOf(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  const skip = Number(/^skip(\d{1,9})$/.exec(text)?.[1] ?? Number.NaN)
  if (Number.isNaN(skip)) throw badRequest(`invalid cursor: ${text}`)
  return skip
}

function nextLink({ parts, request }: Call, skip: number): string {
  const url = new URL(request.url, parts.context.publicUrl())
  url.searchParams.set('cursor', `skip${skip}`)
  return `<${url.href}>; rel="next"`
}

type Test<Body> = (body: Body) => boolean

function filtersOf<Body>(text: string | undefined, list: ListOf<Body>): readonly Test<Body>[] {
  if (text === undefined || text === '') return []
  const filters = parsed(text)
  if (!Array.isArray(filters)) throw badRequest('error parsing filters: Error: filters must be an array')
  return filters.map((filter) => testOf((filter ?? {}) as { readonly id?: unknown; readonly value?: unknown }, list))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`error parsing filters: ${String(error)}`)
  }
}

function testOf<Body>(
  { id, value }: { readonly id?: unknown; readonly value?: unknown },
  list: ListOf<Body>,
): Test<Body> {
  const name = String(id)
  const field = Object.hasOwn(list.fields, name) ? list.fields[name]! : undefined
  if (!field) throw badRequest(`error parsing filters: Error: unknown field: ${JSON.stringify(id)}`)
  if (typeof value === 'object' && value !== null)
    return rangeTest(field, name, value as Readonly<Record<string, unknown>>)
  if (!list.likeFields.includes(name)) return (body) => String(field(body) ?? '') === String(value)
  const part = String(value).toLowerCase()
  return (body) =>
    String(field(body) ?? '')
      .toLowerCase()
      .includes(part)
}

function rangeTest<Body>(
  field: (body: Body) => unknown,
  name: string,
  bounds: Readonly<Record<string, unknown>>,
): Test<Body> {
  const tests = Object.entries(bounds).map(([operator, bound]) => {
    const compare = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined
    if (!compare || typeof bound !== 'number')
      throw badRequest(`error parsing filters: Error: bad comparison of ${name}: ${operator}`)
    return (value: number) => compare(value, bound)
  })
  return (body) => tests.every((test) => test(Number(field(body))))
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  eq: (a, b) => a === b,
}

/** Undefined: the usual order. */
function orderOf<Body>(text: string | undefined, { fields }: ListOf<Body>): ((a: Body, b: Body) => number) | undefined {
  if (text === undefined || text === '' || text.startsWith('updatedAt-true')) return undefined
  const terms = text.split(',').map((term) => {
    const [name = '', descending] = term.split('-')
    if (!Object.hasOwn(fields, name)) throw badRequest(`invalid order: ${term}`)
    return { field: fields[name]!, sign: descending === 'true' ? -1 : 1 }
  })
  return (a, b) => {
    for (const { field, sign } of terms) {
      const [x, y] = [field(a), field(b)]
      const order =
        typeof x === 'number' && typeof y === 'number' ? x - y : String(x ?? '').localeCompare(String(y ?? ''))
      if (order !== 0) return order * sign
    }
    return 0
  }
}
