// Clients of Cloud Foundry for the journeys, made once and kept in node_modules/.cache. Run alone, it says what it has:
// `node scripts/cf-clients.mjs`. Each way to one fails with a sentence, and the journeys of that client are then skipped.
// Imports Node's own modules only: `npm test` calls it before anything else runs.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../node_modules/.cache/taskport/cf', import.meta.url))
const CLI_SOURCES = fileURLToPath(new URL('../test/support/cf-cli', import.meta.url))
const CLI_VERSION = '7.1.0'
const CLI_PACKAGE = 'code.cloudfoundry.org/cli'
const CLI_FLAGS = ['-ldflags', `-w -s -X ${CLI_PACKAGE}/version.binaryVersion=${CLI_VERSION}`]
const GO_CLIENT_SOURCES = fileURLToPath(new URL('../test/support/cf-go-client', import.meta.url))
const PYTHON_PACKAGE = 'cloudfoundry-client==1.40.4'
const BUILD_PATIENCE_MS = 6 * 60_000
const INSTALL_PATIENCE_MS = 3 * 60_000

/**
 * The path of the cf CLI: of $CF_CLI, v7 or v8 from PATH, else v7.1.0, which Go builds from its module proxy
 * (test/support/cf-cli) in a minute or two. Throws a sentence.
 */
export function cfCli({ build = true } = {}) {
  for (const candidate of [process.env.CF_CLI, 'cf'])
    if (candidate && /^cf\d? version [78]\./.test(versionOf(candidate))) return candidate
  return built(`cf-${CLI_VERSION}`, CLI_SOURCES, ['go.mod', 'go.sum'], [...CLI_FLAGS, CLI_PACKAGE], build)
}

function versionOf(program) {
  return spawnSync(program, ['version'], { encoding: 'utf8' }).stdout ?? ''
}

/** A journey with go-cfclient and go-log-cache (test/support/cf-go-client). Throws a sentence. */
export function cfGoClient({ build = true } = {}) {
  return built('go-client', GO_CLIENT_SOURCES, ['main.go', 'go.mod', 'go.sum'], ['.'], build)
}

/** The program that Go makes of `sources`: of the cache, or built now under another name, so that none is half there. */
function built(name, directory, sources, args, build) {
  const digest = createHash('sha256')
  for (const source of sources) digest.update(readFileSync(join(directory, source)))
  const program = join(CACHE, `${name}-${digest.digest('hex').slice(0, 12)}`)
  if (existsSync(program)) return program
  if (!build) throw new Error(`${name} is not there: node scripts/cf-clients.mjs builds it`)
  mkdirSync(CACHE, { recursive: true })
  const fresh = `${program}.${process.pid}`
  const options = { cwd: directory, env: { ...process.env, CGO_ENABLED: '0' }, timeout: BUILD_PATIENCE_MS }
  run('go', ['build', '-buildvcs=false', '-o', fresh, ...args], options)
  renameSync(fresh, program)
  return program
}

/** The Python interpreter of an environment that has cloudfoundry-client. Throws a sentence. */
export function cfPython() {
  const home = join(CACHE, 'python')
  const python = join(home, 'bin/python')
  if (hasClient(python)) return python
  mkdirSync(CACHE, { recursive: true })
  const options = { timeout: INSTALL_PATIENCE_MS }
  run('python3', ['-m', 'venv', home], options)
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTHON_PACKAGE], options)
  return python
}

const hasClient = (python) =>
  existsSync(python) && spawnSync(python, ['-c', 'import cloudfoundry_client'], { stdio: 'ignore' }).status === 0

function run(program, args, options) {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', ...options })
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error(`${program} is not installed`)
    const said = String(error.stderr || error.message).trim()
    throw new Error(`${program} ${args[0]} failed: ${said.split('\n').pop()}`)
  }
}

/** Gets what is not there yet, in a bounded time, and says on stdout which journeys will be skipped. */
export function ensureCfClients() {
  for (const [name, get] of CLIENTS)
    try {
      get()
    } catch (error) {
      process.stdout.write(`skipped: Cloud Foundry journeys with ${name} (${error.message})\n`)
    }
}

const CLIENTS = [
  ['the cf CLI', cfCli],
  ['cloudfoundry-client', cfPython],
  ['go-cfclient and go-log-cache', cfGoClient],
]

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, get] of CLIENTS)
    try {
      process.stdout.write(`${name}: ${get()}\n`)
    } catch (error) {
      process.stdout.write(`${name}: not here. ${error.message}\n`)
    }
