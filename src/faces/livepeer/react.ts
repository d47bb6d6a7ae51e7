/**
 * Events → this face's documents, in the commit of the transition. A finished task's asset is ready before the task is
 * completed, and a failed one's task before its asset; here both are the same commit.
 */
import type { UnplacedEvent } from '../../core/event.ts'
import type { Execution } from '../../core/execution.ts'
import { isFinal } from '../../core/execution.ts'
import type { Tenant } from '../../core/identity.ts'
import type { Document } from '../../core/ports/store.ts'
import type { DocumentChange, DocumentReader, Reactor } from '../../engine/reactor.ts'
import { assetSpecOf, publishedMedia } from './asset/asset-media.ts'
import type { AssetPhase, AssetRecord } from './asset/asset-record.ts'
import { type Pinned, storageEnded } from './asset/asset-storage.ts'
import { FACE } from './auth.ts'
import { COLLECTIONS, FACE_TENANT, putAsset, putTask, sortable } from './documents.ts'
import { errorMessageOf, phaseOf, progressOf, retriesOf } from './task/life-cycle.ts'
import type { TaskEnd, TaskRecord } from './task/task-record.ts'
import { announceAsset, announceTask, type Told } from './webhook/announce.ts'

/** `committed` is told that there may be something to clean up or to send; it must not matter when it comes early. */
export const reactorOf = (committed: () => void): Reactor => ({
  face: FACE,
  kinds: ['execution.state', 'step.state', 'step.retrying'],
  async react(events, execution, documents) {
    const task = await taskOf(execution, documents)
    if (!task) return []
    const asset = await assetOf(execution, task.body, documents)
    const changes = isFinal(execution)
      ? await ended(execution, task, asset, { events, documents })
      : moved(execution, task, asset, events)
    if (changes.length > 0) committed()
    return changes
  },
})

/** Undefined when a newer execution has taken this one's place. */
async function taskOf(execution: Execution, documents: DocumentReader): Promise<Document<TaskRecord> | undefined> {
  const { tenant, submission, id } = execution
  const key = submission.refs.task
  const found = key === undefined ? undefined : await documents.document<TaskRecord>(tenant, COLLECTIONS.task, key)
  return found?.body.execution === id && !found.body.end ? found : undefined
}

async function assetOf(
  { tenant }: Execution,
  { outputAssetId }: TaskRecord,
  documents: DocumentReader,
): Promise<Document<AssetRecord> | undefined> {
  return outputAssetId === undefined ? undefined : documents.document(tenant, COLLECTIONS.asset, outputAssetId)
}

/** What is told beside the end of each step. */
const NEWS: ReadonlySet<string> = new Set(['execution.state', 'step.retrying'])

function moved(
  execution: Execution,
  task: Document<TaskRecord>,
  asset: Document<AssetRecord> | undefined,
  events: readonly UnplacedEvent[],
): readonly DocumentChange[] {
  const at = atOf(events)
  const done = events.flatMap(({ transition: t }) => (t.kind === 'step.state' && t.to === 'succeeded' ? [t.step] : []))
  const news = done.length > 0 || events.some(({ transition: { kind } }) => NEWS.has(kind))
  const sourceReady = done.includes('source')
  const changes: DocumentChange[] = []
  const told: Told = { execution, at, version: execution.version }
  if (news) {
    const body = { ...task.body, updatedAt: at, reached: progressOf(execution, task.body.reached) }
    changes.push(putTask(execution.tenant, body, task.version), ...announceTask(told, 'task.updated', body))
  }
  if (!asset || asset.body.phase === 'deleting') return changes
  const phase: AssetPhase = phaseOf(execution) === 'running' ? 'processing' : asset.body.phase
  if (phase === asset.body.phase && !sourceReady)
    return done.length > 0 ? [...changes, ...announceAsset(told, 'asset.updated', asset.body)] : changes
  const body = { ...asset.body, phase, updatedAt: at, ...(sourceReady && { sourcePlaybackReady: true }) }
  return [...changes, putAsset(execution.tenant, body, asset.version), ...announceAsset(told, 'asset.updated', body)]
}

async function ended(
  execution: Execution,
  task: Document<TaskRecord>,
  asset: Document<AssetRecord> | undefined,
  { events, documents }: { readonly events: readonly UnplacedEvent[]; readonly documents: DocumentReader },
): Promise<readonly DocumentChange[]> {
  const at = atOf(events)
  const { tenant } = execution
  const end = endOf(execution, task.body, asset?.body, at)
  const record: TaskRecord = { ...task.body, updatedAt: at, end }
  const told = { execution, at, version: execution.version }
  const good = end.phase === 'completed'
  const taskNews = [
    putTask(tenant, record, task.version),
    ...announceTask(told, 'task.updated', record),
    ...announceTask(told, good ? 'task.completed' : 'task.failed', record),
  ]
  const garbage = [...garbageOf(tenant, task.body, good, at), ...(await storageOf(told, task.body, end, documents))]
  if (!asset || asset.body.phase === 'deleting') return [...taskNews, ...garbage]
  const body = endedAsset(execution, asset.body, end)
  const assetNews = [
    putAsset(tenant, body, asset.version),
    ...announceAsset(told, 'asset.updated', body),
    ...announceAsset(told, good ? 'asset.ready' : 'asset.failed', body),
  ]
  return good ? [...assetNews, ...taskNews, ...garbage] : [...taskNews, ...assetNews, ...garbage]
}

const atOf = (events: readonly UnplacedEvent[]): number => events[events.length - 1]!.at

const DELETED = 'task cancelled, asset has been deleted'

function endOf(execution: Execution, task: TaskRecord, asset: AssetRecord | undefined, at: number): TaskEnd {
  const phase = phaseOf(execution)
  const retries = retriesOf(execution)
  if (asset?.phase === 'deleting') return { phase: 'failed', at, retries, errorMessage: DELETED }
  if (phase === 'cancelled') return { phase, at, retries }
  if (phase !== 'completed') return { phase: 'failed', at, retries, errorMessage: errorMessageOf(execution) }
  const media = asset && publishedMedia(execution)
  if (asset && !media) return { phase: 'failed', at, retries, errorMessage: 'bad task output: missing assetSpec' }
  return { phase, at, retries, output: outputOf(execution, task, asset, media) }
}

function outputOf(
  execution: Execution,
  task: TaskRecord,
  asset: AssetRecord | undefined,
  media: ReturnType<typeof publishedMedia>,
): object {
  if (asset && media) return { [task.type === 'clip' ? 'clip' : 'upload']: { assetSpec: assetSpecOf(asset, media) } }
  if (task.type === 'transcode-file') return { transcodeFile: transcoded(execution) }
  const pinned = pinnedBy(execution)
  if (task.type === 'export-data') return { exportData: { ipfs: { cid: pinned?.cid } } }
  if (task.type !== 'export') return {}
  return { export: pinned ? { ipfs: ipfsOutput(pinned) } : {} }
}

function transcoded(execution: Execution): object {
  const outputs = Object.assign({}, ...execution.status.steps.map((step) => step.outputs)) as Record<string, string>
  return { request_id: execution.id, ...(outputs.transcoded && (JSON.parse(outputs.transcoded) as object)) }
}

function pinnedBy({ status }: Execution): Pinned | undefined {
  const said = status.steps.map((step) => step.outputs.pinned).find((text) => text !== undefined)
  return said === undefined ? undefined : (JSON.parse(said) as Pinned)
}

const ipfsOutput = ({ cid, metadataCid }: Pinned): object => ({
  videoFileCid: cid,
  videoFileUrl: `ipfs://${cid}`,
  ...(metadataCid !== undefined && { nftMetadataCid: metadataCid, nftMetadataUrl: `ipfs://${metadataCid}` }),
})

/** An asset says how its export to IPFS ended. */
async function storageOf(
  told: Told & { readonly execution: Execution },
  task: TaskRecord,
  end: TaskEnd,
  documents: DocumentReader,
): Promise<readonly DocumentChange[]> {
  if (!task.pin || task.inputAssetId === undefined) return []
  const { execution } = told
  const asset = await documents.document<AssetRecord>(execution.tenant, COLLECTIONS.asset, task.inputAssetId)
  if (!asset) return []
  const body = storageEnded(asset.body, task, end, pinnedBy(execution))
  return [putAsset(execution.tenant, body, asset.version), ...announceAsset(told, 'asset.updated', body)]
}

function endedAsset(execution: Execution, asset: AssetRecord, end: TaskEnd): AssetRecord {
  const media = publishedMedia(execution)
  if (end.phase === 'completed' && media) {
    const { errorMessage: _, ...rest } = asset
    return { ...rest, phase: 'ready', updatedAt: end.at, media }
  }
  const errorMessage = end.errorMessage ?? 'task was cancelled'
  return { ...asset, phase: 'failed', updatedAt: end.at, sourcePlaybackReady: false, errorMessage }
}

/** What a task that came to nothing leaves behind is removed; a task that stored its work elsewhere leaves nothing. */
function garbageOf(
  tenant: Tenant,
  { id, media, type, transcode, pin }: TaskRecord,
  good: boolean,
  at: number,
): readonly DocumentChange[] {
  const data = type === 'export-data' && pin
  if (data) return [garbagePut(id, { directory: data.directory, keepInput: false }, at)]
  if (!media) return []
  const all = type === 'transcode-file'
  if (good && !all) return []
  // What opens the bucket is erased with the task's end.
  const secret = transcode && { secret: { tenant, name: transcode.secret } }
  const body = { directory: media.directory, keepInput: !all, ...secret }
  return [garbagePut(id, body, at)]
}

const garbagePut = (key: string, body: object, at: number): DocumentChange => ({
  kind: 'document.put',
  tenant: FACE_TENANT,
  collection: COLLECTIONS.garbage,
  key,
  body,
  sort: sortable(at),
})
