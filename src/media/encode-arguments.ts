import { audioOf, type MediaFacts, videoOf } from './media-facts.ts'
import { pictureGraph } from './picture-graph.ts'
import { type Profile, packagingOf } from './profile.ts'
import { hlsOutput, webmOutput } from './segment-output.ts'

/**
 * Containers that inputs may have. Playlists and lists (hls, dash, concat, image2 …) are not among them: they name other
 * files, and a user's file must not make ffmpeg open the machine's.
 */
export const INPUT_FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mp3,aac,wav,flac,mxf,ivf,h264,hevc'

/** In front of every `-i` of a file that a user gave. */
export const inputArguments = (path: string): readonly string[] => [
  ...['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS],
  ...['-i', path],
]

const AUDIO_BITRATE = 128_000

const soundOf = (encoder: 'aac' | 'libopus'): readonly string[] => [
  ...['-c:a', encoder, '-b:a', String(AUDIO_BITRATE), '-ac', '2', '-ar', '48000'],
]
export const SOUND = soundOf('aac')

export interface EncodeRequest {
  readonly source: string
  readonly facts: MediaFacts
  readonly profiles: readonly Profile[]
  /** Where a rendition's segments go. */
  readonly directoryOf: (profile: Profile) => string
  readonly playlist: string
  readonly segmentSeconds: number
  /** The segment to begin with: those before it are there. */
  readonly first: number
  /** Where pictures for thumbnails go; absent: none are made. */
  readonly thumbnails?: string
}

/**
 * What ffmpeg is given to make all renditions at once: the source is decoded once, key frames stand where segments begin,
 * quality is constant below a ceiling.
 */
export function encodeArguments(request: EncodeRequest): readonly string[] {
  const { source, facts, profiles, segmentSeconds, first, thumbnails } = request
  const from = first * segmentSeconds
  const video = videoOf(facts)
  const pictures = video ? profiles.filter(({ height }) => height > 0) : []
  const outputs = profiles.flatMap((profile) => [
    ...(pictures.includes(profile)
      ? ['-map', `[${profile.name}]`, ...pictureArguments(profile, segmentSeconds)]
      : ['-vn']),
    ...(audioOf(facts) ? ['-map', '0:a:0', ...soundOf(profile.encoder === 'VP8' ? 'libopus' : 'aac')] : ['-an']),
    ...['-map_metadata', '-1'],
    ...segmentsOutput(request, profile),
  ])
  const shown = thumbnails === undefined ? [] : thumbnailsOutput(thumbnails, first)
  const graph = pictureGraph({
    source: video ?? { width: 0, height: 0 },
    pictures,
    ...(thumbnails !== undefined && { thumbnails: thumbnailsFilter(segmentSeconds) }),
  })
  return [
    // In front of the input: ffmpeg decodes from the key frame before and drops what is earlier.
    ...(first > 0 ? ['-ss', String(from)] : []),
    ...inputArguments(source),
    ...(graph === '' ? [] : ['-filter_complex', graph]),
    ...outputs,
    ...shown,
  ]
}

function segmentsOutput({ directoryOf, ...request }: EncodeRequest, profile: Profile): readonly string[] {
  const packaging = packagingOf(profile)
  const directory = directoryOf(profile)
  return packaging === 'webm' ? webmOutput(directory, request) : hlsOutput(directory, { ...request, packaging })
}

/** As it is shown: pictures have no other pixels than square ones. */
const THUMBNAIL =
  "scale=w='iw*if(gt(sar,0),sar,1)':h=ih,setsar=1,scale=w=640:h=360:force_original_aspect_ratio=decrease"

/** One frame in so many seconds. */
const thumbnailsFilter = (seconds: number): string =>
  `select='isnan(prev_selected_t)+${isLaterCell('prev_selected_t', seconds)}',${THUMBNAIL}`

/** Each written aside and renamed, and without the delay of several at once: what a killed run left is whole. */
const thumbnailsOutput = (directory: string, first: number): readonly string[] => [
  ...['-map', '[thumbnails]', '-fps_mode', 'vfr', '-threads', '1', '-f', 'image2', '-atomic_writing', '1'],
  ...['-start_number', String(first), `${directory}/keyframes_%d.png`],
]

const H264_PROFILES = {
  H264Baseline: 'baseline',
  H264Main: 'main',
  H264High: 'high',
  H264ConstrainedHigh: 'high',
} as const

/** As the source times its frames: none is doubled or dropped but by a profile's own rate. */
function pictureArguments(profile: Profile, segmentSeconds: number): readonly string[] {
  return ['-fps_mode', 'vfr', ...encoderArguments(profile), ...keyFrames(profile, segmentSeconds)]
}

/** Encoders count in kbit/s, and take 0 for none at all. */
const LEAST_BITRATE = 1_000
/** What ffmpeg can still be told of twice as much, bit/s. */
const MOST_BITRATE = 2 ** 30 - 1

function encoderArguments(profile: Profile): readonly string[] {
  const { quality } = profile
  const bitrate = Math.min(Math.max(profile.bitrate, LEAST_BITRATE), MOST_BITRATE)
  const rate = quality === undefined ? ['-b:v', String(bitrate)] : ['-crf', String(quality)]
  const ceiling = ['-maxrate', String(bitrate), '-bufsize', String(bitrate * 2)]
  if (profile.encoder === 'VP8' || profile.encoder === 'VP9')
    return [...vpxEncoder(profile.encoder), ...vpxRate({ ...profile, bitrate }), ...ceiling]
  if (profile.encoder === 'HEVC')
    return [
      '-c:v',
      'libx265',
      '-tag:v',
      'hvc1',
      '-x265-params',
      'log-level=error',
      '-preset',
      'veryfast',
      ...rate,
      ...ceiling,
    ]
  return ['-c:v', 'libx264', ...h264Profile(profile), '-preset', 'veryfast', ...rate, ...ceiling]
}

const vpxEncoder = (encoder: 'VP8' | 'VP9'): readonly string[] => [
  ...['-c:v', encoder === 'VP8' ? 'libvpx' : 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
  ...(encoder === 'VP9' ? ['-row-mt', '1'] : []),
]

/**
 * Without a bitrate beside its quality it would know no ceiling. VP8's best is 4. At this speed VP9 keeps to a bitrate only where
 * it is the least as well: noise took twice as much.
 */
const vpxRate = ({ encoder, bitrate, quality }: Profile): readonly string[] => [
  ...(quality === undefined ? [] : ['-crf', String(Math.max(4, quality))]),
  ...['-b:v', String(bitrate)],
  ...(quality === undefined && encoder === 'VP9' ? ['-minrate', String(bitrate)] : []),
]

const h264Profile = ({ profile }: Profile): readonly string[] =>
  profile === undefined
    ? []
    : ['-profile:v', H264_PROFILES[profile], ...(profile === 'H264ConstrainedHigh' ? ['-bf', '0'] : [])]

/** Every segment begins with a key frame; closer together where a profile says so. */
function keyFrames({ gop }: Profile, segmentSeconds: number): readonly string[] {
  if (gop === 'intra') return ['-g', '1']
  const first = `isnan(prev_forced_t)+${isLaterCell('prev_forced_t', segmentSeconds)}`
  const closer = Number(gop) > 0 ? `+gte(t-prev_forced_t,${Number(gop) - TOLERANCE_S})` : ''
  return ['-g', '9999', '-sc_threshold', '0', '-force_key_frames', `expr:${first}${closer}`]
}

/** Times are rounded; frames stand further apart. */
const TOLERANCE_S = 0.000_5

/**
 * Whether `t` lies in a later one of the parts of `seconds` that time is divided into than `before` does. What is counted
 * from the frame before instead drifts from frame to frame, and would not begin where another run would.
 */
const isLaterCell = (before: string, seconds: number): string =>
  `gt(floor((t+${TOLERANCE_S})/${seconds}),floor((${before}+${TOLERANCE_S})/${seconds}))`
