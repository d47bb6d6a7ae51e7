import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientOutput } from './client-output.mjs'

const CLI = fileURLToPath(new URL('../../node_modules/@upsun/cli-linux-x64/bin/upsun', import.meta.url))

const CONFIG = `tasks:
  report:
    type: "python:3.11"
    hooks: { build: "echo built in $PLATFORM_APP_DIR > built.txt" }
    run: { command: "cat built.txt; echo \\"hello from Upsun, $WHO\\"", timeout: 60 }
`

/** Upsun by its own command line: a deployed tree, a run with a variable of its own, its log and its activity. */
export async function upsun({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('upsun') || !existsSync(CLI)) return
  heading('Upsun: the upsun command line, unmodified')
  const home = mkdtempSync(join(tmpdir(), 'taskport-demo-upsun-'))
  try {
    mkdirSync(join(home, 'tree', '.upsun'), { recursive: true })
    writeFileSync(join(home, 'tree', '.upsun', 'config.yaml'), CONFIG)
    await capture(['upsun', 'deploy', join(home, 'tree'), '--project', 'demo', '--type', 'development'])
    say('taskport upsun deploy → built, deployed to demo main')
    const run = ['task:run', 'report', '-p', 'demo', '-e', 'main', '--wait', '--variable', 'env:WHO=you']
    const { code, text } = await command(run, home, environment)
    for (const line of text.split('\n').filter((l) => l.trim() !== '')) say(`  ${line}`)
    if (code !== 0) throw new Error(`upsun task:run exited with ${code}`)
    if (!text.includes('hello from Upsun, you')) throw new Error('the log is not what the program wrote')
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function command(args, home, environment) {
  const own = { HOME: home, UPSUN_CLI_HOME: home, UPSUN_CLI_NO_INTERACTION: '1', UPSUN_CLI_UPDATES_CHECK: '0' }
  const env = {
    PATH: process.env.PATH,
    TZ: 'UTC',
    UPSUN_CLI_API_DISABLE_CREDENTIAL_HELPERS: '1',
    ...environment,
    ...own,
  }
  return clientOutput(CLI, args, { env })
}
