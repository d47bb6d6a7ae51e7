/**
 * Media work as plans of steps.
 *
 * Groups: 0 the input is brought · 1 it is probed, which appends all that follows · 2 source playback beside renditions
 * with their thumbnails · 3 packaging · 4 publishing (or storing in a bucket).
 */
import type { Plan } from '../core/plan.ts'
import type { EnvValue, MountSpec, StepSpec } from '../core/step-spec.ts'
import type { FetchJob, Job, ProbeJob, PublishJob, RenditionsJob } from './job.ts'
import { profilesFor, type SourcePicture } from './ladder.ts'
import { localMounts } from './local-bucket.ts'
import { audioOf, type MediaFacts, videoOf } from './media-facts.ts'
import { type MediaTools, mediaStep } from './media-step.ts'
import type { Profile, WantedProfile } from './profile.ts'

/** What does not depend on the input, and is remembered until it was probed. */
export interface MediaRequest {
  readonly directory: string
  readonly input:
    | { readonly kind: 'url'; readonly url: string; readonly headers?: Readonly<Record<string, string>> }
    | { readonly kind: 'uploaded' }
    | {
        readonly kind: 'bucket'
        readonly endpoint: string
        readonly bucket: string
        readonly path: string
        /** Name of the secret whose field `input` opens it. */
        readonly secret: string
      }
    | { readonly kind: 'cut'; readonly from: string; readonly startMs: number; readonly endMs?: number }
  readonly profiles?: readonly WantedProfile[]
  readonly segmentSeconds?: number
  /** `always`, or by the length of the input. */
  readonly mp4: 'always' | 'short' | 'never'
  /** Single files of fragments, with playlists for HLS and DASH. */
  readonly fmp4?: boolean
  /** Publish for playing, or store the renditions in a bucket. */
  readonly output: 'publish' | 'store'
}

/** Where the probe reports, and the token it shows there. */
export interface ProbeReport {
  readonly path: string
  readonly token: EnvValue
}

const MOST_BYTES = 30 * 1024 ** 3
const SEGMENT_S = 10
const LONGEST_SEGMENT_S = 20
const LONGEST_SHORT_S = 120
/** It is done in a moment, and somebody may be waiting for it. */
const SOURCE_SHARE = 0.5

/** How the last step reaches a bucket. */
export interface Store {
  readonly env: Readonly<Record<string, EnvValue>>
  readonly job: object
  readonly mounts: readonly MountSpec[]
}

/** The steps until the input is known. */
export function mediaPlan(tools: MediaTools, request: MediaRequest, report: ProbeReport): Plan {
  const profiles = request.profiles && { profiles: request.profiles }
  const job: ProbeJob = { ...baseJob(tools, request.directory), ...profiles, report: report.path }
  const probe = mediaStep(tools, {
    name: 'probe',
    group: 1,
    program: 'probe',
    job,
    network: true,
    appends: true,
    env: { MEDIA_REPORT_TOKEN: report.token },
    after: [inputName(request)],
  })
  return { steps: [inputStep(tools, request), probe] }
}

const inputName = ({ input }: MediaRequest): string => (input.kind === 'cut' ? 'cut' : 'fetch')

const baseJob = ({ ffmpeg, ffprobe, allowAddresses }: MediaTools, directory: string): Job => ({
  directory,
  ffmpeg,
  ffprobe,
  allowAddresses,
})

function inputStep(tools: MediaTools, request: MediaRequest): StepSpec {
  const { input, directory } = request
  const base = baseJob(tools, directory)
  if (input.kind === 'cut') {
    const { from, startMs, endMs } = input
    const job = { ...base, from, startMs, ...(endMs !== undefined && { endMs }) }
    const shown = { kind: 'bind', source: from, target: from, readOnly: true, trusted: true } as const
    return mediaStep(tools, { name: 'cut', group: 0, program: 'cut', job, mounts: [shown] })
  }
  if (input.kind === 'bucket') {
    const { endpoint, bucket, path, secret } = input
    const job: FetchJob = { ...base, bucket: { endpoint, bucket, path }, mostBytes: MOST_BYTES }
    const env = { MEDIA_BUCKET_KEYS: { secret, key: 'input' } }
    const mounts = localMounts(input)
    return mediaStep(tools, { name: 'fetch', group: 0, program: 'fetch', job, network: true, env, mounts })
  }
  const given = input.kind === 'url' ? { url: input.url, ...(input.headers && { headers: input.headers }) } : {}
  const job = { ...base, ...given, mostBytes: MOST_BYTES }
  return mediaStep(tools, { name: 'fetch', group: 0, program: 'fetch', job, network: input.kind === 'url' })
}

/** How sound alone is made. */
const SOUND_ALONE: Profile = { name: 'audio', width: 0, height: 0, bitrate: 128_000 }

/** The renditions that will be made of this input. */
export function renditionsOf(request: Pick<MediaRequest, 'profiles'>, facts: MediaFacts): readonly Profile[] {
  const video = videoOf(facts)
  if (!video) return [SOUND_ALONE]
  const bitrate = video.bitrate || facts.bitrate || 1_000_000
  const picture: SourcePicture = { width: video.width, height: video.height, bitrate }
  return profilesFor(request.profiles, picture)
}

/** The steps that follow from what was found. Throws nothing; no profiles give no steps. */
export function stepsAfterProbe(
  tools: MediaTools,
  request: MediaRequest,
  facts: MediaFacts,
  store?: Store,
): readonly StepSpec[] {
  const profiles = renditionsOf(request, facts)
  if (profiles.length === 0) return []
  const segmentSeconds = Math.min(Math.max(request.segmentSeconds ?? SEGMENT_S, 1), LONGEST_SEGMENT_S)
  const mp4 = request.mp4 === 'always' || (request.mp4 === 'short' && facts.duration <= LONGEST_SHORT_S)
  const thumbnails = request.output === 'publish' && videoOf(facts) !== undefined
  const base = { ...baseJob(tools, request.directory), facts, segmentSeconds }
  const whole = { ...base, profiles, mp4, thumbnails, ...(request.fmp4 && { fmp4: true }) }
  const job: RenditionsJob = { ...base, profiles, thumbnails }
  const made = mediaStep(tools, { name: 'renditions', group: 2, program: 'renditions', job, share: 1 - SOURCE_SHARE })
  const played = mediaStep(tools, {
    ...{ name: 'source', group: 2, program: 'source', job: base, share: SOURCE_SHARE, essential: false, tries: 'one' },
  })
  const packaged = mediaStep(tools, { name: 'package', group: 3, program: 'package', job: whole })
  const isPlayed = request.output === 'publish' && isPlayable(facts)
  return [...(isPlayed ? [played] : []), made, packaged, lastStep(tools, request, whole, store)]
}

function lastStep(tools: MediaTools, request: MediaRequest, whole: PublishJob, store: Store | undefined): StepSpec {
  const job: PublishJob = { ...whole, ...store?.job }
  if (request.output === 'publish') return mediaStep(tools, { name: 'publish', group: 4, program: 'publish', job })
  return mediaStep(tools, {
    name: 'store',
    group: 4,
    program: 'store',
    job,
    network: true,
    ...(store && { env: store.env, mounts: store.mounts }),
  })
}

const PLAYABLE_BITRATE = 6_000_000

/** Whether browsers play the input's own bytes in MPEG-TS. */
function isPlayable(facts: MediaFacts): boolean {
  const video = videoOf(facts)
  return (
    video?.codec === 'h264' &&
    // MPEG-TS does not say that it is to be turned.
    video.rotation === undefined &&
    /^yuvj?420p$/.test(video.pixelFormat) &&
    facts.tracks.every((track) => track.bitrate <= PLAYABLE_BITRATE) &&
    audioOf(facts)?.codec !== ''
  )
}
