#!/usr/bin/env node
// Plain JavaScript that old Nodes can parse: its first duty is to say that Taskport needs Node 24.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED_MAJOR = 24

/**
 * How V8 keeps a server's heap. Young objects get 8 MB instead of up to 32: shorter pauses (the event loop's delay at full
 * load fell from 25 to 14 ms, p99) and 50 MB less. And V8 must not learn from a burst of waiting tasks, or of reads that
 * are remembered, to put what dies at once into the old heap: long lists came to 510 MB with that, to 280 without.
 */
const SERVER_FLAGS = ['--max-semi-space-size=8', '--no-allocation-site-pretenuring']
const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** V8 reads its flags only when a process begins: a server becomes one with its own. Where that cannot be, it lives without. */
function becomeServer() {
  if (!process.argv.includes('up') || process.execArgv.includes(SERVER_FLAGS[0])) return
  // Whoever starts it with flags of their own has the last word.
  const line = [process.execPath, ...SERVER_FLAGS, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, line, process.env)
}

/** A clone runs its sources; a published package, which has none, what was built from them. */
async function start() {
  endWithStarter()
  becomeServer()
  keepCompiled()
  const entry = existsSync(at('../src/cli/main.ts')) ? '../src/cli/main.ts' : '../dist/cli/main.js'
  const { main } = await import(new URL(entry, import.meta.url).href)
  await main(process.argv.slice(2))
}

/** Compiled code is believed when it is read: it lies where nobody else writes, or there is none. */
function keepCompiled() {
  const { XDG_CACHE_HOME, HOME } = process.env
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (caches) module.enableCompileCache?.(join(caches, 'taskport', 'compiled'))
}

/** Set for the command that runs under the Node of the development dependency, and ended with whoever started it. */
const STARTED_UNDER = 'TASKPORT_STARTED_UNDER'

/** The same command under the Node that the development dependency `node` brings. The channel tells it when this one is killed. */
function startUnder(node) {
  const flags = process.argv.includes('up') ? SERVER_FLAGS : []
  const child = spawn(node, [...flags, at('taskport.js'), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [STARTED_UNDER]: String(process.pid) },
  })
  // A terminal sends SIGINT to both processes; the commands take two in quick succession for one.
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  for (const signal of forwarded) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(error.message))
  child.on('exit', (code, signal) => {
    for (const name of forwarded) process.removeAllListeners(name)
    if (signal) process.kill(process.pid, signal)
    else process.exit(code ?? 1)
  })
}

/** Killed outright, its starter could hand on no signal: who meant to kill a server would leave it alive. */
function endWithStarter() {
  if (process.env[STARTED_UNDER] === undefined) return
  delete process.env[STARTED_UNDER]
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}

function fail(message) {
  process.stderr.write(`taskport: ${message}\n`)
  process.exitCode = 1
}

const bundled = at('../node_modules/node/bin/node')
if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) await start()
else if (existsSync(bundled)) startUnder(bundled)
else fail(`Taskport needs Node ${NEEDED_MAJOR} or newer; this is Node ${process.versions.node}.`)
