import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { examineMedia } from './examine-media.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-examine-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Programs that say they are of this version, and name these encoders. */
function tools(version: string, encoders: readonly string[]): string {
  const lines = encoders.map((name) => ` V....D ${name}  that`).join('\n')
  for (const name of ['ffmpeg', 'ffprobe']) {
    const path = join(directory, name)
    writeFileSync(
      path,
      `#!/bin/sh\ncase "$*" in *-encoders*) echo '${lines}';; *) echo '${name} version ${version} Copyright';; esac\n`,
    )
    chmodSync(path, 0o755)
  }
  return join(directory, 'ffmpeg')
}

const ALL = ['libx264', 'aac', 'libx265', 'libvpx-vp9']
const states = (ffmpeg: string): readonly string[] => examineMedia(ffmpeg).map((f) => `${f.name} ${f.state} ${f.says}`)

test.each([
  ['5.1.9-0+deb12u1', 'ok', '5.1.9-0+deb12u1'],
  ['n7.0', 'ok', 'n7.0'],
  ['N-109466-gd39b34123d', 'ok', 'N-109466-gd39b34123d'],
  ['2026-01-02-git-abc', 'ok', '2026-01-02-git-abc'],
  ['4.4.2', 'warning', '4.4.2: video tasks need 5.1'],
])('ffmpeg and ffprobe %s are judged by their version', (version, state, says) => {
  expect(states(tools(version, ALL))).toEqual([`ffmpeg ${state} ${says}`, `ffprobe ${state} ${says}`])
})

test('what is not there is said with what to do, a missing encoder with what is lost', () => {
  expect(states(tools('6.0', ['libx264', 'aac', 'libx265']))).toContainEqual(
    'ffmpeg warning built without libvpx-vp9: profiles that ask for VP9 fail',
  )
  expect(examineMedia('/nowhere/ffmpeg')).toEqual(
    ['ffmpeg', 'ffprobe'].map((name) => ({
      name,
      state: 'ok',
      says: 'not found; only video tasks need it',
      next: expect.stringContaining('--ffmpeg'),
    })),
  )
})
