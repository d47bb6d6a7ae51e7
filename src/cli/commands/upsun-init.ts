import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../command.ts'
import { Failure } from '../failure.ts'

const CONFIG = `# Tasks of this project: \`taskport upsun deploy . --project demo --environment main\` deploys them,
# \`upsun task:run hello -p demo -e main --wait\` runs one.
tasks:
  hello:
    type: "nodejs:24"
    hooks:
      build: |
        set -e
        echo "built in $PLATFORM_APP_DIR" > built.txt
    run:
      command: |
        echo "Hello, $WHO, from $PLATFORM_APPLICATION_NAME"
        cat built.txt
      timeout: 60
    variables:
      env:
        WHO: world
`

export const upsunInit: Command = {
  name: 'upsun init',
  summary: 'write a first .upsun/config.yaml with one task',
  arguments: [{ name: '[dir]', description: 'where (.)' }],
  isServer: true,
  formats: ['human'],
  async run(context, [directory = '.']) {
    const path = join(directory, '.upsun', 'config.yaml')
    if (existsSync(path)) throw new Failure(`${path} is there already`, 'deploy it: taskport upsun deploy')
    mkdirSync(join(directory, '.upsun'), { recursive: true })
    writeFileSync(path, CONFIG)
    context.output.text(`${path}\n`)
    context.output.note(`next: taskport upsun deploy ${directory} --project demo --environment main`)
    return 0
  },
}
