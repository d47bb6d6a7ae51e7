import type { Command } from '../command.ts'
import { elapsed } from '../elapsed.ts'
import type { Task } from '../native-api.gen.ts'
import type { NativeClient } from '../native-client.ts'
import { table } from '../table.ts'
import { stepsOfDefinition } from '../task-file.ts'

export const taskLs: Command = {
  name: 'task ls',
  summary: 'list tasks, each with its newest revision',
  async run(context) {
    const items = await allTasks(await context.client())
    const now = Date.now()
    context.output.show({ items }, () =>
      items.length === 0
        ? 'no tasks (taskport task apply -f FILE registers them)\n'
        : table(items, [
            { heading: 'TASK', cell: (t) => t.name },
            { heading: 'STATE', cell: (t) => t.state },
            { heading: 'REVISION', cell: (t) => String(t.revision), align: 'right' },
            { heading: 'STEPS', cell: (t) => String(stepsOfDefinition(t.definition).length), align: 'right' },
            { heading: 'SCHEDULE', cell: (t) => t.definition.schedule?.cron ?? '' },
            { heading: 'AGE', cell: (t) => elapsed(now - Date.parse(t.registeredAt)), align: 'right' },
          ]),
    )
    return 0
  },
}

async function allTasks(client: NativeClient): Promise<readonly Task[]> {
  const items: Task[] = []
  let cursor: string | undefined
  do {
    const page = await client.call('listTasks', { query: { cursor, limit: 1_000 } })
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== undefined)
  return items
}
