import type { Profile, WantedProfile } from './profile.ts'

/** Of the source's picture. */
export interface SourcePicture {
  readonly width: number
  readonly height: number
  /** bit/s */
  readonly bitrate: number
}

const QUALITY = 27
const LARGEST_BITRATE = 288_000_000

/** The steps of the ladder below the source's own size, with their greatest bitrates. */
const RUNGS: readonly Profile[] = [
  { name: '360p0', width: 640, height: 360, bitrate: 1_000_000 },
  { name: '720p0', width: 1280, height: 720, bitrate: 4_000_000 },
]

/**
 * The renditions of a source when nothing else was asked for: rungs that are smaller in size and bitrate than it (or, if
 * there is none, one of its size with half its bitrate), and one of its own size.
 * Formula: catalyst-api `video/profiles.go`, 3683288 (2025-11-26).
 */
export function defaultLadder(source: SourcePicture): readonly Profile[] {
  const below = RUNGS.filter((r) => r.height < source.height && r.bitrate < source.bitrate).map((r) => ({
    ...r,
    bitrate: Math.min(r.bitrate, proportional(r, source)),
    quality: QUALITY,
  }))
  return [...(below.length > 0 ? below : [lowBitrate(source)]), ownSize(source)]
}

const proportional = (rung: Profile, source: SourcePicture): number =>
  Math.floor((1.2 * rung.width * rung.height * source.bitrate) / (source.width * source.height))

function lowBitrate({ width, height, bitrate }: SourcePicture): Profile {
  const least = bitrate > 100_000 ? 100_000 : 5_000
  return {
    name: 'low-bitrate',
    width,
    height,
    bitrate: Math.max(Math.floor(bitrate / 2), least),
    quality: QUALITY,
  }
}

function ownSize({ width, height, bitrate }: SourcePicture): Profile {
  const even = height + (height % 2)
  const wanted = Math.floor((bitrate * 12) / 10)
  return { name: `${even}p0`, width, height, bitrate: Math.min(wanted, LARGEST_BITRATE), quality: QUALITY }
}

/** Profiles that were asked for, completed from the source; the ladder when none were. Names are made unique. */
export function profilesFor(wanted: readonly WantedProfile[] | undefined, source: SourcePicture): readonly Profile[] {
  if (wanted === undefined) return defaultLadder(source)
  const taken = new Set<string>()
  return wanted.map((profile) => {
    const complete = completed(profile, source)
    const name = uniqueName(fileName(profile.name ?? `${complete.height}p${complete.fps ?? 0}`), taken)
    return { ...complete, name }
  })
}

function completed(profile: WantedProfile, source: SourcePicture): Profile {
  const { width, height } = profile
  const ratio = source.width / source.height
  if (width === undefined && height === undefined)
    return { name: '', ...profile, width: source.width, height: source.height }
  if (width === undefined) return { name: '', ...profile, width: Math.round(height! * ratio), height: height! }
  return { name: '', ...profile, width, height: height ?? Math.round(width / ratio) }
}

/** Names become directories: nothing but plain characters, and no name of ours. */
function fileName(text: string): string {
  const plain = text.replaceAll(/[^\w-]+/g, '_').slice(0, 64)
  return plain === '' || RESERVED.has(plain) ? `p_${plain}` : plain
}

const RESERVED = new Set(['source', 'thumbnails', 'video', 'index', 'fmp4'])

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let n = 2; taken.has(unique); n++) unique = `${name}-${n}`
  taken.add(unique)
  return unique
}
