/**
 * Which ffmpeg and ffprobe media work runs: the operator's, else those in PATH, else those of npm packages that carry the
 * programs themselves, where somebody installed these beside Taskport.
 */
import { accessSync, chmodSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

export interface MediaCommands {
  readonly ffmpeg: string
  readonly ffprobe: string
  /** The npm package that ffmpeg is of. */
  readonly package?: string
}

/** They carry one program for each platform and download nothing; the published programs are of ffmpeg 4 and ffprobe 6. */
const PACKAGES = { ffmpeg: '@ffmpeg-installer/ffmpeg', ffprobe: '@ffprobe-installer/ffprobe' } as const
const USUAL = 'ffmpeg'

/** What to install where none is there. */
export const MEDIA_PACKAGES: readonly string[] = Object.values(PACKAGES)

/**
 * `configured`: a path, ffprobe lies beside it; or a name in PATH. `from`: the file beside which packages are looked for.
 * Where nothing is found the names themselves are given: what runs them says so.
 */
export function findFfmpeg(
  configured = USUAL,
  { path = process.env.PATH ?? '', from = import.meta.url } = {},
): MediaCommands {
  if (configured.includes('/')) return { ffmpeg: configured, ffprobe: join(dirname(configured), 'ffprobe') }
  const named = { ffmpeg: configured, ffprobe: 'ffprobe' }
  if (configured !== USUAL || (isIn(path, named.ffmpeg) && isIn(path, named.ffprobe))) return named
  const packed = [PACKAGES.ffmpeg, PACKAGES.ffprobe].map((name) => programOf(name, from))
  const [ffmpeg, ffprobe] = packed
  return ffmpeg === undefined || ffprobe === undefined ? named : { ffmpeg, ffprobe, package: PACKAGES.ffmpeg }
}

const isIn = (path: string, name: string): boolean =>
  path.split(delimiter).some((directory) => directory !== '' && isRunnable(join(directory, name)))

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** As these packages say it themselves; they throw where they have none for this platform. */
function programOf(name: string, from: string): string | undefined {
  try {
    const { path } = createRequire(from)(name) as { readonly path: string }
    openToAll(path)
    return path
  } catch {
    return undefined
  }
}

const RUNNABLE_BY_ALL = 0o555

/** Tasks run as another user; packages make their program runnable by its owner alone, or, without install scripts, by nobody. */
function openToAll(path: string): void {
  const { mode } = statSync(path)
  if ((mode & RUNNABLE_BY_ALL) !== RUNNABLE_BY_ALL) chmodSync(path, mode | RUNNABLE_BY_ALL)
}
