/** Fills a workspace with a git repository, over connections whose addresses are checked (checked-proxy.ts). */
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CheckedConnect } from '../checked-connect.ts'
import { openCheckedProxy } from '../checked-proxy.ts'
import { cloneScriptArgv } from '../checkout.ts'
import type { CloneJob } from '../clone-job.ts'

const CONNECT = new URL('./connect.ts', import.meta.url)

async function main(job: CloneJob): Promise<number> {
  const proxy = await openCheckedProxy(new CheckedConnect(job.allowAddresses))
  const variables = gitVariables(proxy.url, connectScript(job.allowAddresses))
  const code = await cloned(job, { ...process.env, ...variables })
  for (const refusal of proxy.refusals) console.error(refusal)
  return code
}

function cloned(job: CloneJob, env: NodeJS.ProcessEnv): Promise<number> {
  const [program, ...args] = cloneScriptArgv(job)
  const git = spawn(program!, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  process.on('SIGTERM', () => git.kill('SIGTERM'))
  return new Promise((resolve) => {
    git.on('error', (error) => {
      console.error(error.message)
      resolve(127)
    })
    git.on('close', (exit) => resolve(exit ?? 1))
  })
}

/** git and ssh take a program that connects, by a path without arguments. */
function connectScript(allowed: readonly string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'git-connect-')), 'connect')
  const argv = [process.execPath, ...process.execArgv, fileURLToPath(CONNECT), JSON.stringify(allowed)]
  writeFileSync(path, `#!/bin/sh\nexec ${argv.map(quoted).join(' ')} "$1" "$2"\n`, { mode: 0o700 })
  return path
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Nothing but these ways out, and nobody at a terminal to ask. */
function gitVariables(proxy: string, connect: string): Record<string, string> {
  const settings = [
    ['http.proxy', proxy],
    ['http.proxyAuthMethod', 'basic'],
    ['core.gitProxy', connect],
  ]
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'http:https:git:ssh',
    GIT_SSH_COMMAND: `ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ProxyCommand='${connect} %h %p'`,
    NO_PROXY: '',
    no_proxy: '',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], i) => [
        [`GIT_CONFIG_KEY_${i}`, key!],
        [`GIT_CONFIG_VALUE_${i}`, value!],
      ]),
    ),
  }
}

process.exit(await main(JSON.parse(process.argv[2] ?? '') as CloneJob))
