import { invalidParameter } from '../errors.ts'
import type { Position } from './stream-event.ts'

export interface StreamToken {
  readonly direction: 'forward' | 'backward'
  readonly position: Position
}

/**
 * GetLogEvents' tokens name a position and nothing else, so that the same place always has the same token: at the end a
 * client gets back the very token it sent, which is how every follower tells.
 */
export const streamToken = ({ direction, position }: StreamToken): string =>
  `${direction === 'forward' ? 'f' : 'b'}/${String(position.attempt).padStart(8, '0')}${String(position.seq).padStart(24, '0')}`

/** Throws InvalidParameterException. */
export function parseStreamToken(text: string): StreamToken {
  const found = /^([fb])\/(\d{8})(\d{24})$/.exec(text)
  if (!found) throw invalidParameter('The specified nextToken is invalid.')
  const position = { attempt: Number(found[2]), seq: Number(found[3]) }
  return { direction: found[1] === 'f' ? 'forward' : 'backward', position }
}
