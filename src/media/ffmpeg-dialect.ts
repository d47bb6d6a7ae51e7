/** What differs between the builds of ffmpeg that media work runs with: arguments are written for 5.1, older ones read them translated. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface FfmpegDialect {
  readonly translated: (given: readonly string[]) => readonly string[]
  /** Whether fragments (fMP4) of a further run can be timed from where the first began. */
  readonly fragmentsGoOn: boolean
}

/** As arguments have it for 5.1, and as older builds do. */
const OLD_WORDS: readonly (readonly [current: RegExp, old: string])[] = [
  [/^-fps_mode$/, '-vsync'],
  [/^-hls_segment_options$/, '-hls_ts_options'],
  [/:force_divisible_by=2/g, ',crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0'],
]

const CURRENT: FfmpegDialect = { translated: (given) => given, fragmentsGoOn: true }
const OLD: FfmpegDialect = {
  translated: (given) =>
    given.map((argument) => OLD_WORDS.reduce((text, [current, old]) => text.replace(current, old), argument)),
  fragmentsGoOn: false,
}

/** Of libavformat, which builds of a day name as well: those of ffmpeg 5.1 and of 4.1, the oldest that media work runs with. */
const CURRENT_SINCE = [59, 27] as const
const OLDEST = [58, 20] as const

type Version = readonly [major: number, minor: number]

/** From what `ffmpeg -version` says; undefined where it says nothing of it. */
function formatVersionIn(text: string): Version | undefined {
  const match = /libavformat\s+(\d+)\.\s*(\d+)/.exec(text)
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

const isBefore = (version: Version, other: Version): boolean =>
  version[0] < other[0] || (version[0] === other[0] && version[1] < other[1])

/** Whether media work can be done with it at all. */
export const isTooOld = (text: string): boolean => isBefore(formatVersionIn(text) ?? CURRENT_SINCE, OLDEST)

const asked = new Map<string, Promise<FfmpegDialect>>()

/** Asked once in a program's life. What cannot be asked is taken for current: it fails where it is used. */
export function dialectOf(ffmpeg: string): Promise<FfmpegDialect> {
  const known = asked.get(ffmpeg) ?? ask(ffmpeg)
  asked.set(ffmpeg, known)
  return known
}

async function ask(ffmpeg: string): Promise<FfmpegDialect> {
  const said = await promisify(execFile)(ffmpeg, ['-version']).catch(() => undefined)
  const version = said && formatVersionIn(said.stdout)
  return version && isBefore(version, CURRENT_SINCE) ? OLD : CURRENT
}
