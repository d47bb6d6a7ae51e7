import { stringify } from 'yaml'
import type { Command } from '../command.ts'
import { taskReference } from '../task-reference.ts'

export const taskShow: Command = {
  name: 'task show',
  summary: 'print a task as the file that would register it',
  arguments: [{ name: '<task>', description: 'NAME, or NAME:REVISION' }],
  async run(context, args) {
    const client = await context.client()
    const { name, revision } = taskReference(args[0]!)
    const task = await client.call('getTask', { path: { name }, query: { revision } })
    context.output.show(
      task,
      () =>
        `# revision ${task.revision}, ${task.state}, of ${task.registeredAt}\n${stringify({ name, ...task.definition })}`,
    )
    return 0
  },
}
