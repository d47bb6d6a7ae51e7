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

const PROGRAMS = ['launcher', 'relay'] as const

const versionOf = (compiler: string): string => spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout ?? ''
const isSame = (compiler: string): boolean => COMPILER.test(versionOf(compiler).replace(/^\S+/, 'gcc'))

describe('launcher and relay as they are shipped', () => {
  it.each(TARGETS)('are what their source makes, for %s', (target, compiler) => {
    const machine = spawnSync(compiler, ['-dumpmachine'], { encoding: 'utf8' }).stdout ?? ''
    if (!isSame(compiler) || !machine.startsWith(target === 'linux-x64' ? 'x86_64' : 'aarch64')) return
    const directory = mkdtempSync(join(tmpdir(), 'taskport-launcher-'))
    const built = spawnSync(join(native, 'build.sh'), [directory], { env: { ...process.env, CC: compiler } })
    expect([built.status, String(built.stderr)]).toEqual([0, expect.any(String)])
    const isAsShipped = (program: string): boolean =>
      readFileSync(join(directory, program)).equals(readFileSync(join(native, target, program)))
    const same = PROGRAMS.map(isAsShipped)
    rmSync(directory, { recursive: true, force: true })
    expect(same).toEqual([true, true])
  })

  it('are small and need no library', () => {
    for (const [target] of TARGETS)
      for (const program of PROGRAMS) {
        const bytes = readFileSync(join(native, target, program))
        expect(bytes.length).toBeLessThan(8_192)
        expect(bytes.includes('ld-linux')).toBe(false)
      }
  })
})
