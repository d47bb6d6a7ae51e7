import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { attemptNamed, inDirectory, NOW, readAll, TENANT, textOf } from './log-fixture.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

const mountPoint = mkdtempSync(join(tmpdir(), 'taskport-full-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mountPoint]).status === 0
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', mountPoint])
  rmSync(mountPoint, { recursive: true, force: true })
})

const chunk = (first: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, index) => `line ${first + index}\n`).join(''))

function fillUp(path: string): void {
  const free = statfsSync(mountPoint)
  writeFileSync(path, Buffer.alloc(Math.max(0, free.bavail * free.bsize - 8_192)))
}

/** Mounting a file system needs root. */
describe.skipIf(!mounted)('a full disk', () => {
  it('fails no writer: lines are dropped and counted, the log says so, and goes on when there is room', async () => {
    const store = await SegmentLogStore.open({ directory: mountPoint, now: () => NOW })
    const writer = new SegmentWriter({ directory: mountPoint, writerId: 'cell-1' })
    const id = attemptNamed('a')
    const deliver = (): void => {
      const notice = writer.flush()
      if (notice) store.noticed(notice)
    }
    let written = 0
    const put = (count: number): void => {
      writer.write(TENANT, id, 'stdout', chunk(written, count), NOW + written)
      written += count
      deliver()
    }
    put(100)
    fillUp(join(mountPoint, 'ballast'))
    for (let round = 0; round < 60; round++) put(2_000)
    await store.note(TENANT, id, 'a note on a full disk')
    expect((await readAll(store, id)).lines.map(textOf)).toContain('the log cannot be written: lines are dropped')
    unlinkSync(join(mountPoint, 'ballast'))
    deliver()
    put(50)
    const extent = writer.end(TENANT, id)
    deliver()
    const { lines, gap } = await readAll(store, id, { extent })
    expect(gap).toBe(false)
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, seq) => seq))
    let place = 0
    for (const line of lines) {
      const dropped = /^(\d+) lines? \(\d+ bytes\) dropped: the log could not be written$/.exec(textOf(line))
      if (dropped) place += Number(dropped[1])
      else if (line.source === 'stdout') expect(textOf(line)).toBe(`line ${place++}`)
    }
    expect(place).toBe(written)
    expect(lines.map(textOf)).toContain('a note on a full disk')
    await store.close()
  })
})

it('a directory that is gone fails no writer either', async () => {
  const writer = new SegmentWriter({ directory: join(mountPoint, 'absent'), writerId: 'cell-1' })
  for (let round = 0; round < 10; round++) {
    writer.write(TENANT, attemptNamed('a'), 'stdout', chunk(0, 10_000), NOW)
    writer.flush()
    writer.sync()
  }
  expect(writer.end(TENANT, attemptNamed('a'))).toMatch(/^\d+;/)
  writer.close(NOW)
})

it('a silent attempt costs no file', async () => {
  await inDirectory(async (directory) => {
    const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
    for (let one = 0; one < 100; one++) expect(writer.end(TENANT, attemptNamed(`a${one}`))).toBe('0')
    expect(writer.flush()).toBeUndefined()
    writer.sync()
    expect(readdirSync(directory)).toEqual([])
  })
})
