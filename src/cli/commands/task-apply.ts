import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'
import { Refused } from '../native-client.ts'
import { showEach } from '../show-each.ts'
import type { TaskInFile } from '../task-file.ts'
import { readTaskFile } from '../task-file.ts'

export const taskApply: Command = {
  name: 'task apply',
  summary: 'register the tasks of a YAML file: a new revision of each that changed',
  options: [
    { flags: '-f, --file <file>', description: 'task file, - for stdin', required: true },
    { flags: '--check', description: 'only look whether the file is right; no server is asked' },
  ],
  examples: ['taskport task apply -f release.yaml', 'taskport task run release'],
  async run(context, _args, options) {
    const tasks = readTaskFile(options.text('file')!)
    if (options.flag('check')) {
      showEach(
        context.output,
        tasks.map(({ name }) => ({ name })),
        ({ name }) => `${name} is right`,
      )
      return 0
    }
    const client = await context.client()
    const applied = []
    for (const task of tasks) {
      const put = client.call('putTask', { path: { name: task.name }, body: task.definition })
      applied.push(await put.catch((error: unknown) => Promise.reject(placed(error, task))))
    }
    showEach(context.output, applied, (task) => `${task.name}:${task.revision}`)
    return 0
  },
}

/** What the server refuses, with the line and column of the field that it names. */
function placed(error: unknown, task: TaskInFile): unknown {
  if (!(error instanceof Refused) || error.field === undefined) return error
  return new Failure(`${task.locate(error.field)}: ${error.message}`, error.next, error.exitCode, error)
}
