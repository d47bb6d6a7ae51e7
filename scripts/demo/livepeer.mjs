import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Livepeer } from 'livepeer'

const PATIENCE_MS = 120_000
const LOOK_MS = 200

/** Livepeer Studio through its own SDK: a test picture is uploaded, transcoded and played. */
export async function livepeer({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('livepeer')) return
  heading('Livepeer Studio: npm livepeer, unmodified')
  const video = testVideo()
  if (!video) return say('no ffmpeg is installed here: this part is left out (apt-get install ffmpeg)')
  const client = new Livepeer({ apiKey: environment.LIVEPEER_API_KEY, serverURL: environment.LIVEPEER_SERVER_URL })
  const { url, asset, task } = (await client.asset.create({ name: 'demo' })).data
  say(`asset.create → asset ${asset.id}, task ${task.id}`)
  const put = await fetch(url, { method: 'PUT', body: video })
  say(`PUT ${video.length} bytes → ${put.status}`)
  await followTask(client, task.id, say)
  const { playbackInfo } = await client.playback.get(asset.playbackId)
  for (const { hrn, url: address } of playbackInfo.meta.source) say(`playback.get → ${hrn} ${address}`)
}

async function followTask(client, id, say) {
  let last
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
    const { status, output } = (await client.task.get(id)).task
    const now = `${status.phase}${status.progress === undefined ? '' : ` ${Math.round(status.progress * 100)} %`}`
    if (now !== last) say(`task.get → ${now}`)
    last = now
    if (status.phase === 'failed') throw new Error(`the upload failed: ${status.errorMessage}`)
    if (status.phase === 'completed') return output
  }
  throw new Error('the upload did not end in time')
}

/** Two seconds of ffmpeg's test picture with a tone; undefined without ffmpeg. */
function testVideo() {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-demo-video-'))
  const path = join(directory, 'demo.mp4')
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=15:duration=2']
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=2']
  const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  try {
    execFileSync('ffmpeg', ['-loglevel', 'error', ...picture, ...sound, ...coding, path])
    return readFileSync(path)
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
