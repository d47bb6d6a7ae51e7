// Where the demo's parts play: a server of its own in a temporary directory, and a way to show a command at work.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const taskport = join(root, 'bin/taskport.js')
const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code, text) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text)
const START_PATIENCE_MS = 60_000
const STOP_PATIENCE_MS = 20_000

/** Starts a server on a free port, with its banner on the screen. */
export async function raiseStage() {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-demo-'))
  say('$ taskport up --ephemeral')
  const server = spawn(process.execPath, [taskport, 'up', '--port', '0', '--ephemeral', '--data-dir', dataDirectory], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = new Promise((resolve) => server.on('exit', (code, signal) => resolve(code ?? signal)))
  const strike = () => strikeStage(server, ended, dataDirectory)
  try {
    await ready(dataDirectory, ended)
    const environment = JSON.parse(await output(['env', '--format', 'json', '--data-dir', dataDirectory]))
    return { environment, heading, say, show: shower(environment), capture: capturer(environment), strike }
  } catch (error) {
    await strike()
    throw error
  }
}

/** A server that is ready says so in its data directory. */
async function ready(dataDirectory, ended) {
  let code
  void ended.then((value) => (code = value))
  for (const deadline = Date.now() + START_PATIENCE_MS; !existsSync(join(dataDirectory, 'server.json')); ) {
    if (code !== undefined) throw new Error(`the server ended (${code}) before it was ready`)
    if (Date.now() > deadline) throw new Error('the server was not ready in time')
    await sleep(50)
  }
}

async function strikeStage(server, ended, dataDirectory) {
  server.kill('SIGTERM')
  const isLate = await Promise.race([ended.then(() => false), sleep(STOP_PATIENCE_MS, true, { ref: false })])
  if (isLate) server.kill('SIGKILL')
  await ended
  rmSync(dataDirectory, { recursive: true, force: true })
}

const heading = (text) => process.stdout.write(`\n${paint(1, `── ${text}`)}\n`)
const say = (text) => process.stdout.write(`${paint(2, text)}\n`)

const start = (args, environment, stdio) =>
  spawn(process.execPath, [taskport, ...args], { cwd: root, stdio, env: { ...process.env, ...environment } })

/** `show(args, 7)` prints the command, runs it on this screen, and insists that it exits with 7. */
const shower =
  (environment) =>
  async (args, expected = 0) => {
    say(`$ taskport ${args.map(quoted).join(' ')}`)
    const child = start(args, environment, ['ignore', 'inherit', 'inherit'])
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve))
    if (code !== expected) throw new Error(`taskport ${args[0]} exited with ${code}, not with ${expected}`)
  }

/** The output of a command that is not shown. */
const capturer = (environment) => (args) => output(args, environment)

async function output(args, environment = {}) {
  const child = start(args, environment, ['ignore', 'pipe', 'inherit'])
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part))
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`taskport ${args[0]} exited with ${code}`)
  return text.trim()
}

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
