import { join, resolve } from 'node:path'
import type { Static } from 'typebox'
import { isLocal } from '../../../media/local-bucket.ts'
import type { MediaRequest } from '../../../media/media-plan.ts'
import { isStreamed } from '../../../media/profile.ts'
import { checkRates, wantedProfile } from '../asset/new-asset.ts'
import { notImplemented, unprocessable } from '../errors.ts'
import { type Operation, ok } from '../operation.ts'
import { type LivepeerParts, openMediaDirectory } from '../parts.ts'
import { presentTask } from '../task/present-task.ts'
import { checkQueue, newTaskId, startTask } from '../task/start-task.ts'
import type { TaskRecord, TranscodeTarget } from '../task/task-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Transcode } from '../wire/schemas.ts'

const read = bodyOf(Transcode)
type Wanted = Static<typeof Transcode>

/** POST /transcode: answers with the whole task. */
export const transcode: Operation = async ({ parts, engine, principal, tenant, body }) => {
  const wanted = read(body)
  const { storage, input } = wanted
  if (wanted.c2pa) throw notImplemented('c2pa signing is not supported here')
  if (storage.type !== 's3') throw notImplemented('web3.storage is not supported here')
  const outputs = outputsOf(wanted)
  for (const place of 'bucket' in input ? [storage, input] : [storage]) checkPlace(parts, place)
  await checkQueue(parts, principal)
  const id = newTaskId()
  const secret = `livepeer/transcode/${id}`
  // Whatever is refused is so before the keys are kept: only a task's end erases them.
  const media = requestOf(wanted, parts.mediaDirectory(`transcode-${id}`), outputs, secret)
  const keys = { output: storage.credentials, ...('bucket' in input && { input: input.credentials }) }
  await engine.setSecret(tenant, secret, JSON.stringify(keys))
  openMediaDirectory(join(media.directory))
  const at = engine.now()
  const task: TaskRecord = {
    id,
    type: 'transcode-file',
    createdAt: at,
    updatedAt: at,
    userId: principal.id,
    params: { 'transcode-file': paramsOf(wanted, outputs) },
    media,
    transcode: { endpoint: storage.endpoint, bucket: storage.bucket, secret, outputs },
  }
  return ok(presentTask(await startTask(parts, principal, task, []), undefined))
}

/** A directory in place of a bucket must be one that the operator names. */
function checkPlace({ options }: LivepeerParts, { endpoint, bucket }: { endpoint: string; bucket: string }): void {
  const url = URL.parse(endpoint)
  if (!url) throw unprocessable(`${endpoint} is not the address of a store`)
  if (!isLocal({ endpoint })) return
  const path = resolve(url.pathname)
  const roots = options.mediaRoots.map((root) => resolve(root))
  if (
    url.host !== '' ||
    !roots.some((root) => path === root || path.startsWith(`${root}/`)) ||
    bucket.split('/').includes('..')
  )
    throw unprocessable(`${endpoint} is not among the directories that this server may use`)
}

type Outputs = TranscodeTarget['outputs']

/** `{}` counts as absent; a path begins with a slash. */
function outputsOf({ outputs }: Wanted): Outputs {
  const path = (output: { readonly path?: string } | undefined): string | undefined =>
    output?.path === undefined ? undefined : `/${output.path.replace(/^\/+/, '')}`
  const wanted = (['hls', 'mp4', 'fmp4'] as const).flatMap((kind) => {
    const given = path(outputs[kind])
    if (given?.split('/').includes('..')) throw unprocessable('an output path cannot contain ..')
    return given === undefined ? [] : [[kind, given] as const]
  })
  if (wanted.length === 0) throw unprocessable('none of output enabled: hls or mp4')
  return Object.fromEntries(wanted)
}

function requestOf(
  { input, profiles, targetSegmentSizeSecs }: Wanted,
  directory: string,
  outputs: Outputs,
  secret: string,
): MediaRequest {
  if (profiles?.length === 0) throw unprocessable('no transcode profiles could be resolved')
  checkRates(profiles)
  checkEncoders(profiles ?? [], outputs)
  return {
    directory,
    input: inputOf(input, secret),
    ...(profiles && { profiles: profiles.map(wantedProfile) }),
    ...(targetSegmentSizeSecs !== undefined && { segmentSeconds: targetSegmentSizeSecs }),
    mp4: outputs.mp4 === undefined ? 'never' : 'always',
    ...(outputs.fmp4 !== undefined && { fmp4: true }),
    output: 'store',
  }
}

/** VP8 becomes WebM files, beside the MP4s: each output must be able to hold something, and each profile have an output. */
function checkEncoders(profiles: NonNullable<Wanted['profiles']>, outputs: Outputs): void {
  const streamed = profiles.filter(isStreamed)
  if (streamed.length === profiles.length) return
  if (outputs.mp4 === undefined)
    throw unprocessable('encoder VP8 fits into neither hls nor fmp4: enable output mp4, its WebM files go there')
  const [list] = (['hls', 'fmp4'] as const).filter((kind) => outputs[kind] !== undefined)
  if (list !== undefined && streamed.length === 0)
    throw unprocessable(`output ${list} needs a profile of encoder H.264, HEVC or VP9: VP8 does not fit into it`)
}

function inputOf(input: Wanted['input'], secret: string): MediaRequest['input'] {
  if ('bucket' in input)
    return { kind: 'bucket', endpoint: input.endpoint, bucket: input.bucket, path: input.path, secret }
  if (!/^https?:/.test(input.url)) throw notImplemented(`${input.url.split(':')[0]} addresses are not supported here`)
  return { kind: 'url', url: input.url }
}

/** As shown: the keys are masked from the first moment on. */
function paramsOf(wanted: Wanted, outputs: Outputs): object {
  const { input, storage, profiles, targetSegmentSizeSecs, creatorId } = wanted
  const masked = (endpoint: string, rest: string): string => {
    if (isLocal({ endpoint })) return `${endpoint}/${rest}`
    const { protocol, host } = new URL(endpoint)
    return `s3+${protocol}//***:***@${host}/${rest}`
  }
  return {
    input: { url: 'bucket' in input ? masked(input.endpoint, `${input.bucket}/${input.path}`) : input.url },
    storage: { url: storage.type === 's3' ? masked(storage.endpoint, storage.bucket) : '' },
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, path]) => [name, { path }])),
    ...(profiles && { profiles }),
    ...(targetSegmentSizeSecs !== undefined && { targetSegmentSizeSecs }),
    ...(creatorId !== undefined && {
      creatorId: typeof creatorId === 'string' ? { type: 'unverified', value: creatorId } : creatorId,
    }),
  }
}
