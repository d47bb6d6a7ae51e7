import type { Command } from '../command.ts'
import { inForeground } from '../foreground.ts'
import { sharedFields } from '../submission-flags.ts'
import { taskReference } from '../task-reference.ts'

export const taskRun: Command = {
  name: 'task run',
  summary: 'run a registered task: wait, stream its logs, exit with its exit code',
  arguments: [{ name: '<task>', description: 'NAME, or NAME:REVISION' }],
  options: [
    { flags: '-n, --name <name>', description: 'name shown to users' },
    { flags: '-e, --env <K=V>', description: 'environment variable of every step', repeats: true },
    { flags: '-l, --label <k=v>', description: 'label to find it by', repeats: true },
    { flags: '--timeout <duration>', description: 'time limit, such as 30s or 1h30m' },
    { flags: '--retries <n>', description: 'try again after a failure, at most n times' },
    { flags: '--priority <n>', description: 'higher goes first' },
    { flags: '--no-queue', description: 'fail at once when there is no room, instead of waiting' },
    { flags: '-d, --detach', description: 'print the id and return' },
  ],
  async run(context, args, options) {
    const client = await context.client()
    const { output } = context
    const task = taskReference(args[0]!)
    const execution = await client.call('submitExecution', { body: { ...sharedFields(options), task } })
    if (options.flag('detach')) {
      output.show(execution, () => `${execution.id}\n`)
      return 0
    }
    return inForeground(client, execution, output)
  },
}
