/** A type with an image of its own: a root file system that the operator names. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UpsunWorld } from '../support/upsun-world.ts'

const CONFIG = `
tasks:
  t:
    type: "python:9.9"
    mounts: { data: { source: storage } }
    hooks: { build: 'set -e; python3 --version > built.txt; echo "it is $WHO''s" >> built.txt; mkdir -p sub' }
    run: { command: "cat built.txt /opt/marker; echo stored > data/f; cat data/f; command -v tar || echo no tar here" }
    variables: { env: { WHO: ann } }
`

/** These programs of this machine with the libraries that they need, and what else is told. */
function rootOf(programs: readonly string[], files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'upsun-root-'))
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    cpSync(realpathSync(from), join(root, to))
  }
  for (const program of programs) {
    const path = execFileSync('sh', ['-c', 'command -v "$0"', program]).toString().trim()
    put(path, `/bin/${program}`)
    const libraries =
      execFileSync('ldd', [realpathSync(path)])
        .toString()
        .match(/\/\S+(?= \(0x)/g) ?? []
    for (const library of libraries) put(library, library)
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, { mode: 0o755 })
  }
  return root
}

describe('images', () => {
  const world = new UpsunWorld()
  const root = rootOf(['sh', 'cat', 'mkdir'], {
    '/bin/python3': '#!/bin/sh\necho Python 9.9.1\n',
    '/opt/marker': 'inside the image\n',
  })
  beforeAll(() => world.open(['--image-root', `python:9.9=${root}`]), 60_000)
  afterAll(async () => {
    await world.close()
    rmSync(root, { recursive: true, force: true })
  })

  test('hook and command run by the programs of the image, which a strict deployment takes for the type', async () => {
    const deployed = await world.deploy('imaged', { '.upsun/config.yaml': CONFIG }, ['--strict-runtimes'])
    expect(deployed.code, deployed.stderr).toBe(0)
    expect(deployed.stderr).toContain('Building in the image for python:9.9')
    expect(deployed.stderr).toContain('Executing build hook')
    const { log, activity } = await world.run('imaged', 't')
    expect(log).toContain("Python 9.9.1\nit is ann's\ninside the image\nstored\nno tar here\n")
    expect(activity.result).toBe('success')
    const again = await world.deploy('imaged', { '.upsun/config.yaml': CONFIG }, ['--strict-runtimes'])
    expect(again.code, again.stderr).toBe(0)
  }, 30_000)

  test('a hook that fails fails the deployment, and a package manager that the image lacks is named', async () => {
    const failing = await world.deploy('imaged', { '.upsun/config.yaml': CONFIG.replace('set -e;', 'exit 4;') })
    expect([failing.code, failing.stderr]).toEqual([
      1,
      expect.stringContaining('The build hook failed with exit code 4'),
    ])
    const lacking = await world.deploy('imaged', {
      '.upsun/config.yaml': `${CONFIG}    dependencies: { ruby: { sass: "*" } }\n`,
    })
    expect(lacking.stderr).toContain('dependencies.ruby needs gem, which is not installed here')
  }, 30_000)
})
