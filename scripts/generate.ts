/**
 * Writes every generated file that comes from the native API's OpenAPI document; with `--check` writes nothing and fails
 * when one is stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OpenApi } from './native-client.ts'
import { nativeClient } from './native-client.ts'
import { taskSchema } from './task-schema.ts'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Path → content of all that is generated from the document. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const document = JSON.parse(readFileSync(at('src/faces/native/openapi.json'), 'utf8')) as OpenApi
  return {
    'src/cli/native-api.gen.ts': nativeClient(document),
    'schemas/task.schema.json': `${JSON.stringify(taskSchema(document), null, 2)}\n`,
  }
}

/** Paths whose file is missing or says something else. */
export const staleFiles = (): readonly string[] =>
  Object.entries(generatedFiles()).flatMap(([path, content]) => (present(path) === content ? [] : [path]))

function present(path: string): string | undefined {
  try {
    return readFileSync(at(path), 'utf8')
  } catch {
    return undefined
  }
}

function write(): void {
  for (const [path, content] of Object.entries(generatedFiles())) {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), content)
  }
}

function check(): void {
  const stale = staleFiles()
  for (const path of stale) process.stderr.write(`${path} is stale: run npm run generate\n`)
  process.exitCode = stale.length > 0 ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.argv.includes('--check') ? check() : write()
