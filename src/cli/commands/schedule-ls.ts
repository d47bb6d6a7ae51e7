import type { Command } from '../command.ts'
import { table } from '../table.ts'

export const scheduleLs: Command = {
  name: 'schedule ls',
  summary: 'list schedules with their next and last times',
  async run(context) {
    const list = await (await context.client()).call('listSchedules', {})
    context.output.show(list, () =>
      list.items.length === 0
        ? 'no schedules (a task file’s `schedule:` makes one)\n'
        : table(list.items, [
            { heading: 'TASK', cell: (s) => `${s.task}:${s.revision}` },
            { heading: 'CRON', cell: (s) => s.cron },
            { heading: 'TIME ZONE', cell: (s) => s.timezone },
            { heading: 'NEXT', cell: (s) => (s.paused ? 'paused' : (s.nextAt ?? '')) },
            { heading: 'LAST', cell: (s) => s.lastAt ?? '' },
            { heading: 'OVERLAP', cell: (s) => s.overlap },
            { heading: 'CATCH UP', cell: (s) => s.catchUp },
          ]),
    )
    return 0
  },
}
