import type { Paint } from '../colour.ts'
import { paintState } from '../colour.ts'
import type { Command } from '../command.ts'
import { isFinalState } from '../execution-follower.ts'
import { findExecution } from '../find-execution.ts'
import { Interrupts } from '../interrupts.ts'
import { momentOf } from '../moment.ts'
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
    {
      flags: '-f, --follow',
      description: 'what happens from now on, until Ctrl-C; of one: all of it, until it is over',
    },
    { flags: '--kind <kind>', description: 'only of this kind, such as execution.state', repeats: true },
    { flags: '--since <time>', description: 'from this RFC 3339 time, or this long ago (5m), on' },
    { flags: '--after <cursor>', description: 'begin after this cursor' },
    { flags: '--limit <n>', description: 'stop after so many' },
  ],
  examples: ['taskport events -f --kind execution.state', 'taskport events -f my-task', 'taskport events --since 10m'],
  async run(context, args, options) {
    const client = await context.client()
    const id = args[0] === undefined ? undefined : (await findExecution(client, args[0])).id
    const limit = wholeNumber(options.text('limit'), '--limit') ?? Number.POSITIVE_INFINITY
    const telling = new Telling(id !== undefined, options.list('kind'), limit, printer(context.output))
    const isFollowed = options.flag('follow')
    const from = { after: options.text('after'), ...momentOf(options, 'since') }
    const isStory = id !== undefined || !isFollowed || from.after !== undefined || from.since !== undefined
    const cursor = await tellPast(client, id, isStory ? from : { after: await now(client) }, telling)
    if (isFollowed && !telling.isOver) await tellNews(client, id, cursor, telling)
    return 0
  },
}

/** The cursor of this moment: a list's, so that a stream that breaks at once misses nothing. */
const now = async (client: NativeClient): Promise<string> =>
  (await client.call('listExecutions', { query: { limit: 1 } })).watch

/** Prints what was asked for, until there is enough of it, or the one execution it is about has ended. */
class Telling {
  /** What the server is asked for: of one execution everything, since its end is waited for. */
  readonly kinds: readonly string[]
  isOver = false
  readonly #isOfOne: boolean
  readonly #shown: ReadonlySet<string>
  readonly #print: (event: Event) => void
  #left: number

  constructor(isOfOne: boolean, kinds: readonly string[], limit: number, print: (event: Event) => void) {
    this.kinds = isOfOne ? [] : kinds
    this.#isOfOne = isOfOne
    this.#shown = new Set(kinds)
    this.#print = print
    this.#left = limit
  }

  tell(event: Event): void {
    if (this.isOver) return
    if (this.#shown.size === 0 || this.#shown.has(event.kind)) {
      this.#print(event)
      this.#left -= 1
    }
    this.isOver = this.#left <= 0 || (this.#isOfOne && isEnd(event))
  }
}

const isEnd = ({ kind, to }: Event): boolean =>
  kind === 'execution.removed' || (kind === 'execution.state' && to !== undefined && isFinalState(to))

/** Resolves with the cursor behind what is stored. */
async function tellPast(
  client: NativeClient,
  id: string | undefined,
  from: { readonly after: string | undefined; readonly since?: string },
  telling: Telling,
): Promise<string> {
  for (let query = { ...from, kinds: telling.kinds, limit: PAGE }; ; ) {
    const page: EventPage = await (id === undefined
      ? client.call('listEvents', { query })
      : client.call('listExecutionEvents', { path: { id }, query }))
    for (const event of page.items) telling.tell(event)
    if (telling.isOver || page.items.length < PAGE) return page.cursor
    query = { kinds: telling.kinds, limit: PAGE, after: page.cursor }
  }
}

async function tellNews(client: NativeClient, id: string | undefined, cursor: string, telling: Telling): Promise<void> {
  const following = new AbortController()
  const interrupts = new Interrupts(() => following.abort())
  const open = (lastId: string | undefined) => {
    const query = { after: lastId ?? cursor, kinds: telling.kinds }
    return id === undefined
      ? client.stream('listEvents', { query }, following.signal)
      : client.stream('listExecutionEvents', { path: { id }, query }, following.signal)
  }
  try {
    for await (const item of persistently(open, following.signal, () => undefined)) {
      telling.tell(JSON.parse(item.data) as Event)
      if (telling.isOver) return
    }
  } finally {
    following.abort()
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
