import { readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from './openapi.ts'

/** Writes `openapi.json` beside this file; a test asserts that it is fresh. Run: `node src/faces/native/write-openapi.ts`. */
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}
writeFileSync(new URL('openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(version), null, 2)}\n`)
