import type { Paint } from '../colour.ts'
import { paintState } from '../colour.ts'
import type { Command, Options } from '../command.ts'
import { elapsed, runTime } from '../elapsed.ts'
import type { Execution, ExecutionList, Operations } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import type { Output } from '../output.ts'
import { wholeNumber } from '../pairs.ts'
import type { Column } from '../table.ts'
import { table } from '../table.ts'
import { watchAll } from '../watch-all.ts'

const STATES = ['pending', 'starting', 'running', 'stopping', 'succeeded', 'failed', 'cancelled', 'lost'] as const

export const ps: Command = {
  name: 'ps',
  summary: 'list executions, newest first',
  options: [
    { flags: '-a, --all', description: 'finished ones too' },
    { flags: '-s, --state <state>', description: 'only in this state', choices: STATES, repeats: true },
    { flags: '-t, --task <name>', description: 'only of this task', repeats: true },
    {
      flags: '-l, --label <k=v>',
      description: 'only with this label; with several values of one name: any of them',
      repeats: true,
    },
    { flags: '--name <name>', description: 'only with this name', repeats: true },
    { flags: '--face <face>', description: 'only accepted by this API', repeats: true },
    { flags: '--limit <n>', description: 'at most so many (100)' },
    { flags: '-w, --watch', description: 'again after each change, until Ctrl-C' },
  ],
  async run(context, _args, options) {
    const client = await context.client()
    const query = queryOf(options)
    const limit = wholeNumber(options.text('limit'), '--limit') ?? USUAL
    const show = async (): Promise<string> => {
      const list = await listOf(client, query, limit)
      print(list, context.output)
      return list.watch
    }
    if (options.flag('watch')) await watchAll(client, context.output, show)
    else await show()
    return 0
  },
}

const PAGE = 1_000
const USUAL = 100

type Query = Operations['listExecutions']['query']

function queryOf(options: Options): Query {
  const state = options.list('state') as Query['state']
  const isOpen = options.flag('all') || (state?.length ?? 0) > 0
  return {
    state,
    active: isOpen ? undefined : true,
    task: options.list('task'),
    name: options.list('name'),
    face: options.list('face') as Query['face'],
    label: options.list('label'),
  }
}

/** As many as are wanted, page by page; `next` is left where there are more. */
async function listOf(client: NativeClient, query: Query, limit: number): Promise<ExecutionList> {
  const first = await client.call('listExecutions', { query: { ...query, limit: Math.min(PAGE, limit) } })
  const items = [...first.items]
  let { next } = first
  while (next !== undefined && items.length < limit) {
    const page = { ...query, limit: Math.min(PAGE, limit - items.length), cursor: next }
    const more = await client.call('listExecutions', { query: page })
    items.push(...more.items)
    next = more.next
  }
  // From before the first page: whoever watches from there misses nothing.
  return { items, watch: first.watch, ...(next !== undefined && { next }) }
}

function print(list: ExecutionList, output: Output): void {
  output.show(list, () =>
    list.items.length === 0
      ? 'nothing here (taskport ps -a shows finished ones too)\n'
      : table(list.items, columns(output.paint, Date.now())),
  )
  if (list.next !== undefined) output.note(output.paintNote('dim', '… and more: --limit says how many'))
}

const columns = (paint: Paint, now: number): readonly Column<Execution>[] => [
  { heading: 'ID', cell: (e) => e.id },
  { heading: 'NAME', cell: (e) => e.name ?? (e.task ? `${e.task.name}:${e.task.revision}` : '') },
  { heading: 'STATE', cell: (e) => paintState(paint, e.state) },
  { heading: 'EXIT', cell: (e) => (e.exitCode === undefined ? '' : String(e.exitCode)), align: 'right' },
  { heading: 'AGE', cell: (e) => elapsed(now - Date.parse(e.acceptedAt)), align: 'right' },
  { heading: 'RAN', cell: (e) => runTime(e.startedAt, e.finishedAt, now), align: 'right' },
  { heading: 'WHY', cell: (e) => (e.state === 'succeeded' ? '' : ((e.waiting?.reason ?? e.reason)?.message ?? '')) },
]
