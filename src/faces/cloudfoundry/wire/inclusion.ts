import { badQuery } from '../errors.ts'
import { type Answer, type Call, ok } from '../operation.ts'
import { refuseUnknown } from './list-query.ts'

/** What `include=NAME` brings along of resources: the key in `included`, and what they refer to. */
export interface Inclusion<Body> {
  readonly as: string
  /** Each once, those only that the caller may see. */
  of(bodies: readonly Body[]): Promise<readonly object[]>
}

export type Inclusions<Body> = Readonly<Record<string, Inclusion<Body>>>

/** Those that `include=` names. Throws CF-BadQueryParameter for what is not known, or named twice. */
export function wantedInclusions<Body>(query: URLSearchParams, known: Inclusions<Body>): readonly Inclusion<Body>[] {
  const names = query.get('include')?.split(',') ?? []
  const problems = names.flatMap((name, i) => problemOf(name, names.indexOf(name) < i, Object.keys(known)))
  if (problems.length > 0) throw badQuery(problems.join(', '))
  return names.map((name) => known[name]!)
}

/** Cloud Controller's words (base_message.rb, IncludeParamValidator). */
function problemOf(name: string, isSecond: boolean, valid: readonly string[]): readonly string[] {
  if (!valid.includes(name))
    return [
      `Invalid included resource: '${name}'. Valid included resources are: ${valid.map((v) => `'${v}'`).join(', ')}`,
    ]
  return isSecond ? [`Duplicate included resource: '${name}'`] : []
}

/** The `included` of a reply; nothing where nothing was asked for. */
export async function includedOf<Body>(wanted: readonly Inclusion<Body>[], bodies: readonly Body[]): Promise<object> {
  if (wanted.length === 0) return {}
  const parts = await Promise.all(wanted.map(async ({ as, of }) => [as, await of(bodies)] as const))
  return { included: Object.fromEntries(parts) }
}

/** One resource, with what it includes. Throws CF-BadQueryParameter for any other parameter. */
export async function answerOne<Body>(
  { query }: Call,
  body: Body,
  includes: Inclusions<Body>,
  present: (body: Body) => object,
): Promise<Answer> {
  refuseUnknown([...query.keys()], ['include'])
  return ok({ ...present(body), ...(await includedOf(wantedInclusions(query, includes), [body])) })
}
