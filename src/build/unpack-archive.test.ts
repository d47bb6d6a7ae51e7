import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokenArchive, unpackArchive } from './unpack-archive.ts'

const LIMITS = { bytes: 1_000_000, entries: 100 }
let place: string
let into: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'taskport-unpack-'))
  into = join(place, 'into')
  mkdirSync(into)
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

/** A zip written by Python: (name, text, mode). */
function zip(entries: readonly (readonly [string, string, number])[]): string {
  const path = join(place, 'a.zip')
  const code = `
import sys, json, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
    for name, text, mode in json.load(sys.stdin):
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        z.writestr(info, text)
`
  execFileSync('python3', ['-c', code, path], { input: JSON.stringify(entries) })
  return path
}

/** A tar written by Python: a file, or with `link` a symbolic link to it. */
function tar(entries: readonly { readonly name: string; readonly text?: string; readonly link?: string }[]): string {
  const path = join(place, 'a.tgz')
  const code = `
import sys, json, tarfile, io
with tarfile.open(sys.argv[1], 'w:gz') as t:
    for entry in json.load(sys.stdin):
        info = tarfile.TarInfo(entry['name'])
        if 'link' in entry:
            info.type, info.linkname = tarfile.SYMTYPE, entry['link']
        data = entry.get('text', '').encode()
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
`
  execFileSync('python3', ['-c', code, path], { input: JSON.stringify(entries) })
  return path
}

test('a zip comes out with its directories, contents and executable bits', async () => {
  await unpackArchive(
    zip([
      ['bin/run', 'hi', 0o100755],
      ['a.txt', 'text', 0o100644],
    ]),
    into,
    LIMITS,
  )
  expect(readFileSync(join(into, 'a.txt'), 'utf8')).toBe('text')
  expect(statSync(join(into, 'bin/run')).mode & 0o111).toBe(0o111)
})

test('nothing is written outside: not by name, not through a link', async () => {
  const link = 0o120777
  for (const entries of [
    [['../out', 'x', 0o100644]],
    [['/tmp/out', 'x', 0o100644]],
    [
      ['link', place, link],
      ['link/out', 'x', 0o100644],
    ],
    [
      ['link', '..', link],
      ['link/out', 'x', 0o100644],
    ],
  ] as const)
    await expect(unpackArchive(zip(entries), into, LIMITS)).rejects.toBeInstanceOf(BrokenArchive)
  expect(existsSync(join(place, 'out'))).toBe(false)
})

test('a tar comes out, plain links included; one that leaves its directory by name or link is refused', async () => {
  await unpackArchive(
    tar([
      { name: 'app/a', text: 'text' },
      { name: 'app/b', link: 'a' },
    ]),
    into,
    LIMITS,
  )
  expect(readFileSync(join(into, 'app/b'), 'utf8')).toBe('text')
  for (const entries of [
    [{ name: '../out', text: 'x' }],
    [
      { name: 'away', link: place },
      { name: 'away/out', text: 'x' },
    ],
    [
      { name: 'away', link: '..' },
      { name: 'away/out', text: 'x' },
    ],
  ])
    await expect(unpackArchive(tar(entries), into, LIMITS)).rejects.toBeInstanceOf(BrokenArchive)
  expect(existsSync(join(place, 'out'))).toBe(false)
})

test('what unpacks to more than the limits is refused', async () => {
  await expect(unpackArchive(zip([['big', 'x'.repeat(1_000_001), 0o100644]]), into, LIMITS)).rejects.toThrow(
    /more than/,
  )
  const many = Array.from({ length: 101 }, (_, i) => [`f${i}`, '', 0o100644] as const)
  await expect(unpackArchive(zip(many), into, LIMITS)).rejects.toThrow(/more than 100 entries/)
})
