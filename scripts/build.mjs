// `npm run build`: src → dist, plain JavaScript for the published package.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, projectEnvironment, root } from './installation.mjs'

const dist = join(root, 'dist')

/** Programs that are started by path (workers, cells) are named with `new URL('./x.ts', import.meta.url)`, which the
 *  compiler does not look into. */
const STARTED_BY_PATH = /new URL\((['"])(\.{1,2}\/[^'"]+)\.ts\1,\s*import\.meta\.url\)/g

function build() {
  rmSync(dist, { recursive: true, force: true })
  const compiled = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
    env: projectEnvironment(),
  })
  if (compiled.status !== 0) throw new Error('the compiler found errors; nothing was built')
  cpSync(join(root, 'src'), dist, { recursive: true, filter: (path) => !/\.(ts|md)$/.test(path) })
  for (const file of javaScriptFiles()) rewriteStartedPaths(file)
}

const javaScriptFiles = () =>
  readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(dist, name))

function rewriteStartedPaths(file) {
  const text = readFileSync(file, 'utf8')
  const rewritten = text.replace(STARTED_BY_PATH, "new URL('$2.js', import.meta.url)")
  if (rewritten !== text) writeFileSync(file, rewritten)
}

try {
  ensureInstalled()
  build()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
