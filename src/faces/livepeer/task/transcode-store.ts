import { localMounts } from '../../../media/local-bucket.ts'
import type { Store } from '../../../media/media-plan.ts'
import type { TaskRecord } from './task-record.ts'

/** How the last step of a transcode-file task reaches its bucket; undefined for other tasks. */
export function storeOf({ transcode }: TaskRecord): Store | undefined {
  if (!transcode) return undefined
  const { endpoint, bucket, secret, outputs } = transcode
  const env = { MEDIA_BUCKET_KEYS: { secret, key: 'output' } }
  return { env, job: { endpoint, bucket, outputs }, mounts: localMounts(transcode) }
}
