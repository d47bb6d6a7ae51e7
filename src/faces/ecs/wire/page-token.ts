import { invalidParameter } from '../errors.ts'

/** Opaque tokens: the engine's own cursor, marked with the list it belongs to, so that one list's token is refused by another. */
export const pageToken = (list: string, cursor: string): string =>
  Buffer.from(JSON.stringify([list, cursor])).toString('base64url')

/** Throws `InvalidParameterException: Invalid token.` for a token that this list did not give. */
export function cursorOf(list: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  const parts = parse(token)
  if (!Array.isArray(parts) || parts.length !== 2 || parts[0] !== list || typeof parts[1] !== 'string')
    throw invalidParameter('Invalid token.')
  return parts[1]
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** One page of an in-memory list, by offset of the name after which it begins. Names must be sorted and unique. */
export function pageOfNames(
  list: string,
  names: readonly string[],
  limit: number,
  token: string | undefined,
): NamesPage {
  const after = cursorOf(list, token)
  const start = after === undefined ? 0 : names.findIndex((n) => n > after)
  if (start === -1) return { names: [] }
  const page = names.slice(start, start + limit)
  const last = page[page.length - 1]
  if (last === undefined || start + limit >= names.length) return { names: page }
  return { names: page, nextToken: pageToken(list, last) }
}

export interface NamesPage {
  readonly names: readonly string[]
  readonly nextToken?: string
}

/** `maxResults` of ECS's lists: 1 to `limit`, default `limit`. */
export function pageSize(given: number | undefined, limit = 100): number {
  if (given === undefined) return limit
  if (given < 1 || given > limit) throw invalidParameter(`maxResults must be between 1 and ${limit}.`)
  return given
}
