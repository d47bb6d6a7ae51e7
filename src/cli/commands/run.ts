import type { Command } from '../command.ts'
import { inForeground } from '../foreground.ts'
import { SUBMISSION_OPTIONS, submissionOf } from '../submission-flags.ts'

export const run: Command = {
  name: 'run',
  summary: 'run a command as a task: wait, stream its logs, exit with its exit code',
  arguments: [{ name: '[command...]', description: 'program and arguments' }],
  options: [...SUBMISSION_OPTIONS, { flags: '-d, --detach', description: 'print the id and return' }],
  passesThrough: true,
  examples: [
    "taskport run -- sh -c 'echo hi; sleep 1; echo done'",
    'taskport run --timeout 10m --retries 2 --memory 512M -- pg_dump -f /tmp/dump',
    'taskport run --mount . --workdir "$PWD" -- make test     (the server: taskport up --allow-bind .)',
    "taskport run --step 'build=make' --step 'test(build)=make test'",
  ],
  async run(context, args, options) {
    const body = submissionOf(args, options)
    const client = await context.client()
    const { output } = context
    const execution = await client.call('submitExecution', { body })
    if (options.flag('detach')) {
      output.show(execution, () => `${execution.id}\n`)
      return 0
    }
    return inForeground(client, execution, output)
  },
}
