import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientOutput } from './client-output.mjs'

const PATIENCE_MS = 60_000
const LOOK_MS = 200

/** Cloud Foundry by the real `cf` at `program`: a droplet pushed, a task run to its end, its log. */
export async function cloudFoundryByCli(program, droplet, { environment, say }) {
  const home = mkdtempSync(join(tmpdir(), 'taskport-demo-cf-'))
  const env = { PATH: process.env.PATH, HOME: home, CF_HOME: home, CF_COLOR: 'false' }
  const cf = async (...args) => {
    const { code, text } = await clientOutput(program, args, { cwd: home, env, timeout: PATIENCE_MS })
    if (code !== 0) throw new Error(`cf ${args[0]} exited with ${code}: ${text}`)
    return text
  }
  const shown = async (...args) => {
    say(`$ cf ${args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}`)
    // A progress bar rewrites its line.
    const lines = (await cf(...args)).split('\n').filter((line) => line.trim() !== '' && !line.includes('\r'))
    for (const line of lines) say(`  ${line}`)
    return lines.join('\n')
  }
  try {
    const { CF_API: api, CF_USERNAME: username, CF_PASSWORD: password } = environment
    await cf('login', '-a', api, '-u', username, '-p', password)
    say(`$ cf login -a ${api} -u ${username}`)
    await cf('push', 'demo', '--no-start', '--no-route', '--droplet', droplet)
    say('$ cf push demo --no-start --no-route --droplet droplet.tgz')
    await shown('run-task', 'demo', '-c', 'sh greet.sh', '--name', 'greet', '-m', '64M')
    await untilIncludes(() => cf('tasks', 'demo'), 'FAILED')
    await shown('tasks', 'demo')
    const log = await shown('logs', 'demo', '--recent')
    if (!log.includes('OUT Exit status 4')) throw new Error('the log is not the one of its program')
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function untilIncludes(look, text) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS))
    if ((await look()).includes(text)) return
  throw new Error(`waited in vain for ${text}`)
}
