import type { Command } from '../command.ts'
import { isFinal } from '../execution-follower.ts'
import { findExecution } from '../find-execution.ts'
import type { NativeClient } from '../native-client.ts'
import { showEach } from '../show-each.ts'

export const rm: Command = {
  name: 'rm',
  summary: 'delete finished executions and their logs',
  arguments: [{ name: '<id...>', description: 'ids, parts of ids, or names' }],
  options: [{ flags: '-f, --force', description: 'end what still runs first: SIGKILL, without a grace period' }],
  async run(context, args, options) {
    const client = await context.client()
    const removed: { readonly id: string }[] = []
    for (const text of args) {
      const execution = await findExecution(client, text)
      const { id } = execution
      if (options.flag('force') && !isFinal(execution)) await endNow(client, id)
      await client.call('deleteExecution', { path: { id } })
      removed.push({ id })
    }
    showEach(context.output, removed, ({ id }) => id)
    return 0
  },
}

async function endNow(client: NativeClient, id: string): Promise<void> {
  const path = { id }
  await client.call('stopExecution', { path, body: { grace: '0s', message: 'deleted by force' } })
  while (!isFinal(await client.call('waitExecution', { path, query: { timeout: '30s' } })));
}
