import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { examineMedia } from './examine-media.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-examine-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Programs that say they are of this version and these formats, and name these encoders. */
function tools(version: string, encoders: readonly string[], formats = '59. 27.100'): string {
  const lines = encoders.map((name) => ` V....D ${name}  that`).join('\n')
  for (const name of ['ffmpeg', 'ffprobe']) {
    const path = join(directory, name)
    writeFileSync(
      path,
      `#!/bin/sh\ncase "$*" in *-encoders*) echo '${lines}';; *) echo '${name} version ${version} Copyright'; echo 'libavformat    ${formats} / ${formats}';; esac\n`,
    )
    chmodSync(path, 0o755)
  }
  return join(directory, 'ffmpeg')
}

const ALL = ['libx264', 'aac', 'libx265', 'libvpx-vp9', 'libvpx', 'libopus']
const states = (ffmpeg: string): readonly string[] => examineMedia(ffmpeg).map((f) => `${f.name} ${f.state} ${f.says}`)

test.each([
  ['5.1.9-0+deb12u1', '59. 27.100', 'ok', '5.1.9-0+deb12u1'],
  ['N-109466-gd39b34123d', '60.  3.100', 'ok', 'N-109466-gd39b34123d'],
  ['4.4.2', '58. 76.100', 'ok', '4.4.2'],
  ['3.4.8', '57. 83.100', 'warning', '3.4.8: video tasks need 4.1'],
  // Of a day: what it is called says nothing.
  ['N-89000-gabcdef', '58.  0.100', 'warning', 'N-89000-gabcdef: video tasks need 4.1'],
])('ffmpeg and ffprobe %s are judged by the version of their formats, %s', (version, formats, state, says) => {
  expect(states(tools(version, ALL, formats))).toEqual([`ffmpeg ${state} ${says}`, `ffprobe ${state} ${says}`])
})

test('what is not there is said with what to do, a missing encoder with what is lost', () => {
  expect(
    states(
      tools(
        '6.0',
        ALL.filter((name) => name !== 'libvpx-vp9'),
      ),
    ),
  ).toEqual([
    'ffmpeg ok 6.0',
    'ffprobe ok 6.0',
    'ffmpeg warning built without libvpx-vp9: profiles that ask for VP9 fail',
  ])
  expect(examineMedia('/nowhere/ffmpeg')).toEqual(
    ['ffmpeg', 'ffprobe'].map((name) => ({
      name,
      state: 'ok',
      says: 'not found; only video tasks need it',
      next: expect.stringContaining('--ffmpeg'),
    })),
  )
})
