import type { Principal } from '../../../core/identity.ts'
import type { Document, DocumentPut } from '../../../core/ports/store.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { COLLECTIONS, putAsset } from '../documents.ts'
import { badRequest } from '../errors.ts'
import { type LivepeerParts, openMediaDirectory } from '../parts.ts'
import { checkQueue, startTask } from './start-task.ts'
import type { TaskRecord } from './task-record.ts'

/** A forced retry: the same task with a new execution, its tries counted anew. Its asset waits again. */
export async function restartTask(
  parts: LivepeerParts,
  principal: Principal,
  task: Document<TaskRecord>,
): Promise<void> {
  await checkQueue(parts, principal)
  // What its former try left behind goes first: it would take the new one's files with it.
  await parts.tidy(task.body.id)
  const { tenant } = principal
  const { end: _, scheduledAt: __, reached: ____, execution, ...body } = task.body
  if (execution === undefined) throw badRequest('task is not in a retryable state')
  const changes: DocumentPut[] = []
  const asset = await parts.engine.document<AssetRecord>(tenant, COLLECTIONS.asset, body.outputAssetId ?? '')
  if (asset && asset.body.phase !== 'deleting') {
    const { errorMessage: ___, ...rest } = asset.body
    const again: AssetRecord = { ...rest, phase: 'waiting', updatedAt: parts.engine.now() }
    changes.push(putAsset(tenant, again, asset.version))
  }
  if (body.media) openMediaDirectory(body.media.directory)
  await startTask(parts, principal, body, changes, task.version)
}
