import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { textInZip } from './text-in-zip.ts'

const place = mkdtempSync(join(tmpdir(), 'taskport-text-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

test('one small file of a zip is read; what is not there, too large or no zip is not', async () => {
  const zip = join(place, 'a.zip')
  const code =
    "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED); z.writestr('dir/Procfile', 'no'); z.writestr('Procfile', 'web: é'); z.close()"
  execFileSync('python3', ['-c', code, zip])
  expect(await textInZip(zip, 'Procfile', 100)).toBe('web: é')
  expect(await textInZip(zip, 'Procfile', 3)).toBeUndefined()
  expect(await textInZip(zip, 'other', 100)).toBeUndefined()
  const text = join(place, 'text')
  writeFileSync(text, 'no zip')
  expect(await textInZip(text, 'Procfile', 100)).toBeUndefined()
})
