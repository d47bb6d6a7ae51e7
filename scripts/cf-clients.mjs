// Clients of Cloud Foundry for the journeys, made once and kept in node_modules/.cache. Run alone, it says what it has:
// `node scripts/cf-clients.mjs`. Each way to one fails with a sentence, and the journeys of that client are then skipped.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../node_modules/.cache/taskport/cf', import.meta.url))
const CLI_MODULE = 'code.cloudfoundry.org/cli/v8'
const CLI_VERSION = 'v8.18.4'
const PYTHON_PACKAGE = 'cloudfoundry-client==1.40.4'
const GO_CLIENT = fileURLToPath(new URL('../test/support/cf-go-client', import.meta.url))
const GO_SOURCES = ['main.go', 'go.mod', 'go.sum'].map((name) => join(GO_CLIENT, name))
const BUILD_PATIENCE_MS = 20 * 60_000
const LOOK_PATIENCE_MS = 60_000
const INSTALL_PATIENCE_MS = 3 * 60_000

/** The path of the cf CLI v8: of $CF_CLI, from PATH, or built from the Go module proxy. Throws a sentence. */
export function cfCli({ build = true } = {}) {
  for (const candidate of [process.env.CF_CLI, 'cf', join(CACHE, 'cf')])
    if (candidate && /^cf version 8|cf8? version 8/.test(versionOf(candidate))) return candidate
  if (!build) throw new Error('the cf CLI is not there: node scripts/cf-clients.mjs tries to build it')
  mkdirSync(CACHE, { recursive: true })
  const source = moduleDirectory()
  const flags = `-X code.cloudfoundry.org/cli/v8/version.binaryVersion=${CLI_VERSION.slice(1)}`
  run('go', ['build', '-C', source, '-ldflags', flags, '-o', join(CACHE, 'cf'), '.'], BUILD_PATIENCE_MS)
  return join(CACHE, 'cf')
}

function versionOf(program) {
  return spawnSync(program, ['version'], { encoding: 'utf8' }).stdout ?? ''
}

/** Where Go has unpacked the module; its go.mod has replacements, which `go install module@version` refuses. */
function moduleDirectory() {
  const { stdout, error } = spawnSync('go', ['mod', 'download', '-json', `${CLI_MODULE}@${CLI_VERSION}`], {
    encoding: 'utf8',
    cwd: CACHE,
    timeout: LOOK_PATIENCE_MS,
  })
  if (error) throw new Error(`building the cf CLI needs Go: ${error.message}`)
  const { Dir: directory, Error: problem } = JSON.parse(stdout || '{}')
  if (!directory)
    throw new Error(`the Go module proxy does not give ${CLI_MODULE}@${CLI_VERSION}: ${problem ?? 'no reply'}`)
  return directory
}

/**
 * A journey with go-cfclient and go-log-cache (test/support/cf-go-client), built by Go: of the cache, or now, which takes
 * a minute. Throws a sentence.
 */
export function cfGoClient({ build = true } = {}) {
  const digest = createHash('sha256')
  for (const file of GO_SOURCES) digest.update(readFileSync(file))
  const program = join(CACHE, `go-client-${digest.digest('hex').slice(0, 12)}`)
  if (existsSync(program)) return program
  if (!build) throw new Error('the Go clients are not there: node scripts/cf-clients.mjs builds them')
  mkdirSync(CACHE, { recursive: true })
  run('go', ['build', '-C', GO_CLIENT, '-o', program, '.'], BUILD_PATIENCE_MS)
  return program
}

/** The Python interpreter of an environment that has cloudfoundry-client. Throws a sentence. */
export function cfPython() {
  const home = join(CACHE, 'python')
  const python = join(home, 'bin/python')
  if (hasClient(python)) return python
  mkdirSync(CACHE, { recursive: true })
  run('python3', ['-m', 'venv', home], INSTALL_PATIENCE_MS)
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTHON_PACKAGE], INSTALL_PATIENCE_MS)
  return python
}

const hasClient = (python) =>
  existsSync(python) && spawnSync(python, ['-c', 'import cloudfoundry_client'], { stdio: 'ignore' }).status === 0

function run(program, args, timeout) {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout, encoding: 'utf8' })
  } catch (error) {
    throw new Error(
      `${program} ${args[0]} failed: ${String(error.stderr || error.message)
        .trim()
        .split('\n')
        .pop()}`,
    )
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, make] of [
    ['cf CLI v8', cfCli],
    ['cloudfoundry-client', cfPython],
    ['go-cfclient and go-log-cache', cfGoClient],
  ])
    try {
      process.stdout.write(`${name}: ${make()}\n`)
    } catch (error) {
      process.stdout.write(`${name}: not here. ${error.message}\n`)
    }
