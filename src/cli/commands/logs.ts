import type { Command, Options } from '../command.ts'
import { durationText } from '../duration.ts'
import { followExecution } from '../execution-follower.ts'
import { Failure } from '../failure.ts'
import { findExecution } from '../find-execution.ts'
import { Interrupts } from '../interrupts.ts'
import type { LineSink, LogQuery } from '../log-follower.ts'
import { LogFollower } from '../log-follower.ts'
import { logPrinter } from '../log-printer.ts'
import type { Execution } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import { wholeNumber } from '../pairs.ts'

const PAGE = 10_000

export const logs: Command = {
  name: 'logs',
  summary: 'print the logs of an execution, or follow them',
  arguments: [{ name: '[id]', description: 'id, part of one, or name; the newest when left out' }],
  options: [
    { flags: '-f, --follow', description: 'until it is over' },
    { flags: '--since <time>', description: 'from this RFC 3339 time, or this long ago (5m), on' },
    { flags: '--tail <n>', description: 'begin with the last n lines of each step' },
    { flags: '--step <step>', description: 'only of this step' },
    { flags: '--attempt <n>', description: 'of this attempt instead of the newest' },
    { flags: '-t, --timestamps', description: 'put the time of arrival before each line' },
  ],
  async run(context, args, options) {
    const client = await context.client()
    const execution = await findExecution(client, args[0])
    const step = options.text('step')
    const steps = execution.steps.filter((s) => s.kind === 'run' && (step === undefined || s.name === step))
    if (step !== undefined && steps.length === 0)
      throw new Failure(`it has no step ${step}`, `its steps: ${execution.steps.map((s) => s.name).join(', ')}`)
    const style = { names: steps.length > 1, timestamps: options.flag('timestamps') }
    const print = logPrinter(context.output, () => style)
    if (options.flag('follow')) await follow(client, execution, step, queryOf(options), print)
    else for (const { name } of steps) await printAll(client, execution.id, name, queryOf(options), print)
    return 0
  },
}

function queryOf(options: Options): LogQuery {
  const since = options.text('since')
  const last = wholeNumber(options.text('tail'), '--tail')
  const attempt = wholeNumber(options.text('attempt'), '--attempt')
  const isTime = since !== undefined && /^\d{4}-/.test(since)
  const from =
    last !== undefined
      ? { last }
      : since !== undefined
        ? { since: isTime ? since : durationText(since, '--since') }
        : { seq: 0 }
  return { ...from, ...(attempt !== undefined && { attempt }) }
}

async function printAll(
  client: NativeClient,
  id: string,
  step: string,
  query: LogQuery,
  print: LineSink,
): Promise<void> {
  const { attempt } = query
  let from: LogQuery = query
  for (;;) {
    const page = await client.call('getStepLog', { path: { id, step }, query: { ...from, limit: PAGE } })
    for (const line of page.lines) await print({ ...line, step })
    if (page.lines.length === 0 || page.end) return
    from = { seq: page.next, ...(attempt !== undefined && { attempt }) }
  }
}

async function follow(
  client: NativeClient,
  known: Execution,
  step: string | undefined,
  query: LogQuery,
  print: LineSink,
): Promise<void> {
  const following = new AbortController()
  const interrupts = new Interrupts(() => following.abort())
  const follower = new LogFollower(client, known.id, query, print, following.signal)
  try {
    for await (const execution of followExecution(client, known.id, following.signal)) follower.seen(execution, step)
    await follower.done()
  } finally {
    following.abort()
    interrupts.stop()
  }
}
