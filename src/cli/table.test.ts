import { styleText } from 'node:util'
import { expect, test } from 'vitest'
import { elapsed } from './elapsed.ts'
import { table } from './table.ts'

test('columns line up whatever the colours, and a cell stays on its line', () => {
  const red = styleText('red', 'failed', { validateStream: false })
  const text = table(
    [
      { id: 'a', state: red, ran: '5s' },
      { id: 'long-one', state: 'ok', ran: '1m 5s\nand more' },
    ],
    [
      { heading: 'ID', cell: (r) => r.id },
      { heading: 'STATE', cell: (r) => r.state },
      { heading: 'RAN', cell: (r) => r.ran, align: 'right' },
    ],
  )
  expect(text.replaceAll(red, 'failed')).toBe(
    'ID        STATE              RAN\na         failed              5s\nlong-one  ok      1m 5s and more\n',
  )
})

test('a span of time is told in its two largest units', () => {
  const spans = [0, 340, 1_500, 12_000, 65_000, 3_600_000, 3_900_000, 90_000_000]
  expect(spans.map(elapsed)).toEqual(['0ms', '340ms', '1.5s', '12s', '1m 5s', '1h', '1h 5m', '1d 1h'])
})
