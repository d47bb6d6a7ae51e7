import { audioOf, type MediaFacts, videoOf } from './media-facts.ts'
import type { Profile } from './profile.ts'

/**
 * Containers that inputs may have. Playlists and lists (hls, dash, concat, image2 …) are not among them: they name other
 * files, and a user's file must not make ffmpeg open the machine's.
 */
export const INPUT_FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mp3,aac,wav,flac,mxf,ivf,h264,hevc'

/** In front of every `-i` of a file that a user gave. */
export const inputArguments = (path: string): readonly string[] => [
  '-protocol_whitelist',
  'file',
  '-format_whitelist',
  INPUT_FORMATS,
  '-i',
  path,
]

const AUDIO_BITRATE = 128_000

export const SOUND: readonly string[] = ['-c:a', 'aac', '-b:a', String(AUDIO_BITRATE), '-ac', '2', '-ar', '48000']

/** Segments of one rendition, as MPEG-TS with a playlist, in `directory`. */
export const hlsOutput = (directory: string, segmentSeconds: number): readonly string[] => [
  '-max_muxing_queue_size',
  '1024',
  '-f',
  'hls',
  '-hls_time',
  String(segmentSeconds),
  '-hls_playlist_type',
  'vod',
  '-hls_segment_filename',
  `${directory}/%d.ts`,
  `${directory}/index.m3u8`,
]

export interface EncodeRequest {
  readonly source: string
  readonly facts: MediaFacts
  readonly profile: Profile
  readonly directory: string
  readonly segmentSeconds: number
}

/** What ffmpeg is given to make one rendition: constant quality below a ceiling, key frames where segments begin. */
export function encodeArguments({
  source,
  facts,
  profile,
  directory,
  segmentSeconds,
}: EncodeRequest): readonly string[] {
  const picture = videoOf(facts) !== undefined && profile.height > 0
  return [
    ...inputArguments(source),
    ...(picture ? ['-map', '0:v:0', ...pictureArguments(profile, segmentSeconds)] : ['-vn']),
    ...(audioOf(facts) ? ['-map', '0:a:0', ...SOUND] : ['-an']),
    '-map_metadata',
    '-1',
    ...hlsOutput(directory, segmentSeconds),
  ]
}

const H264_PROFILES = {
  H264Baseline: 'baseline',
  H264Main: 'main',
  H264High: 'high',
  H264ConstrainedHigh: 'high',
} as const

function pictureArguments(profile: Profile, segmentSeconds: number): readonly string[] {
  const { width, height, bitrate, fps = 0, fpsDen = 1, quality } = profile
  const hevc = profile.encoder === 'HEVC'
  return [
    '-vf',
    `scale=w='min(${width},iw)':h='min(${height},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p`,
    ...(fps > 0 ? ['-r', `${fps}/${fpsDen}`] : []),
    '-c:v',
    hevc ? 'libx265' : 'libx264',
    ...(hevc ? ['-tag:v', 'hvc1'] : h264Profile(profile)),
    '-preset',
    'veryfast',
    ...(quality === undefined ? ['-b:v', String(bitrate)] : ['-crf', String(quality)]),
    '-maxrate',
    String(bitrate),
    '-bufsize',
    String(bitrate * 2),
    ...keyFrames(profile, segmentSeconds),
  ]
}

const h264Profile = ({ profile }: Profile): readonly string[] =>
  profile === undefined
    ? []
    : ['-profile:v', H264_PROFILES[profile], ...(profile === 'H264ConstrainedHigh' ? ['-bf', '0'] : [])]

/** Every segment begins with a key frame; closer together where a profile says so. */
function keyFrames({ gop }: Profile, segmentSeconds: number): readonly string[] {
  if (gop === 'intra') return ['-g', '1']
  const every = gop === undefined || !(Number(gop) > 0) ? segmentSeconds : Number(gop)
  return ['-sc_threshold', '0', '-force_key_frames', `expr:gte(t,n_forced*${Math.min(every, segmentSeconds)})`]
}
