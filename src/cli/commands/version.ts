import type { Command } from '../command.ts'
import { packageVersion } from '../package-version.ts'

export const version: Command = {
  name: 'version',
  summary: 'print the version of the command and of Node',
  async run(context) {
    const versions = { taskport: packageVersion(), node: process.versions.node }
    context.output.show(versions, () => `taskport ${versions.taskport} (node ${versions.node})\n`)
    return 0
  },
}
