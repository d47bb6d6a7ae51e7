export interface Range {
  /** Both inclusive. */
  readonly from: number
  readonly to: number
}

/** One range of bytes (RFC 9110 §14.1.2); undefined: the whole, also where several or something else was asked for. */
export function rangeOf(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const last = Number(match[2])
    return last === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - last), to: size - 1 }
  }
  const from = Number(match[1])
  const to = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[2] !== '' && Number(match[2]) < from) return undefined
  return from >= size ? 'unsatisfiable' : { from, to }
}
