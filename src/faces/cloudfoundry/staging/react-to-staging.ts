/** What became of staging → the package's build and the droplet. Written in the commit that ended the execution. */
import { type Execution, isFinal } from '../../../core/execution.ts'
import type { Document } from '../../../core/ports/store.ts'
import type { DocumentChange, DocumentReader } from '../../../engine/reactor.ts'
import { put } from '../../kit/documents.ts'
import { type Build, COLLECTIONS, type Droplet, type Job } from '../documents.ts'
import { exitOf } from '../task/life-cycle.ts'

export const STAGING_LABEL = 'cf/staging'

/** What a staging execution works for. */
export interface StagingPurpose {
  readonly droplet: string
  readonly build?: string
  readonly job?: string
}

const BROKEN_ARCHIVE = 223

export async function reactToStaging(
  label: string,
  execution: Execution,
  documents: DocumentReader,
): Promise<readonly DocumentChange[]> {
  if (!isFinal(execution)) return []
  const purpose = JSON.parse(label) as StagingPurpose
  const { tenant } = execution
  const error = problemOf(execution)
  const at = execution.status.finishedAt ?? execution.submission.acceptedAt
  const failed = error === undefined ? {} : { error }
  const droplet = await documents.document<Droplet>(tenant, COLLECTIONS.droplet, purpose.droplet)
  const build = purpose.build && (await documents.document<Build>(tenant, COLLECTIONS.build, purpose.build))
  const job = purpose.job && (await documents.document<Job>(tenant, COLLECTIONS.job, purpose.job))
  const state = error === undefined ? ('STAGED' as const) : ('FAILED' as const)
  return [
    ...again(droplet, (d) => ({ ...d, state, ...failed, updated: at })),
    ...again(build || undefined, (b) => ({
      ...b,
      state,
      ...failed,
      updated: at,
      ...(error === undefined && { droplet: purpose.droplet }),
    })),
    ...again(job || undefined, (j) => ({
      ...j,
      state: error === undefined ? ('COMPLETE' as const) : ('FAILED' as const),
      ...failed,
      updated: at,
    })),
  ]
}

function again<Body extends Droplet | Build | Job>(
  stored: Document<Body> | undefined,
  change: (body: Body) => Body,
): readonly DocumentChange[] {
  if (!stored) return []
  const { tenant, collection, key, sort, version, body } = stored
  const indexes = 'app' in body ? { app: body.app } : {}
  return [put(tenant, collection, key, change(body), { sort, indexes, expected: version })]
}

/** Undefined when it went well. */
function problemOf(e: Execution): string | undefined {
  if (e.status.state === 'succeeded') return undefined
  return exitOf(e)?.code === BROKEN_ARCHIVE
    ? 'BuildpackCompileFailed - App staging failed in the buildpack compile phase'
    : `StagingError - ${e.status.reason?.message ?? 'staging failed'}`
}
