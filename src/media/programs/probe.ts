/** Looks at the input, decides whether it can be worked on, and reports what was found. */

import { INPUT_FORMATS } from '../encode-arguments.ts'
import { MediaError } from '../failure.ts'
import { type ProbeJob, sourceOf } from '../job.ts'
import { type MediaFacts, videoOf } from '../media-facts.ts'
import { publishOutput, runProgram } from '../program.ts'
import { probeInput } from '../run-ffmpeg.ts'

/** Pictures that are no video, whatever their container says. */
const STILL_CODECS = new Set(['mjpeg', 'jpeg', 'png', 'gif', 'bmp', 'webp', 'prores', 'ansi', 'tiff'])
const LARGEST_SIDE = 8_192
const LONGEST_S = 24 * 3_600
/** Until the server answers again, ms. */
const PATIENCE_MS = 120_000

await runProgram<ProbeJob>(async (job) => {
  const options = ['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS, '-analyzeduration', '15000000']
  const facts = await probeInput(job.ffprobe, sourceOf(job), options)
  if (!facts) throw new MediaError('probe', 'ffprobe finds neither picture nor sound')
  checkSupported(facts)
  const { format, duration, size, bitrate } = facts
  publishOutput('media', { format, duration, size, bitrate })
  await report(job, facts)
})

function checkSupported(facts: MediaFacts): void {
  const video = videoOf(facts)
  if (!(facts.duration > 0) || facts.duration > LONGEST_S)
    throw new MediaError('probe', `a duration of ${facts.duration} s`)
  if (!video) return
  if (STILL_CODECS.has(video.codec)) throw new MediaError('codec', `${video.codec} is not supported`)
  if (!(video.fps > 0) || video.width < 2 || video.height < 2) throw new MediaError('probe', 'no frames')
  if (Math.max(video.width, video.height) > LARGEST_SIDE)
    throw new MediaError('codec', `${video.width}×${video.height} is larger than ${LARGEST_SIDE}`)
}

/** The server may be restarting: it is asked again for a while. */
async function report(job: ProbeJob, facts: MediaFacts): Promise<void> {
  const url = `${process.env.TASKPORT_URL}${job.report}`
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.MEDIA_REPORT_TOKEN}` }
  const body = JSON.stringify({ attempt: process.env.TASKPORT_ATTEMPT, facts })
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined)
    if (answer?.ok) return
    if (answer?.status === 422) throw new MediaError('noProfiles', await answer.text())
    if ((answer && answer.status < 500) || Date.now() > deadline)
      throw new MediaError(
        'internal',
        `the server answered ${answer ? `${answer.status} ${await answer.text()}` : 'nothing'}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
