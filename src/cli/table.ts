import { stripVTControlCharacters } from 'node:util'

/** Columns of a human table: heading and what it says of a row. */
export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => string
  readonly align?: 'right'
}

/** Text columns padded to their widest cell; colours do not count. The last column is never padded. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [columns.map((c) => c.heading), ...rows.map((row) => columns.map((c) => oneLine(c.cell(row))))]
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i]!))))
  const text = lines.map((cells) =>
    cells
      .map((cell, i) => pad(cell, widths[i]!, columns[i]!.align))
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n\t]+/g, ' ')
const width = (text: string): number => stripVTControlCharacters(text).length

function pad(text: string, to: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, to - width(text)))
  return align === 'right' ? space + text : text + space
}
