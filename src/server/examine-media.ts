import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Finding } from './doctor.ts'

const PATIENCE_MS = 5_000
/** From here on ffmpeg knows `-fps_mode`. */
const NEEDED = [5, 1] as const
const INSTALL = 'apt-get install ffmpeg; or name one: taskport up --ffmpeg <path>'

/** What encodes, and what is lost without it. */
const ENCODERS = {
  libx264: 'no video can be transcoded',
  aac: 'no sound can be transcoded',
  libx265: 'profiles that ask for HEVC fail',
  'libvpx-vp9': 'profiles that ask for VP9 fail',
} as const

/** ffmpeg as `taskport up --ffmpeg` takes it, and ffprobe beside it: there, new enough, with the encoders that are used. */
export function examineMedia(ffmpeg = 'ffmpeg'): readonly Finding[] {
  const ffprobe = ffmpeg.includes('/') ? join(dirname(ffmpeg), 'ffprobe') : 'ffprobe'
  const found = versionOf(ffmpeg)
  const findings = [tool('ffmpeg', found), tool('ffprobe', versionOf(ffprobe))]
  return found === undefined ? findings : [...findings, ...missingEncoders(ffmpeg)]
}

const run = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: PATIENCE_MS })

function versionOf(program: string): string | undefined {
  const { status, stdout } = run(program, '-version')
  return status === 0 ? (/version (\S+)/.exec(stdout)?.[1] ?? 'unknown') : undefined
}

function tool(name: string, version: string | undefined): Finding {
  if (version === undefined) return { name, state: 'ok', says: 'not found; only video tasks need it', next: INSTALL }
  // Builds of a day have a date or a hash there: those are taken for new.
  const [, major, minor = '0'] = /^n?(\d+)(?:\.(\d+))?(?:[.-]|$)/.exec(version) ?? []
  const isOld = major !== undefined && Number(major) * 1_000 + Number(minor) < NEEDED[0] * 1_000 + NEEDED[1]
  if (!isOld) return { name, state: 'ok', says: version }
  return { name, state: 'warning', says: `${version}: video tasks need ${NEEDED.join('.')}`, next: INSTALL }
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
