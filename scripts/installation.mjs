// Brings a clone to where it can run: dependencies, and with them Node 24. Runs under any Node from 20 on, with nothing
// installed, so it imports Node's own modules only.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const node24 = `${root}node_modules/node/bin/node`

/** Runs `npm ci` unless node_modules already holds what package-lock.json names. */
export function ensureInstalled() {
  if (isInstalled()) return
  process.stdout.write('Installing what package-lock.json names (npm ci) …\n')
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`npm ci failed${error ? `: ${error.message}` : ''}; its output is above`)
  if (!existsSync(node24))
    throw new Error('npm ci brought no Node 24: allow install scripts for the package "node" and run it again')
}

function isInstalled() {
  const installedLock = `${root}node_modules/.package-lock.json`
  if (!existsSync(node24) || !existsSync(installedLock)) return false
  const wanted = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  )
}

/** The environment in which node_modules/.bin comes first, Node 24 included. */
export const projectEnvironment = () => ({ ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` })

/** Runs `script` under Node 24 with this terminal; resolves with its exit code (128 + n after a signal). */
export function runUnderNode24(args, env = {}) {
  const child = spawn(node24, args, { cwd: root, stdio: 'inherit', env: { ...projectEnvironment(), ...env } })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 128 + 15 : 1)))
  })
}
