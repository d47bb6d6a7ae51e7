import { unknownCursor } from './store-error.ts'

/** A position in the history of one store. The epoch is an id made when the store was, and again when it was reset. */
export const encodeCursor = (epoch: string, position: number): string => `${epoch}.${position}`

/** The position that `cursor` names, of the events `pruned < position ≤ head` or just before them; throws `not_found`. */
export function decodeCursor(cursor: string, epoch: string, pruned: number, head: number): number {
  const position = cursor.startsWith(`${epoch}.`) ? Number(cursor.slice(epoch.length + 1)) : Number.NaN
  if (!Number.isSafeInteger(position) || position < pruned || position > head) throw unknownCursor(cursor)
  return position
}
