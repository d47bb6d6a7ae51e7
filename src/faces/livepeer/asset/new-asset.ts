import { randomBytes, randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Principal } from '../../../core/identity.ts'
import type { MediaRequest } from '../../../media/media-plan.ts'
import { isStreamed, type WantedProfile } from '../../../media/profile.ts'
import { badRequest, notImplemented, unprocessable } from '../errors.ts'
import type { LivepeerParts } from '../parts.ts'
import type { Profile, RequestUpload } from '../wire/schemas.ts'
import type { AssetRecord, AssetSource } from './asset-record.ts'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
const LENGTH = 16

/** 16 characters of base 36, the first four those of the asset's id (studio `controllers/generate-keys.ts`). */
function playbackIdOf(assetId: string): string {
  const rest = [...randomBytes(LENGTH - 4)].map((byte) => ALPHABET[byte % ALPHABET.length])
  return assetId.slice(0, 4) + rest.join('')
}

export type AssetRequest = Static<typeof RequestUpload>

/** Refuses what this server would have to accept and ignore. */
export function checkAssetRequest(body: AssetRequest): void {
  if (body.profiles?.length === 0) throw badRequest('assets must have at least one profile')
  checkRates(body.profiles)
  if (body.encryption) throw notImplemented('encrypted assets are not supported here')
  if (body.c2pa) throw notImplemented('c2pa signing is not supported here')
  if (body.objectStoreId !== undefined) throw unprocessable('object store not found')
  if (wantsIpfs(body.storage)) throw notImplemented('IPFS storage is not configured on this server')
  if (body.profiles?.every((profile) => !isStreamed(profile)))
    throw unprocessable(
      'assets must have at least one profile of encoder H.264, HEVC or VP9: no playlist can hold VP8, which becomes a WebM file beside it',
    )
}

export const wantsIpfs = (storage: unknown): boolean => {
  const ipfs = (storage as { readonly ipfs?: unknown } | undefined)?.ipfs
  return ipfs !== undefined && ipfs !== null && ipfs !== false
}

const RATES = { least: 0.1, most: 240 } as const

/** Throws 422 for a rate that no picture can be made at. */
export function checkRates(profiles: readonly Static<typeof Profile>[] | null | undefined): void {
  for (const { fps = 0, fpsDen = 1 } of profiles ?? [])
    if (fps > 0 && (fps / fpsDen < RATES.least || fps / fpsDen > RATES.most))
      throw unprocessable(`fps ${fps}/${fpsDen} must be from ${RATES.least} to ${RATES.most} frames per second`)
}

/** A profile as asked for, in words of media work. */
export function wantedProfile({ encoder, ...profile }: Static<typeof Profile>): WantedProfile {
  return encoder === undefined ? profile : { ...profile, encoder }
}

/** An asset and what is to be done to make it. */
export interface NewAsset {
  readonly asset: AssetRecord
  readonly media: MediaRequest
}

export function newAsset(
  parts: LivepeerParts,
  principal: Principal,
  body: AssetRequest,
  from: {
    readonly task: string
    readonly source: AssetSource
    readonly input: MediaRequest['input']
    readonly mp4?: 'always'
  },
): NewAsset {
  const id = randomUUID()
  const now = parts.engine.now()
  const profiles = body.profiles?.map(wantedProfile)
  const creator = body.creatorId
  const playbackId = playbackIdOf(id)
  const asset: AssetRecord = {
    id,
    playbackId,
    name: body.name,
    userId: principal.id,
    createdAt: now,
    updatedAt: now,
    source: from.source,
    phase: from.input.kind === 'uploaded' ? 'uploading' : 'waiting',
    task: from.task,
    ...(creator !== undefined && {
      creatorId: typeof creator === 'string' ? { type: 'unverified', value: creator } : creator,
    }),
    ...(profiles && { profiles }),
    ...(body.staticMp4 !== undefined && { staticMp4: body.staticMp4 }),
    ...(body.playbackPolicy !== undefined && { playbackPolicy: body.playbackPolicy }),
  }
  const segment = body.targetSegmentSizeSecs
  const media: MediaRequest = {
    directory: parts.mediaDirectory(playbackId),
    input: from.input,
    ...(profiles && { profiles }),
    ...(segment !== undefined && { segmentSeconds: segment }),
    mp4: from.mp4 ?? (body.staticMp4 ? 'always' : 'short'),
    output: 'publish',
  }
  return { asset, media }
}
