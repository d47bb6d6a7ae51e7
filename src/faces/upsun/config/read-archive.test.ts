import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UpsunError } from '../errors.ts'
import { readArchive } from './read-archive.ts'

describe('an archive', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'upsun-archive-'))
    mkdirSync(join(directory, 'sub', 'x'.repeat(90), 'y'.repeat(90)), { recursive: true })
    writeFileSync(join(directory, 'sub', 'config.yaml'), 'tasks: {}\n')
    writeFileSync(join(directory, 'sub', 'x'.repeat(90), 'y'.repeat(90), 'long.txt'), 'deep'.repeat(400))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const pack = (...options: string[]): Buffer => execFileSync('tar', ['-cf', '-', ...options, '-C', directory, '.'])
  const read = (bytes: Uint8Array, isCompressed = false) =>
    readArchive(Readable.from([Buffer.from(bytes)]), isCompressed, 'sub/config.yaml')

  test('gives the wished file and an id of its contents, however and whenever it was packed', async () => {
    const plain = await read(pack('--format=gnu'))
    expect(plain.file).toBe('tasks: {}\n')
    utimesSync(join(directory, 'sub', 'config.yaml'), 1, 1)
    expect((await read(gzipSync(pack('--format=gnu')), true)).treeId).toBe(plain.treeId)
    expect((await read(pack('--format=pax'))).treeId).toBe(plain.treeId)
    writeFileSync(join(directory, 'sub', 'config.yaml'), 'tasks: {} \n')
    expect((await read(pack('--format=gnu'))).treeId).not.toBe(plain.treeId)
  })

  test('that is cut off, empty or none at all is refused', async () => {
    const whole = pack()
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.nat(whole.length),
        fc.boolean(),
        async (bytes, cut, zip) => {
          await expect(read(bytes, zip)).rejects.toBeInstanceOf(UpsunError)
          const some = await read(whole.subarray(0, cut)).catch((error: unknown) => error)
          if (some instanceof Error) expect(some).toBeInstanceOf(UpsunError)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('that reaches outside of its directory is refused', async () => {
    const outside = execFileSync('tar', ['-cf', '-', '--transform', 's,^,../,', '-C', directory, 'sub/config.yaml'])
    await expect(read(outside)).rejects.toThrow('reaches outside')
  })
})
