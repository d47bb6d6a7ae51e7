import { invalid } from '../core/engine-error.ts'

/** Where a page of documents ended. */
export interface DocumentPosition {
  readonly sort: string
  readonly key: string
  readonly tenant: string
}

export const encodePosition = (at: DocumentPosition): string =>
  Buffer.from(JSON.stringify([at.sort, at.key, at.tenant])).toString('base64url')

/** Throws `invalid` for a text that no page ended with. */
export function decodePosition(after: string): DocumentPosition {
  const parts = parse(Buffer.from(after, 'base64url').toString())
  if (!Array.isArray(parts) || parts.length !== 3 || parts.some((p) => typeof p !== 'string'))
    throw invalid('after', 'not a position that a page ended with')
  return { sort: parts[0], key: parts[1], tenant: parts[2] }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
