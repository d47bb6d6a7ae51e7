/**
 * Downloads. As with a blob store, `…/download` answers with a redirect to an address that is good for an hour and asks for
 * no token: clients (go-cfclient, the cf CLI) follow it without one.
 */
import { join } from 'node:path'
import { packTree } from '../../../build/pack-tree.ts'
import { asTenant } from '../../../core/identity.ts'
import { SignedTokens } from '../../kit/signed-token.ts'
import { keyOfDroplet, keyOfPackage } from '../app/remove-bits.ts'
import { notFound } from '../errors.ts'
import { type Answer, type Call, file, type Operation } from '../operation.ts'
import { treesOf } from '../staging/start-staging.ts'

interface Blob {
  readonly kind: 'package' | 'droplet'
  readonly tenant: string
  readonly guid: string
}

const GOOD_FOR_MS = 3_600_000
const PURPOSE = 'cloudfoundry/blob'

const tokensOf = ({ context }: Call): SignedTokens<Blob> => new SignedTokens<Blob>(context.deriveKey(PURPOSE), PURPOSE)

/** Whoever asks may have it: that is checked before. */
export function redirectToBlob(call: Call, kind: Blob['kind'], guid: string): Answer {
  const blob: Blob = { kind, tenant: call.caller.tenant, guid }
  const token = tokensOf(call).mint(blob, call.engine.now() + GOOD_FOR_MS)
  return { status: 302, headers: { location: `${call.base}/v3/blobs/${guid}?token=${token}` } }
}

/** The archive that was uploaded; of a droplet made here, one of its tree. */
async function download(call: Call): Promise<Answer> {
  const blob = tokensOf(call).claims(call.query.get('token') ?? '', call.engine.now())
  if (!blob || blob.guid !== call.param('guid')) throw notFound('Blob')
  const tenant = asTenant(blob.tenant)
  const { objects } = call.context
  const key = blob.kind === 'package' ? keyOfPackage(blob.guid) : keyOfDroplet(blob.guid)
  const name = blob.kind === 'package' ? `${blob.guid}.zip` : `droplet_${blob.guid}.tgz`
  if (await objects.facts(tenant, key)) return file(await objects.read(tenant, key), name)
  if (blob.kind === 'package') throw notFound('Blob')
  return file(packTree(join(treesOf(call.context, tenant), blob.guid)), name)
}

/** Answered without a token of UAA. */
export const BLOB_OPERATIONS: readonly Operation[] = [{ method: 'GET', path: '/v3/blobs/:guid', answer: download }]
