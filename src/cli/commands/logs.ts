import type { Command, Options } from '../command.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { findExecution } from '../find-execution.ts'
import { Interrupts } from '../interrupts.ts'
import type { LineSink, LogQuery, StepLine } from '../log-follower.ts'
import { followLog } from '../log-follower.ts'
import { logPrinter } from '../log-printer.ts'
import { momentOf } from '../moment.ts'
import type { Execution } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import { wholeNumber } from '../pairs.ts'

const PAGE = 10_000

export const logs: Command = {
  name: 'logs',
  summary: 'print the logs of an execution, or follow them: all steps in order of time',
  arguments: [{ name: '[id]', description: 'id, part of one, or name; the newest when left out' }],
  options: [
    { flags: '-f, --follow', description: 'until it is over' },
    { flags: '--since <time>', description: 'from this RFC 3339 time, or this long ago (5m), on' },
    { flags: '--until <time>', description: 'before this time' },
    { flags: '--tail <n>', description: 'begin with the last n lines' },
    { flags: '--step <step>', description: 'only of this step' },
    { flags: '--attempt <n>', description: 'only of this attempt' },
    { flags: '-t, --timestamps', description: 'put the time of arrival before each line' },
  ],
  async run(context, args, options) {
    const client = await context.client()
    const execution = await findExecution(client, args[0])
    const step = options.text('step')
    const names = execution.steps.map((s) => s.name)
    if (step !== undefined && !names.includes(step))
      throw new Failure(`it has no step ${step}`, `its steps: ${names.join(', ')}`)
    const print = printerOf(context, options, step === undefined && names.length > 1)
    const after = await printTail(client, execution, options, print)
    const query = after === undefined ? queryOf(options) : { ...stepOf(options), after }
    if (options.flag('follow')) await follow(client, execution.id, query, print)
    else if (after === undefined) await printAll(client, execution.id, query, print)
    return 0
  },
}

/** Prints lines, those of one attempt where one was asked for. */
function printerOf(context: Context, options: Options, names: boolean): LineSink {
  const print = logPrinter(context.output, () => ({ names, timestamps: options.flag('timestamps') }))
  const number = wholeNumber(options.text('attempt'), '--attempt')
  if (number === undefined) return print
  return async (line: StepLine) => {
    if (line.attempt?.endsWith(`:${number}`)) await print(line)
  }
}

function queryOf(options: Options): LogQuery {
  return { ...stepOf(options), ...momentOf(options, 'since'), ...momentOf(options, 'until') }
}

function stepOf(options: Options): LogQuery {
  const step = options.text('step')
  return step === undefined ? {} : { step: [step] }
}

/** Where --tail asks for the last lines: prints them and answers what comes behind. */
async function printTail(
  client: NativeClient,
  { id }: Execution,
  options: Options,
  print: LineSink,
): Promise<string | undefined> {
  const wanted = wholeNumber(options.text('tail'), '--tail')
  if (wanted === undefined) return undefined
  const pages: StepLine[][] = []
  let after: string | undefined
  let before: string | undefined
  for (let left = wanted; after === undefined || left > 0; ) {
    const where = before === undefined ? { newest: true } : { before }
    const query = { ...queryOf(options), ...where, limit: Math.min(PAGE, Math.max(1, left)) }
    const page = await client.call('getExecutionLog', { path: { id }, query })
    after ??= page.after
    before = page.before
    pages.push(left === 0 ? [] : (page.lines as StepLine[]))
    left -= page.lines.length
    if (page.end) break
  }
  for (const lines of pages.reverse()) for (const line of lines) await print(line)
  return after
}

async function printAll(client: NativeClient, id: string, query: LogQuery, print: LineSink): Promise<void> {
  for (let after: string | undefined; ; ) {
    const asked = after === undefined ? query : { ...query, after }
    const page = await client.call('getExecutionLog', { path: { id }, query: { ...asked, limit: PAGE } })
    for (const line of page.lines) await print(line as StepLine)
    if (page.lines.length === 0 || page.end) return
    after = page.after
  }
}

async function follow(client: NativeClient, id: string, query: LogQuery, print: LineSink): Promise<void> {
  const following = new AbortController()
  const interrupts = new Interrupts(() => following.abort())
  try {
    await followLog(client, id, query, print, following.signal)
  } finally {
    following.abort()
    interrupts.stop()
  }
}
