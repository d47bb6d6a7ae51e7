import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'

const LOOK_MS = 50
const PATIENCE_MS = 60_000

export const down: Command = {
  name: 'down',
  summary: 'stop the server of this data directory; running tasks go on',
  isServer: true,
  options: [
    { flags: '--data-dir <dir>', description: 'data directory of the server (./.taskport)' },
    { flags: '--kill', description: 'end every running task too' },
  ],
  async run(context, _args, options) {
    const { readServerFile } = await import('../../server/server-file.ts')
    const server = readServerFile(context.dataDirectory)
    const kill = options.flag('kill') || server?.ephemeral === true
    if (server) await end(server, kill)
    else if (kill && existsSync(context.dataDirectory)) await endLeftovers(context)
    else
      throw new Failure(
        `no server runs on the data directory ${context.dataDirectory}`,
        'name another with --data-dir; tasks that a dead server left running end with --kill',
      )
    context.output.show({ stopped: server?.url ?? null, endedTasks: kill }, () =>
      kill
        ? 'stopped, with every task\n'
        : 'stopped; running tasks go on and are found again by the next `taskport up`\n',
    )
    return 0
  },
}

type ServerFacts = NonNullable<ReturnType<typeof import('../../server/server-file.ts').readServerFile>>

async function end(server: ServerFacts, endTasks: boolean): Promise<void> {
  const { isRunning } = await import('../../server/server-file.ts')
  process.kill(server.pid, endTasks ? 'SIGQUIT' : 'SIGTERM')
  const deadline = performance.now() + PATIENCE_MS
  while (isRunning(server)) {
    if (performance.now() > deadline)
      throw new Failure(`the server (pid ${server.pid}) does not end`, `look at its output, or: kill -9 ${server.pid}`)
    await sleep(LOOK_MS)
  }
}

/** Tasks outlive a server that was killed; a server that finds them again can end them. */
async function endLeftovers(context: Context): Promise<void> {
  const { DEFAULT_CONFIGURATION } = await import('../../server/configuration.ts')
  const { serve } = await import('../../server/server.ts')
  const server = await serve({ ...DEFAULT_CONFIGURATION, dataDirectory: context.dataDirectory, port: 0 })
  await server.stop({ endTasks: true })
}
