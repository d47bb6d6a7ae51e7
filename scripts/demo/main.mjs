// The demo, under Node 24: a stage, and one part after another. Ends by itself; exit 0 when everything went as it says.
import { cloudFoundry } from './cloudfoundry.mjs'
import { ecs } from './ecs.mjs'
import { livepeer } from './livepeer.mjs'
import { native } from './native.mjs'
import { ona } from './ona.mjs'
import { raiseStage } from './stage.mjs'
import { upsun } from './upsun.mjs'

/** Longer than any part may take: whatever hangs, the demo ends. */
const LIMIT_MS = 3 * 60_000
const PARTS = [native, ecs, ona, cloudFoundry, upsun, livepeer]

const limit = setTimeout(() => {
  process.stderr.write('the demo did not end in time\n')
  process.exit(1)
}, LIMIT_MS).unref()

const stage = await raiseStage()
const interrupted = () => void stage.strike().then(() => process.exit(130))
process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
try {
  for (const part of PARTS) await part(stage)
  stage.heading('That was all. Your turn: npx taskport up')
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  await stage.strike()
  clearTimeout(limit)
}
