/**
 * `environmentFiles`: S3 objects at AWS. Here `arn:aws:s3:::BUCKET/KEY` is a file below the directory that the operator
 * gave for the bucket, or the operator's secret named `BUCKET/KEY`.
 */
import { readFile } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import type { EnvValue } from '../../../core/step-spec.ts'
import type { Call } from '../operation.ts'

/** Variables of the file; when it cannot be had, one variable whose secret does not exist, so that the task fails and says so. */
export async function environmentOfFile(call: Call, value: string): Promise<Readonly<Record<string, EnvValue>>> {
  const [, bucket = '', key = ''] = /^arn:[^:]+:s3:::([^/]+)\/(.+)$/.exec(value) ?? []
  const text = (await fileOf(call, bucket, key)) ?? (await call.engine.resolveSecret(call.tenant, `${bucket}/${key}`))
  return text === undefined ? { TASKPORT_ENVIRONMENT_FILE: { secret: `${bucket}/${key}` } } : parseEnvironment(text)
}

async function fileOf(call: Call, bucket: string, key: string): Promise<string | undefined> {
  const root = call.options.environmentFiles[bucket]
  if (root === undefined) return undefined
  const path = resolve(root, key)
  if (!path.startsWith(resolve(root) + sep)) return undefined
  return readFile(path, 'utf8').catch(() => undefined)
}

/** Docker's format: `NAME=VALUE` lines, `#` comments, no quoting. */
function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const pairs = lines.filter((line) => line.trim() !== '' && !line.startsWith('#') && line.indexOf('=') > 0)
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}
