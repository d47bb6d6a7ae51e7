import { expect, test } from 'vitest'
import { staleFiles } from '../scripts/generate.ts'

test('what is generated from the native API’s document is fresh (npm run generate)', () => {
  expect(staleFiles()).toEqual([])
})
