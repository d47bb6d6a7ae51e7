import type { Command } from '../command.ts'
import { findExecution } from '../find-execution.ts'
import { showEach } from '../show-each.ts'

export const rm: Command = {
  name: 'rm',
  summary: 'delete finished executions and their logs',
  arguments: [{ name: '<id...>', description: 'ids, parts of ids, or names' }],
  async run(context, args) {
    const client = await context.client()
    const removed: { readonly id: string }[] = []
    for (const text of args) {
      const { id } = await findExecution(client, text)
      await client.call('deleteExecution', { path: { id } })
      removed.push({ id })
    }
    showEach(context.output, removed, ({ id }) => id)
    return 0
  },
}
