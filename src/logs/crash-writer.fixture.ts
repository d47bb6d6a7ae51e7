/**
 * A cell in small, to be killed: writes numbered lines of three attempts in chunks cut anywhere, and says after each
 * flush, on stdout, how many lines of each attempt were handed to the file.
 */
import { writeSync } from 'node:fs'
import { asTenant } from '../core/identity.ts'
import { attemptNamed } from './log-fixture.ts'
import { SegmentWriter } from './segment-writer.ts'

const [directory, writerId] = process.argv.slice(2)
const writer = new SegmentWriter({
  directory: directory!,
  writerId: writerId!,
  segmentBytes: 100_000,
  ownAfterBytes: 50_000,
})
const tenant = asTenant('acme')
const counts = [0, 0, 0]
const tails = ['', '', '']
const endAt = Date.now() + 10_000

for (let round = 0; Date.now() < endAt; round++) {
  const index = round % 3
  const count = 1 + ((round * 7) % 40)
  let text = tails[index]!
  for (let line = 0; line < count; line++) text += `line ${counts[index]!++} of attempt ${index}\n`
  const cut = text.length - ((round * 13) % 30)
  tails[index] = text.slice(cut)
  writer.write(tenant, attemptNamed(`a${index}`), 'stdout', Buffer.from(text.slice(0, cut)), Date.now() * 1_000)
  if (round % 5 !== 0) continue
  writer.flush()
  const whole = counts.map((lines, which) => lines - tails[which]!.split('\n').length)
  writeSync(1, `${whole.join(' ')}\n`)
}
