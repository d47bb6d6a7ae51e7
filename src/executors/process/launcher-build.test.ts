import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const native = fileURLToPath(new URL('../../../native', import.meta.url))
/** The compiler that the committed files were made with; another one makes other bytes. */
const COMPILER = /^gcc \(Debian 12\.2\.0-14/

const TARGETS = [
  ['linux-x64', 'gcc'],
  ['linux-arm64', 'aarch64-linux-gnu-gcc'],
] as const

const versionOf = (compiler: string): string => spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout ?? ''
const isSame = (compiler: string): boolean => COMPILER.test(versionOf(compiler).replace(/^\S+/, 'gcc'))

describe('the launcher that is shipped', () => {
  it.each(TARGETS)('is what its source makes, for %s', (target, compiler) => {
    const machine = spawnSync(compiler, ['-dumpmachine'], { encoding: 'utf8' }).stdout ?? ''
    if (!isSame(compiler) || !machine.startsWith(target === 'linux-x64' ? 'x86_64' : 'aarch64')) return
    const directory = mkdtempSync(join(tmpdir(), 'taskport-launcher-'))
    const built = spawnSync(join(native, 'build.sh'), [directory], { env: { ...process.env, CC: compiler } })
    expect([built.status, String(built.stderr)]).toEqual([0, expect.any(String)])
    const same = readFileSync(join(directory, 'launcher')).equals(readFileSync(join(native, target, 'launcher')))
    rmSync(directory, { recursive: true, force: true })
    expect(same).toBe(true)
  })

  it('is small and needs no library', () => {
    for (const [target] of TARGETS) {
      const bytes = readFileSync(join(native, target, 'launcher'))
      expect(bytes.length).toBeLessThan(8_192)
      expect(bytes.includes('ld-linux')).toBe(false)
    }
  })
})
