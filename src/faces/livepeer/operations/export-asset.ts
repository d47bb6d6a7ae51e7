import { validateHeaderName, validateHeaderValue } from 'node:http'
import { join } from 'node:path'
import { downloadOf } from '../asset/asset-download.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { findAsset } from '../asset/find-asset.ts'
import { LivepeerError, unprocessable } from '../errors.ts'
import { type Call, created, type Operation } from '../operation.ts'
import { newTask, pinAsset } from '../task/pin-task.ts'
import { presentTask } from '../task/present-task.ts'
import { checkQueue, startTask } from '../task/start-task.ts'
import type { SendTarget, TaskRecord } from '../task/task-record.ts'
import { bodyOf } from '../wire/check-body.ts'
import { Export } from '../wire/schemas.ts'

const read = bodyOf(Export)
/** Headers that the sender sets itself. */
const RESERVED = new Set(['host', 'content-length', 'transfer-encoding', 'connection'])

/** POST /asset/:id/export: the file that it is saved as is sent to an address of the caller's, or pinned at the operator's IPFS node. */
export const exportAsset: Operation = async (call) => {
  const wanted = read(call.body)
  const { body: asset, version } = await findAsset(call.engine, call.tenant, call.params.id!)
  if (asset.phase !== 'ready' || !asset.media) throw new LivepeerError(412, 'asset is not ready to be exported')
  if ('ipfs' in wanted)
    return created({ task: presentTask(await pinAsset(call, asset, version, wanted.ipfs), undefined) })
  await checkQueue(call.parts, call.principal)
  const task: TaskRecord = {
    ...newTask(call, 'export', { export: { custom: wanted.custom } }),
    inputAssetId: asset.id,
    send: sendOf(call, asset, wanted.custom),
  }
  return created({ task: presentTask(await startTask(call.parts, call.principal, task, []), undefined) })
}

interface Custom {
  readonly url: string
  readonly method?: 'PUT' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
}

/** Throws 422 for what no request could carry. */
function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw unprocessable(`invalid header: ${JSON.stringify(name)}`)
  }
}

function sendOf({ parts }: Call, asset: AssetRecord, { url, method = 'PUT', headers = {} }: Custom): SendTarget {
  const directory = parts.mediaDirectory(asset.playbackId)
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const { path, mime } = downloadOf(asset)
  const own = given.filter(([name]) => !RESERVED.has(name))
  for (const [name, value] of own) checkHeader(name, value)
  return {
    directory,
    file: join(directory, path),
    url,
    method,
    headers: { 'content-type': mime, ...Object.fromEntries(own) },
  }
}
