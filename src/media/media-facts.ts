/** What ffprobe says of a file, in our words. */
export interface MediaFacts {
  /** `mp4`, `webm`, `matroska` …: the first name of the container. */
  readonly format: string
  /** s */
  readonly duration: number
  /** Bytes. */
  readonly size: number
  /** bit/s over all tracks. */
  readonly bitrate: number
  readonly tracks: readonly Track[]
}

export type Track = VideoTrack | AudioTrack

interface TrackBase {
  readonly codec: string
  /** s */
  readonly startTime: number
  /** s */
  readonly duration: number
  /** bit/s */
  readonly bitrate: number
}

export interface VideoTrack extends TrackBase {
  readonly type: 'video'
  /** As shown: after rotation. */
  readonly width: number
  readonly height: number
  readonly pixelFormat: string
  readonly fps: number
  /** Degrees that players turn it by; absent: none. */
  readonly rotation?: number
}

export interface AudioTrack extends TrackBase {
  readonly type: 'audio'
  readonly channels: number
  readonly sampleRate: number
  readonly bitDepth?: number
}

export const videoOf = (facts: MediaFacts): VideoTrack | undefined =>
  facts.tracks.find((track) => track.type === 'video')
export const audioOf = (facts: MediaFacts): AudioTrack | undefined =>
  facts.tracks.find((track) => track.type === 'audio')

type Fields = Readonly<Record<string, unknown>>

const MOST_TRACKS = 8

/** From `ffprobe -show_format -show_streams -of json`; undefined when that holds no picture and no sound. */
export function mediaFactsOf(probed: {
  readonly format?: Fields
  readonly streams?: readonly Fields[]
}): MediaFacts | undefined {
  const { format = {}, streams = [] } = probed
  const duration = number(format.duration) || Math.max(0, ...streams.map((s) => number(s.duration)))
  const total = number(format.bit_rate)
  const tracks = streams.flatMap((stream) => trackOf(stream, duration, total)).slice(0, MOST_TRACKS)
  if (tracks.length === 0) return undefined
  return {
    format: containerOf(String(format.format_name ?? ''), format, tracks),
    duration,
    size: number(format.size),
    bitrate: total,
    tracks,
  }
}

/** The same of a file whose length was measured, s: what follows from it as well. */
export function withLength(facts: MediaFacts, seconds: number): MediaFacts {
  const duration = Math.round(seconds * 1_000) / 1_000
  const bitrate = facts.bitrate || Math.round((facts.size * 8) / duration)
  const tracks = facts.tracks.map((track) => ({
    ...track,
    duration: track.duration === facts.duration ? duration : track.duration,
    bitrate: track.bitrate || (track.type === 'video' ? bitrate : 0),
  }))
  return { ...facts, duration, bitrate, tracks }
}

/** What WebM holds; Matroska with nothing else is read as such. */
const WEBM_CODECS = new Set(['vp8', 'vp9', 'av1', 'opus', 'vorbis'])

/** ffprobe names all of a family (`mov,mp4,m4a,…`); the brand, or what is in it, tells which. */
function containerOf(names: string, format: Fields, tracks: readonly Track[]): string {
  const brand = String((format.tags as Fields | undefined)?.major_brand ?? '').trim()
  if (names.startsWith('mov,')) return brand === 'qt' ? 'mov' : 'mp4'
  if (names.startsWith('matroska')) return tracks.every(({ codec }) => WEBM_CODECS.has(codec)) ? 'webm' : 'mkv'
  return names.split(',')[0] ?? ''
}

function trackOf(stream: Fields, duration: number, total: number): readonly Track[] {
  const base = {
    codec: String(stream.codec_name ?? ''),
    startTime: number(stream.start_time),
    duration: number(stream.duration) || duration,
  }
  const attached = number((stream.disposition as Fields | undefined)?.attached_pic) === 1
  if (stream.codec_type === 'video' && !attached)
    return [{ ...base, type: 'video', bitrate: number(stream.bit_rate) || total, ...pictureOf(stream) }]
  if (stream.codec_type !== 'audio') return []
  const bitDepth = number(stream.bits_per_sample)
  const { channels, sample_rate: rate } = stream
  const sound = { channels: number(channels), sampleRate: number(rate), ...(bitDepth > 0 && { bitDepth }) }
  return [{ ...base, type: 'audio', bitrate: number(stream.bit_rate), ...sound }]
}

function pictureOf(stream: Fields): Pick<VideoTrack, 'width' | 'height' | 'pixelFormat' | 'fps' | 'rotation'> {
  const [w, h] = [number(stream.width), number(stream.height)]
  const rotation = rotationOf(stream)
  const turned = Math.abs(rotation) % 180 === 90
  const fps = ratio(stream.avg_frame_rate) || ratio(stream.r_frame_rate)
  return {
    width: turned ? h : w,
    height: turned ? w : h,
    pixelFormat: String(stream.pix_fmt ?? ''),
    fps: Math.round(fps * 1_000) / 1_000,
    ...(rotation !== 0 && { rotation }),
  }
}

function rotationOf(stream: Fields): number {
  const sides = (stream.side_data_list ?? []) as readonly Fields[]
  const side = sides.find((data) => data.rotation !== undefined)
  return number(side?.rotation ?? (stream.tags as Fields | undefined)?.rotate)
}

function ratio(text: unknown): number {
  const [over, under] = String(text ?? '')
    .split('/')
    .map(Number)
  return over && under ? over / under : 0
}

function number(value: unknown): number {
  const parsed = Number(value ?? 0)
  return Number.isFinite(parsed) ? parsed : 0
}
