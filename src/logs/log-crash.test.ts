import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { attemptNamed, inDirectory, NOW, readAll, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

const FIXTURE = fileURLToPath(new URL('./crash-writer.fixture.ts', import.meta.url))
const options = (directory: string) => ({ directory, now: () => NOW })

/** Starts the fixture, kills it after `lines` reports; the last report. */
async function killedAfter(directory: string, writerId: string, reports: number): Promise<number[]> {
  const child = spawn(process.execPath, [FIXTURE, directory, writerId], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'close')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > reports) child.kill('SIGKILL')
  })
  await gone
  return said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1)!.split(' ').map(Number)
}

it('after kill -9 of a writer its logs are a prefix: all that was handed over, nothing twice, no hole', async () => {
  for (const [round, reports] of [1, 3, 10, 40, 90, 150].entries()) {
    await inDirectory(async (directory) => {
      const before = round % 2 === 0 ? await SegmentLogStore.open(options(directory)) : undefined
      const handedOver = await killedAfter(directory, `cell-${round}`, reports)
      const store = before ?? (await SegmentLogStore.open(options(directory)))
      await store.writerEnded(`cell-${round}`)
      for (const [index, count] of handedOver.entries()) {
        const { lines, gap } = await readAll(store, attemptNamed(`a${index}`))
        expect(lines.length).toBeGreaterThanOrEqual(count)
        expect(lines.map(textOf)).toEqual(lines.map((_, line) => `line ${line} of attempt ${index}`))
        expect(lines.map((line) => line.seq)).toEqual(lines.map((_, line) => line))
        expect(gap).toBe(false)
      }
      await store.close()
      expect(readdirSync(directory).filter((file) => !/\.(seg|idx)$/.test(file))).toEqual([])
    })
  }
}, 60_000)

/** All of one length, so that all frames are. */
const lineText = (line: number): string => `line ${String(line).padStart(2, '0')}`

it('a torn or rotten tail is cut at the first frame that does not hold, and what comes before is whole', async () => {
  const damage = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), rot: fc.boolean(), garbage: fc.nat(100) })
  await fc.assert(
    fc.asyncProperty(damage, ({ at, rot, garbage }) =>
      inDirectory(async (directory) => {
        const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
        for (let line = 0; line < 50; line++) {
          writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from(`${lineText(line)}\n`), NOW + line)
        }
        const path = join(directory, `${writer.flush()!.segment}.seg`)
        const whole = readFileSync(path)
        const offset = Math.floor(at * (whole.length - 1))
        if (rot) {
          whole[offset] = whole[offset]! ^ 0x55
          writeFileSync(path, whole)
        } else truncateSync(path, offset)
        appendFileSync(path, Buffer.alloc(garbage, 0x31))
        const store = await SegmentLogStore.open(options(directory))
        await store.writerEnded('cell-1')
        const lines = (await readAll(store, attemptNamed('a'))).lines.map(textOf)
        expect(lines).toEqual(lines.map((_, line) => lineText(line)))
        expect(lines.length).toBe(Math.floor((50 * offset) / whole.length))
        await store.close()
        const again = await SegmentLogStore.open(options(directory))
        expect((await readAll(again, attemptNamed('a'))).lines.map(textOf)).toEqual(lines)
        await again.close()
      }),
    ),
    { numRuns: 60 },
  )
}, 60_000)

it('a lost index is made again from its segment', async () => {
  await inDirectory(async (directory) => {
    const writer = new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 1_000 })
    for (let line = 0; line < 200; line++) {
      writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from(`line ${line}\n`), NOW + line)
    }
    const extent = writer.end(TENANT, attemptNamed('a'))
    writer.close(NOW)
    const first = await SegmentLogStore.open(options(directory))
    await first.close()
    const indexes = readdirSync(directory).filter((file) => file.endsWith('.idx'))
    expect(indexes.length).toBeGreaterThan(5)
    for (const file of indexes) truncateSync(join(directory, file), 10)
    const store = await SegmentLogStore.open(options(directory))
    expect((await readAll(store, attemptNamed('a'), { extent })).lines.length).toBe(200)
    await store.close()
  })
})

it('what a writer appended while nobody listened is there once it is connected again', async () => {
  await inDirectory(async (directory) => {
    const store = await SegmentLogStore.open(options(directory))
    const writer = new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 300 })
    const seqs: number[] = []
    const follow = (async () => {
      for await (const batch of store.follow(TENANT, attemptNamed('a'), undefined, AbortSignal.timeout(20_000))) {
        seqs.push(...batch.map((line) => line.seq))
        if (seqs.length === 20) return
      }
    })()
    for (let line = 0; line < 20; line++) {
      writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from(`line ${line}\n`), NOW + line)
    }
    writer.flush()
    await store.writerConnected('cell-1')
    await follow
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, seq) => seq))
    await store.close()
  })
})

it('a note keeps its number when a power cut took lines before it; what is missing is a gap', async () => {
  await inDirectory(async (directory) => {
    const store = await SegmentLogStore.open(options(directory))
    const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
    const put = (line: number): void =>
      writer.write(TENANT, attemptNamed('a'), 'stdout', Buffer.from(`line ${line}\n`), NOW + line)
    for (let line = 0; line < 5; line++) put(line)
    const { segment, size } = writer.flush()!
    for (let line = 5; line < 10; line++) put(line)
    store.noticed(writer.flush()!)
    await store.note(TENANT, attemptNamed('a'), 'the machine went away')
    const before = await readAll(store, attemptNamed('a'))
    await store.close()
    truncateSync(join(directory, `${segment}.seg`), size + 30)
    const again = await SegmentLogStore.open(options(directory))
    await again.writerEnded('cell-1')
    const after = await readAll(again, attemptNamed('a'))
    expect(after.gap).toBe(true)
    expect(after.lines).toEqual(before.lines.filter((line) => line.seq < 5 || line.seq === 10))
    await again.close()
  })
})
