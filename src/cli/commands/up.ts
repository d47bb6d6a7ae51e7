import { once } from 'node:events'
import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import { configured, optionOf } from '../up-flags.ts'

/** Ends the server together with everything it runs, as --ephemeral does: sent by `taskport down --kill`. */
const END_TASKS = 'SIGQUIT'
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', END_TASKS] as const

export const up: Command = {
  name: 'up',
  summary: 'start a server and stay with it; running tasks outlive its end',
  isServer: true,
  options: async () => (await import('../../server/configuration.ts')).FLAGS.map(optionOf),
  async run(context, _args, options) {
    const { DEFAULT_CONFIGURATION, FLAGS } = await import('../../server/configuration.ts')
    const { serve } = await import('../../server/server.ts')
    const given = configured(FLAGS, options)
    const configuration = { ...DEFAULT_CONFIGURATION, ...given, dataDirectory: context.dataDirectory }
    const server = await serve(configuration).catch((error: unknown) => {
      throw new Failure(error instanceof Error ? error.message : String(error), startHint(error), undefined, error)
    })
    const signal = nextSignal()
    const banner = await server.banner()
    if (context.output.format === 'json') context.output.line({ url: server.url, pid: process.pid })
    else context.output.text(`${banner.join('\n')}\n`)
    const received = await signal
    // Who asks again while it ends does not want to wait.
    for (const name of STOP_SIGNALS) process.on(name, () => process.exit(EXIT_IMPATIENT))
    await server.stop({ endTasks: configuration.ephemeral || received === END_TASKS })
    return 0
  },
}

const EXIT_IMPATIENT = 130

async function nextSignal(): Promise<string> {
  const heard = new AbortController()
  try {
    return await Promise.race(
      STOP_SIGNALS.map((name) => once(process, name, { signal: heard.signal }).then(() => name)),
    )
  } finally {
    heard.abort()
  }
}

function startHint(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return 'stop what listens there (`taskport down`), or choose another: --port 0 takes any free one'
  if (code === 'EACCES') return 'choose a directory and a port that this user may use: --data-dir, --port'
  return '`taskport doctor` looks at what this machine offers'
}
