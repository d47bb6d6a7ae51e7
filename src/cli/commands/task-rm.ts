import type { Command } from '../command.ts'
import { showEach } from '../show-each.ts'
import { taskReference } from '../task-reference.ts'

export const taskRm: Command = {
  name: 'task rm',
  summary: 'deactivate tasks: no new executions, no schedule; what runs goes on',
  arguments: [{ name: '<task...>', description: 'NAME for all revisions, or NAME:REVISION' }],
  async run(context, args) {
    const client = await context.client()
    const removed = args.map(taskReference)
    for (const { name, revision } of removed) await client.call('deleteTask', { path: { name }, query: { revision } })
    showEach(context.output, removed, (task) => task.name)
    return 0
  },
}
