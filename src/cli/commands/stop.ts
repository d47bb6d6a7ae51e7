import { paintState } from '../colour.ts'
import type { Command } from '../command.ts'
import { durationText } from '../duration.ts'
import { findExecution } from '../find-execution.ts'
import type { Execution } from '../native-api.gen.ts'
import { showEach } from '../show-each.ts'

export const stop: Command = {
  name: 'stop',
  alias: 'cancel',
  summary: 'stop executions: stop signal, grace period, SIGKILL to the whole process tree',
  arguments: [{ name: '<id...>', description: 'ids, parts of ids, or names' }],
  options: [
    { flags: '--grace <duration>', description: 'between the signal and SIGKILL, instead of each step’s own' },
    { flags: '-m, --message <text>', description: 'why, for whoever looks later' },
  ],
  async run(context, args, options) {
    const client = await context.client()
    const grace = options.text('grace')
    const body = {
      message: options.text('message'),
      ...(grace !== undefined && { grace: durationText(grace, '--grace') }),
    }
    const stopped: Execution[] = []
    for (const text of args) {
      const { id } = await findExecution(client, text)
      stopped.push(await client.call('stopExecution', { path: { id }, body }))
    }
    showEach(context.output, stopped, (e) => `${e.id} ${paintState(context.output.paint, e.state)}`)
    return 0
  },
}
