import type { Paint } from './colour.ts'
import { paintState } from './colour.ts'

/** What of a plan a picture shows. */
export interface Graph {
  readonly steps: readonly GraphStep[]
}

export interface GraphStep {
  readonly name: string
  readonly group: number
  readonly needs: readonly { readonly step: string; readonly until: string }[]
  /** Of a running execution; absent for a plan. */
  readonly state?: string
}

interface Lane {
  readonly from: number
  readonly to: number
  readonly targets: ReadonlySet<number>
}

const MARKS: Readonly<Record<string, string>> = {
  waiting: '○',
  starting: '◔',
  running: '◑',
  stopping: '◕',
  succeeded: '✔',
  failed: '✖',
  stopped: '■',
  skipped: '⊘',
  lost: '?',
}

/**
 * Steps from top to bottom in an order in which they may run, groups under headings; lines at the right lead from each
 * step down to those that wait for it. Conditions other than `succeeded` are written out.
 */
export function drawGraph(graph: Graph, paint: Paint): string {
  const steps = runningOrder(graph.steps)
  const lanes = laneColumns(
    steps.map((step, row) => laneOf(step.name, row, steps)).filter((lane) => lane !== undefined),
  )
  const width = Math.max(...steps.map((s) => s.name.length))
  const groups = new Set(steps.map((s) => s.group))
  const lines = steps.flatMap((step, row) => {
    const heading = groups.size > 1 && steps[row - 1]?.group !== step.group
    const line = rowText(step, row, width, lanes, paint)
    return heading ? [headingText(step.group, row, width, lanes, paint), line] : [line]
  })
  return `${lines.join('\n')}\n`
}

/** Groups in sequence; in each group the steps behind what they need, else as written. */
function runningOrder(steps: readonly GraphStep[]): readonly GraphStep[] {
  const left = [...steps].sort((a, b) => a.group - b.group)
  const placed: GraphStep[] = []
  const names = new Set<string>()
  const all = new Set(steps.map((s) => s.name))
  while (left.length > 0) {
    const group = left[0]!.group
    const ready = left.findIndex(
      (s) => s.group === group && s.needs.every((n) => names.has(n.step) || !all.has(n.step)),
    )
    // A circle has no order: its steps stand as written, and whoever runs it is told.
    const [step] = left.splice(Math.max(0, ready), 1)
    placed.push(step!)
    names.add(step!.name)
  }
  return placed
}

function laneOf(name: string, from: number, steps: readonly GraphStep[]): Lane | undefined {
  const targets = steps.flatMap((s, row) => (row > from && s.needs.some((n) => n.step === name) ? [row] : []))
  return targets.length === 0 ? undefined : { from, to: Math.max(...targets), targets: new Set(targets) }
}

/** Each lane in the first column that is free over its whole length. */
function laneColumns(lanes: readonly Lane[]): readonly (readonly Lane[])[] {
  const columns: Lane[][] = []
  for (const lane of lanes) {
    const free = columns.find((column) => column.every((other) => other.to < lane.from || other.from > lane.to))
    if (free) free.push(lane)
    else columns.push([lane])
  }
  return columns
}

function headingText(
  group: number,
  row: number,
  width: number,
  columns: readonly (readonly Lane[])[],
  paint: Paint,
): string {
  const passing = columns.map((column) => (column.some((l) => l.from < row && row <= l.to) ? '│' : ' '))
  const rails = passing.map((mark) => ` ${mark}`).join('')
  return `${paint('bold', `group ${group}`.padEnd(width + 2))} ${paint('dim', rails)}`.trimEnd()
}

function rowText(
  step: GraphStep,
  row: number,
  width: number,
  columns: readonly (readonly Lane[])[],
  paint: Paint,
): string {
  const lanes = columns.map((column) => column.find((l) => l.from <= row && row <= l.to))
  const touches = (lane: Lane | undefined): boolean =>
    lane !== undefined && (lane.from === row || lane.targets.has(row))
  const last = lanes.findLastIndex(touches)
  const rails = lanes.map((lane, i) => `${i <= last ? '─' : ' '}${railMark(lane, row, i, last)}`).join('')
  const mark = MARKS[step.state ?? 'waiting'] ?? '○'
  const fill = (last >= 0 ? '─' : ' ').repeat(width - step.name.length)
  const painted = paintState(paint, step.state ?? '', `${mark} ${step.name}`)
  return `${painted} ${paint('dim', fill + rails)} ${paint('dim', conditionsText(step))}`.trimEnd()
}

function railMark(lane: Lane | undefined, row: number, column: number, last: number): string {
  const goesOn = column < last
  if (lane === undefined) return goesOn ? '─' : ' '
  if (lane.from === row) return goesOn ? '┬' : '╮'
  if (!lane.targets.has(row)) return '│'
  if (lane.to === row) return goesOn ? '┴' : '╯'
  return goesOn ? '┼' : '┤'
}

const conditionsText = (step: GraphStep): string =>
  step.needs
    .filter((need) => need.until !== 'succeeded')
    .map((need) => `when ${need.step} is ${need.until}`)
    .join(', ')
