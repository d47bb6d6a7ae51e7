import type { Operation } from '../operation.ts'
import { deleteAsset, patchAsset, restoreAsset, retryAsset } from './change-asset.ts'
import { clipAsset } from './clip.ts'
import { exportAsset } from './export-asset.ts'
import { assetClips, getAsset, listAssets } from './get-assets.ts'
import { notServed } from './not-served.ts'
import { playbackInfo } from './playback-info.ts'
import { probed } from './probed.ts'
import { requestUpload } from './request-upload.ts'
import { cancelTask, deleteTask, getTask, listTasks, retryTask } from './tasks.ts'
import { transcode } from './transcode.ts'
import { uploadByUrl } from './upload-by-url.ts'
import { createWebhook, deleteWebhook, deleteWebhooks, getWebhook, listWebhooks, updateWebhook } from './webhooks.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api`. */
  readonly path: string
  readonly operation: Operation
  /** `open`: without a key. Default: with one. */
  readonly access?: 'key' | 'open'
  /** Pages of any origin may ask. */
  readonly cors?: boolean
}

const route = (method: Route['method'], path: string, operation: Operation, more: Partial<Route> = {}): Route => ({
  method,
  path,
  operation,
  ...more,
})

export const ROUTES: readonly Route[] = [
  route('GET', '/task', listTasks),
  route('GET', '/task/:id', getTask),
  route('POST', '/task/:id/retry', retryTask),
  route('POST', '/task/:id/cancel', cancelTask),
  route('DELETE', '/task/:id', deleteTask),
  route('POST', '/asset/upload/url', uploadByUrl),
  route('POST', '/asset/request-upload', requestUpload),
  route('GET', '/asset', listAssets),
  route('GET', '/asset/:id', getAsset),
  route('GET', '/asset/:id/clips', assetClips),
  route('PATCH', '/asset/:id', patchAsset),
  route('DELETE', '/asset/:id', deleteAsset),
  route('POST', '/asset/:id/restore', restoreAsset),
  route('POST', '/asset/:id/retry', retryAsset),
  route('POST', '/asset/:id/export', exportAsset),
  route('POST', '/transcode', transcode),
  route('POST', '/clip', clipAsset),
  route('GET', '/playback/:id', playbackInfo, { access: 'open', cors: true }),
  route('POST', '/webhook', createWebhook),
  route('GET', '/webhook', listWebhooks),
  route('DELETE', '/webhook', deleteWebhooks),
  route('GET', '/webhook/:id', getWebhook),
  route('PUT', '/webhook/:id', updateWebhook),
  route('PATCH', '/webhook/:id', updateWebhook),
  route('DELETE', '/webhook/:id', deleteWebhook),
  // What programs of ours report.
  route('POST', '/in-task/probed', probed, { access: 'open' }),
  ...['/stream', '/stream/*', '/multistream/*', '/room', '/room/*', '/session', '/session/*', '/data/*'].flatMap(
    (path) => (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) => route(method, path, notServed)),
  ),
]
