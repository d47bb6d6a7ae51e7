import type { Operation } from '../operation.ts'
import { createApiKey, deleteApiKey, getApiKey, listApiKeys } from './api-keys.ts'
import { deleteAsset, patchAsset, restoreAsset, retryAsset } from './change-asset.ts'
import { clipAsset } from './clip.ts'
import { exportAsset } from './export-asset.ts'
import { assetClips, getAsset, listAssets } from './get-assets.ts'
import { notServed } from './not-served.ts'
import { playbackInfo } from './playback-info.ts'
import { probed } from './probed.ts'
import { requestUpload } from './request-upload.ts'
import { createSigningKey, deleteSigningKey, getSigningKey, listSigningKeys, patchSigningKey } from './signing-keys.ts'
import { cancelTask, createTask, deleteTask, getTask, listTasks, retryTask } from './tasks.ts'
import { transcode } from './transcode.ts'
import { uploadByUrl } from './upload-by-url.ts'
import { getWebhookLog, listWebhookLogs, resendWebhook } from './webhook-logs.ts'
import { createWebhook, deleteWebhook, deleteWebhooks, getWebhook, listWebhooks, updateWebhook } from './webhooks.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api`. */
  readonly path: string
  readonly operation: Operation
  /** `open`: without a key. Default: with one. */
  readonly access?: 'key' | 'open'
}

const route = (method: Route['method'], path: string, operation: Operation, more: Partial<Route> = {}): Route => ({
  method,
  path,
  operation,
  ...more,
})

export const ROUTES: readonly Route[] = [
  route('GET', '/task', listTasks),
  route('POST', '/task', createTask),
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
  route('GET', '/playback/:id', playbackInfo, { access: 'open' }),
  route('POST', '/webhook', createWebhook),
  route('GET', '/webhook', listWebhooks),
  route('DELETE', '/webhook', deleteWebhooks),
  route('GET', '/webhook/:id', getWebhook),
  route('PUT', '/webhook/:id', updateWebhook),
  route('PATCH', '/webhook/:id', updateWebhook),
  route('DELETE', '/webhook/:id', deleteWebhook),
  route('GET', '/webhook/:id/log', listWebhookLogs),
  route('GET', '/webhook/:id/log/:log', getWebhookLog),
  route('POST', '/webhook/:id/log/:log/resend', resendWebhook),
  route('PUT', '/webhook/:id/log/:log/resend', resendWebhook),
  route('POST', '/access-control/signing-key', createSigningKey),
  route('GET', '/access-control/signing-key', listSigningKeys),
  route('GET', '/access-control/signing-key/:id', getSigningKey),
  route('PATCH', '/access-control/signing-key/:id', patchSigningKey),
  route('DELETE', '/access-control/signing-key/:id', deleteSigningKey),
  route('POST', '/api-token', createApiKey),
  route('GET', '/api-token', listApiKeys),
  route('GET', '/api-token/:id', getApiKey),
  route('DELETE', '/api-token/:id', deleteApiKey),
  // What programs of ours report.
  route('POST', '/in-task/probed', probed, { access: 'open' }),
  ...['/stream', '/stream/*', '/multistream/*', '/room', '/room/*', '/session', '/session/*', '/data/*'].flatMap(
    (path) => (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).map((method) => route(method, path, notServed)),
  ),
]
