import { spawnSync } from 'node:child_process'
import { isTooOld } from '../media/ffmpeg-dialect.ts'
import { findFfmpeg, MEDIA_PACKAGES } from '../media/find-ffmpeg.ts'
import type { Finding } from './doctor.ts'

const PATIENCE_MS = 5_000
const INSTALL = `apt-get install ffmpeg; or name one: taskport up --ffmpeg <path>; or npm install ${MEDIA_PACKAGES.join(' ')} beside taskport`

/** What encodes, and what is lost without it. */
const ENCODERS = {
  libx264: 'no video can be transcoded',
  aac: 'no sound can be transcoded',
  libx265: 'profiles that ask for HEVC fail',
  'libvpx-vp9': 'profiles that ask for VP9 fail',
  libvpx: 'profiles that ask for VP8 fail',
  libopus: 'profiles that ask for VP8 fail where there is sound',
} as const

/** The ffmpeg and ffprobe that `taskport up --ffmpeg` finds: there, new enough, with the encoders that are used. */
export function examineMedia(configured?: string, beside?: string): readonly Finding[] {
  const found = findFfmpeg(configured, beside === undefined ? {} : { path: '', from: beside })
  const said = versionOf(found.ffmpeg)
  const findings = [tool('ffmpeg', said, found.package), tool('ffprobe', versionOf(found.ffprobe), found.package)]
  return said === undefined ? findings : [...findings, ...missingEncoders(found.ffmpeg)]
}

const run = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: PATIENCE_MS })

/** All that it says of itself. */
function versionOf(program: string): string | undefined {
  const { status, stdout } = run(program, '-version')
  return status === 0 ? stdout : undefined
}

function tool(name: string, said: string | undefined, from: string | undefined): Finding {
  if (said === undefined) return { name, state: 'ok', says: 'not found; only video tasks need it', next: INSTALL }
  const version = /version (\S+)/.exec(said)?.[1] ?? 'unknown'
  if (isTooOld(said)) return { name, state: 'warning', says: `${version}: video tasks need 4.1`, next: INSTALL }
  if (from === undefined) return { name, state: 'ok', says: version }
  const built = / Copyright \(c\) (?:\d+-)?(\d+)/.exec(said)?.[1] ?? 'an unknown year'
  return {
    name,
    state: 'warning',
    says: `${version} of ${built}, from npm (${from}), for want of one in PATH: its decoders lack what was mended since`,
    next: INSTALL,
  }
}

function missingEncoders(ffmpeg: string): readonly Finding[] {
  const { stdout } = run(ffmpeg, '-hide_banner', '-encoders')
  const known = new Set(stdout.split('\n').map((line) => line.trim().split(/\s+/)[1]))
  return Object.entries(ENCODERS)
    .filter(([name]) => !known.has(name))
    .map(([name, lost]) => ({
      name: 'ffmpeg',
      state: 'warning',
      says: `built without ${name}: ${lost}`,
      next: INSTALL,
    }))
}
