import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { TreeSize } from './tree-size.ts'

it('a tree is measured a little at a time', () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-tree-'))
  for (let i = 0; i < 30; i++) {
    mkdirSync(join(directory, `d${i}`))
    writeFileSync(join(directory, `d${i}`, 'file'), Buffer.alloc(8_192, 1))
  }
  const size = new TreeSize(directory)
  let looks = 1
  let bytes = size.look(10)
  while (bytes === undefined && looks < 100) {
    bytes = size.look(10)
    looks++
  }
  rmSync(directory, { recursive: true })
  expect(looks).toBeGreaterThan(5)
  expect(bytes).toBeGreaterThanOrEqual(30 * 8_192)
  expect(bytes).toBeLessThan(30 * 8_192 * 3)
})
