import type { EnvValue } from '../../../core/step-spec.ts'
import type { TaskRecord } from './task-record.ts'

/** How the last step of a transcode-file task reaches its bucket; undefined for other tasks. */
export function storeOf({
  transcode,
}: TaskRecord): { readonly env: Readonly<Record<string, EnvValue>>; readonly job: object } | undefined {
  if (!transcode) return undefined
  const { endpoint, bucket, secret, outputs } = transcode
  return { env: { MEDIA_BUCKET_KEYS: { secret, key: 'output' } }, job: { endpoint, bucket, outputs } }
}
