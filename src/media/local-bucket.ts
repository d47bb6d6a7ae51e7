/**
 * Directories that stand in for buckets: `file:///srv/media` as an endpoint, the bucket and the path below it. Which
 * directories may be named is the face's to check; here nothing leads out of the one that was.
 */
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MountSpec } from '../core/step-spec.ts'
import type { ObjectPlace } from './bucket.ts'
import { MediaError } from './failure.ts'

export const isLocal = ({ endpoint }: Pick<ObjectPlace, 'endpoint'>): boolean => endpoint.startsWith('file://')

/** Throws MediaError `storageRefused` for what lies elsewhere. */
export function localPath({ endpoint, bucket, path }: ObjectPlace): string {
  const root = resolve(fileURLToPath(endpoint))
  const whole = resolve(root, bucket, path.replace(/^\/+/, ''))
  if (!whole.startsWith(root + sep)) throw new MediaError('storageRefused', `${path} leads out of ${endpoint}`)
  return whole
}

/** What a step is shown of it. */
export function localMounts(place: Pick<ObjectPlace, 'endpoint'>): readonly MountSpec[] {
  if (!isLocal(place)) return []
  const root = resolve(fileURLToPath(place.endpoint))
  return [{ kind: 'bind', source: root, target: root, trusted: true }]
}
