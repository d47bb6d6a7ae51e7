import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openApiDocument } from './openapi.ts'

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<string, unknown>

test('openapi.json is fresh: if this fails, run `node src/faces/native/write-openapi.ts`', () => {
  const { version } = read('../../../package.json')
  expect(read('openapi.json')).toEqual(JSON.parse(JSON.stringify(openApiDocument(String(version)))))
})

test('every reference of the document leads somewhere, and every operation has a name of its own', () => {
  const text = JSON.stringify(openApiDocument('1'))
  const document = JSON.parse(text) as {
    paths: Record<string, Record<string, { operationId: string }>>
    components: { schemas: Record<string, unknown> }
  }
  const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1]!)
  expect(referred.length).toBeGreaterThan(50)
  expect(referred.filter((name) => !(name in document.components.schemas))).toEqual([])
  const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((o) => o.operationId))
  expect(new Set(ids).size).toBe(ids.length)
})
