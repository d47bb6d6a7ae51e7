import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findFfmpeg } from './find-ffmpeg.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-find-ffmpeg-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const from = join(directory, 'beside.js')

function file(path: string, text = '', mode = 0o755): string {
  const whole = join(directory, path)
  mkdirSync(join(whole, '..'), { recursive: true })
  writeFileSync(whole, text)
  chmodSync(whole, mode)
  return whole
}

/** A package as its published form is: it says where its program lies. */
function packed(name: string, program: string): string {
  const path = file(`node_modules/${name}/${program}`, '', 0o744)
  file(`node_modules/${name}/index.js`, `module.exports = { path: ${JSON.stringify(path)} }`)
  return path
}

test('the configured path comes first, then PATH, then packages that carry the programs; else names that nothing answers to', () => {
  const [path, half] = [join(directory, 'bin'), join(directory, 'half')]
  for (const name of ['bin/ffmpeg', 'bin/ffprobe', 'half/ffmpeg']) file(name)
  file('half/ffprobe', '', 0o644)
  const names = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
  expect(findFfmpeg('ffmpeg', { path: '/nowhere', from })).toEqual(names)
  const ffmpeg = packed('@ffmpeg-installer/ffmpeg', 'ffmpeg')
  // One without the other is of no use.
  expect(findFfmpeg('ffmpeg', { path: half, from })).toEqual(names)
  const ffprobe = packed('@ffprobe-installer/ffprobe', 'ffprobe')
  expect(findFfmpeg('/opt/f/ffmpeg', { path, from })).toEqual({ ffmpeg: '/opt/f/ffmpeg', ffprobe: '/opt/f/ffprobe' })
  expect(findFfmpeg('ffmpeg', { path: `/nowhere:${path}`, from })).toEqual(names)
  expect(findFfmpeg('ffmpeg7', { path: '/nowhere', from })).toEqual({ ffmpeg: 'ffmpeg7', ffprobe: 'ffprobe' })
  expect(findFfmpeg('ffmpeg', { path: half, from })).toEqual({ ffmpeg, ffprobe, package: '@ffmpeg-installer/ffmpeg' })
  // Tasks run as another user than the one who installed them.
  expect([ffmpeg, ffprobe].map((program) => statSync(program).mode & 0o777)).toEqual([0o755, 0o755])
})
