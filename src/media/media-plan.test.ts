import { expect, test } from 'vitest'
import { ALL_CODES } from './failure.ts'
import type { MediaFacts, Track, VideoTrack } from './media-facts.ts'
import { type MediaRequest, stepsAfterProbe } from './media-plan.ts'
import type { MediaTools } from './media-step.ts'

const TOOLS: MediaTools = {
  ...{ ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', allowAddresses: [] },
  program: (name) => ({ argv: [name], mounts: [] }),
  backoffMs: { first: 1_000, longest: 60_000 },
}
const REQUEST: MediaRequest = {
  ...{ directory: '/media/one', input: { kind: 'uploaded' }, mp4: 'short', output: 'publish' },
}

const times = { startTime: 0, duration: 10, bitrate: 1_000_000 }
const PICTURE: VideoTrack = {
  ...times,
  ...{ type: 'video', codec: 'h264', width: 1_280, height: 720, pixelFormat: 'yuv420p', fps: 30 },
}
const SOUND: Track = { ...times, type: 'audio', codec: 'aac', channels: 2, sampleRate: 48_000 }
const facts = (...tracks: readonly Track[]): MediaFacts => ({
  ...{ format: 'mp4', duration: 10, size: 1_000_000, bitrate: 1_000_000 },
  tracks,
})
const steps = (...tracks: readonly Track[]) => stepsAfterProbe(TOOLS, REQUEST, facts(...tracks))
const names = (...tracks: readonly Track[]): readonly string[] => steps(...tracks).map(({ name }) => name)

const MADE = ['renditions', 'package', 'publish']

test('a source that browsers play as it is can be played while it is made into renditions', () => {
  expect(names(PICTURE, SOUND)).toEqual(['source', ...MADE])
  expect(names(PICTURE)).toEqual(['source', ...MADE])
})

test('no other source is', () => {
  const others: readonly Partial<VideoTrack>[] = [
    { codec: 'hevc' },
    { pixelFormat: 'yuv422p' },
    { bitrate: 9_000_000 },
    // MPEG-TS cannot say so: it would lie on its side.
    { rotation: 90 },
  ]
  for (const other of others) expect(names({ ...PICTURE, ...other }, SOUND), JSON.stringify(other)).toEqual(MADE)
  expect(names(SOUND)).toEqual(MADE)
})

test('nothing waits for the source: it ends nothing, and is not tried again whatever it ended with', () => {
  const [source, renditions] = steps(PICTURE, SOUND)
  expect(source).toMatchObject({ essential: false, endsExecution: 'never' })
  expect(source?.retry?.ignoredExitCodes).toEqual(ALL_CODES)
  expect(renditions?.retry?.ignoredExitCodes).not.toEqual(ALL_CODES)
})
