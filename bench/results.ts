/**
 * RESULTS.md: one section a benchmark, each with the machine, the versions, the date and the load of its own run, so
 * that running one rewrites only its own.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Figure } from './engine/figure.ts'

const FILE = fileURLToPath(new URL('./RESULTS.md', import.meta.url))
const HEAD = `# Results

Written by \`npm run bench\`; not edited by hand. A ratio compares both sides in one run, by turns, on one machine that
client, server, cells and programs share. What each benchmark does stands at its top.
`

/** The machine as it is before a benchmark; its load tells whether it was alone. */
export const machineLine = (): string =>
  [
    new Date().toISOString().slice(0, 16).replace('T', ' '),
    `${cpus().length} × ${cpus()[0]?.model}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    `load before ${loadavg()[0]!.toFixed(1)}`,
  ].join(' · ')

/** Puts what `name` printed into its section. */
export function recordResults(name: string, machine: string, lines: readonly string[]): void {
  const sections = readSections()
  sections.set(name, `${machine}\n\n${tableOf(lines)}${textOf(lines)}`)
  const body = [...sections]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `## ${title}\n\n${text.trim()}\n`)
  writeFileSync(FILE, [HEAD, ...body].join('\n'))
}

function readSections(): Map<string, string> {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const parts = text.split(/^## /m).slice(1)
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]))
}

function figureOf(line: string): Figure | undefined {
  try {
    const found = JSON.parse(line) as Partial<Figure> | null
    return typeof found?.figure === 'string' ? (found as Figure) : undefined
  } catch {
    return undefined
  }
}

function tableOf(lines: readonly string[]): string {
  const figures = lines.map(figureOf).filter((figure) => figure !== undefined)
  if (figures.length === 0) return ''
  const rows = figures.map(({ figure, value, unit, base, ratio, wanted }) => [
    figure,
    `${value} ${unit}`.trim(),
    base ? `${base.name}: ${base.value}` : '',
    ratio === undefined ? '' : String(ratio),
    wanted ?? '',
  ])
  const head = ['', 'measured', 'against', 'ratio', 'wanted']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

/** What was not said as a figure, as it was said. */
function textOf(lines: readonly string[]): string {
  const others = lines.filter((line) => line.trim() !== '' && figureOf(line) === undefined)
  return others.length === 0 ? '' : `\n\`\`\`\n${others.join('\n')}\n\`\`\`\n`
}
