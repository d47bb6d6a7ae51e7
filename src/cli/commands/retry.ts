import type { Command } from '../command.ts'
import { findExecution } from '../find-execution.ts'
import { inForeground } from '../foreground.ts'

export const retry: Command = {
  name: 'retry',
  summary: 'run the plan of an execution again, as a new one linked to it',
  arguments: [{ name: '[id]', description: 'id, part of one, or name; the newest when left out' }],
  options: [{ flags: '-f, --follow', description: 'wait, stream its logs, exit with its exit code' }],
  async run(context, args, options) {
    const client = await context.client()
    const { id } = await findExecution(client, args[0])
    const execution = await client.call('retryExecution', { path: { id } })
    if (options.flag('follow')) return inForeground(client, execution, context.output)
    context.output.show(execution, () => `${execution.id}\n`)
    return 0
  },
}
