import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asExecutionId, asTenant } from '../../../core/identity.ts'
import { metadataSubjectOf, metadataToken } from './metadata-token.ts'

const key = createSecretKey(new Uint8Array(32).fill(7))
const subject = fc.record({
  tenant: fc.string({ minLength: 1 }).map(asTenant),
  execution: fc.uuid().map(asExecutionId),
  ordinal: fc.nat(9),
})

test('a token names its container again, with its own key only', () => {
  fc.assert(
    fc.property(subject, (s) => {
      const token = metadataToken(key, s)
      expect(metadataSubjectOf(key, token)).toEqual(s)
      expect(token).toMatch(/^[\w.-]+$/)
      expect(metadataSubjectOf(createSecretKey(new Uint8Array(32)), token)).toBeUndefined()
    }),
  )
})

test('a token with any one character changed names nothing', () => {
  fc.assert(
    fc.property(subject, fc.nat(), fc.constantFrom('A', 'b', '0', '.'), (s, at, c) => {
      const token = metadataToken(key, s)
      const i = at % token.length
      const other = token.slice(0, i) + c + token.slice(i + 1)
      if (other !== token) expect(metadataSubjectOf(key, other)).toBeUndefined()
    }),
  )
})
