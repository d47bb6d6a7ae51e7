import { execFile, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'

const NOBODY = 65_534
const PROJECT = fileURLToPath(new URL('../../..', import.meta.url))
const VITEST = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs')
const HERE = 'src/executors/process'
/** `UNPRIVILEGED=all`: conformance, crashes, disks and private networks as well. */
const EVERYTHING = process.env.UNPRIVILEGED === 'all'
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] as const

/** A /dev/net/tun that everybody may open, seen by the tests alone: private networks then need no root either. */
const withTun = (home: string): readonly string[] => {
  const own = `${home}/tun`
  const make = `mkdir ${own} && mount -t tmpfs own ${own} && mknod -m 666 ${own}/tun c 10 200`
  return ['unshare', '--mount', 'sh', '-c', `${make} && mount --bind ${own}/tun /dev/net/tun && exec "$@"`, 'sh']
}

/** The checkout may lie where nobody may look, and the host may keep sandboxes from ordinary users. */
function canBeNobody(): boolean {
  if (process.getuid?.() !== 0) return false
  const [program, ...args] = [...AS_NOBODY, 'sh', '-c', 'test -r "$1" && bwrap --ro-bind / / true', 'sh', VITEST]
  return spawnSync(program!, args).status === 0
}

it.runIf(canBeNobody())(
  'a server that is not root keeps every rule too, in its sandbox: exec and health checks included',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'taskport-nobody-'))
    chownSync(home, NOBODY, NOBODY)
    const files = EVERYTHING ? `${HERE}/` : `${HERE}/process-sandbox.test.ts`
    const command = [
      ...(EVERYTHING ? withTun(home) : []),
      ...AS_NOBODY,
      process.execPath,
      VITEST,
      'run',
      '--configLoader',
      'runner',
      '--no-cache',
    ]
    const [program, ...args] = [...command, files]
    const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, ...(process.env.CI && { CI: process.env.CI }) }
    const { stdout } = await promisify(execFile)(program!, args, { cwd: PROJECT, env }).catch((error) => error)
    rmSync(home, { recursive: true, force: true })
    const said = stripVTControlCharacters(stdout)
    expect(said).not.toContain('failed')
    expect(Number(/Tests {2}(\d+) passed/.exec(said)?.[1]), said).toBeGreaterThanOrEqual(EVERYTHING ? 90 : 10)
  },
  600_000,
)
