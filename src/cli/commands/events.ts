import type { Paint } from '../colour.ts'
import { paintState } from '../colour.ts'
import type { Command } from '../command.ts'
import { findExecution } from '../find-execution.ts'
import { Interrupts } from '../interrupts.ts'
import type { Event, EventPage } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import type { Output } from '../output.ts'
import { wholeNumber } from '../pairs.ts'
import { persistently } from '../persistence.ts'

const PAGE = 1_000

export const events: Command = {
  name: 'events',
  summary: 'print what happened, or follow it: every transition of one execution, or of all',
  arguments: [{ name: '[id]', description: 'id, part of one, or name; all executions when left out' }],
  options: [
    { flags: '-f, --follow', description: 'until Ctrl-C' },
    { flags: '--kind <kind>', description: 'only of this kind, such as execution.state', repeats: true },
    { flags: '--after <cursor>', description: 'begin after this cursor' },
    { flags: '--limit <n>', description: 'stop after so many' },
  ],
  async run(context, args, options) {
    const client = await context.client()
    const id = args[0] === undefined ? undefined : (await findExecution(client, args[0])).id
    const kinds = options.list('kind')
    const limit = wholeNumber(options.text('limit'), '--limit') ?? Number.POSITIVE_INFINITY
    const print = printer(context.output)
    const cursor = await printPages(client, id, { after: options.text('after'), kinds }, limit, print)
    if (options.flag('follow')) await follow(client, id, cursor, kinds, print)
    return 0
  },
}

interface From {
  readonly after: string | undefined
  readonly kinds: readonly string[]
}

async function printPages(
  client: NativeClient,
  id: string | undefined,
  from: From,
  limit: number,
  print: (event: Event) => void,
): Promise<string> {
  let left = limit
  let { after } = from
  for (;;) {
    const query = { after, kinds: from.kinds, limit: Math.min(PAGE, left) }
    const page: EventPage = await (id === undefined
      ? client.call('listEvents', { query })
      : client.call('listExecutionEvents', { path: { id }, query }))
    page.items.forEach(print)
    left -= page.items.length
    if (page.items.length < query.limit || left <= 0) return page.cursor
    after = page.cursor
  }
}

async function follow(
  client: NativeClient,
  id: string | undefined,
  cursor: string,
  kinds: readonly string[],
  print: (event: Event) => void,
): Promise<void> {
  const following = new AbortController()
  const interrupts = new Interrupts(() => following.abort())
  const open = (lastId: string | undefined) => {
    const query = { after: lastId ?? cursor, kinds }
    return id === undefined
      ? client.stream('listEvents', { query }, following.signal)
      : client.stream('listExecutionEvents', { path: { id }, query }, following.signal)
  }
  try {
    for await (const item of persistently(open, following.signal, () => undefined))
      print(JSON.parse(item.data) as Event)
  } finally {
    interrupts.stop()
  }
}

const printer =
  (output: Output) =>
  (event: Event): void =>
    output.format === 'json' ? output.line(event) : output.text(`${eventText(event, output.paint)}\n`)

function eventText(event: Event, paint: Paint): string {
  const subject = event.step === undefined ? event.kind : `${event.kind} ${paint('bold', event.step)}`
  const change = event.to === undefined ? '' : ` ${event.from ?? ''} → ${paintState(paint, event.to)}`
  const details = [
    event.exit && `${event.exit.outcome} ${event.exit.code ?? event.exit.signal ?? ''}`.trim(),
    event.health,
    event.node && `on ${event.node}`,
    event.keys?.join(', '),
    event.names?.join(', '),
    event.notBefore && `not before ${event.notBefore}`,
    event.reason?.message,
  ].filter(Boolean)
  const tail = details.length > 0 ? ` (${details.join('; ')})` : ''
  return `${paint('dim', event.at)} ${paint('dim', event.execution.slice(-12))} ${subject}${change}${tail}`
}
