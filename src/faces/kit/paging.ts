import { createHash } from 'node:crypto'

/**
 * Opaque page cursors: a position bound to the list it belongs to (its name and its filters), so that a cursor of one
 * list is refused by another. Not a secret and not signed: the position only ever selects within the asker's own tenant.
 */
export const encodeCursor = (list: string, position: string): string =>
  Buffer.from(`${fingerprintOf(list)}${position}`, 'utf8').toString('base64url')

/** The position; undefined when the text is no cursor of this list. */
export function decodeCursor(list: string, cursor: string): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const mark = fingerprintOf(list)
  return text.startsWith(mark) ? text.slice(mark.length) : undefined
}

const fingerprintOf = (list: string): string => createHash('sha256').update(list).digest('base64url').slice(0, 8)
