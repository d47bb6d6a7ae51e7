import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogLine } from '../../../core/ports/log-store.ts'
import { LogText } from './log-text.ts'

type Piece = Pick<LogLine, 'split' | 'partial'> & { readonly source?: LogLine['source']; readonly bytes: Uint8Array }

const lineOf = ({ source = 'stdout', ...piece }: Piece, seq: number): LogLine => ({ seq, at: 0, source, ...piece })

describe('the log as text', () => {
  test('a line that comes in parts is decoded as one, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(400)), (text, cuts) => {
        const bytes = new TextEncoder().encode(text.replaceAll('\n', ' '))
        const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b)
        const from = [0, ...places]
        const log = new LogText()
        const read = from.map((start, i) => {
          const isLast = i === from.length - 1
          const piece = bytes.subarray(start, isLast ? undefined : from[i + 1])
          return log.line('run', lineOf({ source: 'stderr', bytes: piece, ...(isLast ? {} : { split: true }) }, i))
            .message
        })
        expect(read.join('')).toBe(`W: ${text.replaceAll('\n', ' ')}\n`)
      }),
    )
  })

  test('what one left unfinished is ended before another speaks', () => {
    const log = new LogText()
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    const messages = [
      log.line('deploy', lineOf({ bytes: bytes('a'), partial: true }, 0)),
      log.line('run', lineOf({ bytes: bytes('b'), split: true }, 0)),
      log.line('run', lineOf({ source: 'stderr', bytes: bytes('c'), partial: true }, 1)),
      log.line('run', lineOf({ bytes: bytes('d'), partial: true }, 2)),
      log.said(0, 'end'),
      log.said(0, 'again'),
    ].map(({ message }) => message)
    expect(messages).toEqual(['a', '\nb', '\nW: c', '\nd', '\nend\n', 'again\n'])
  })
})
