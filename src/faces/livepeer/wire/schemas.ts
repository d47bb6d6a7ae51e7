/** Bodies of requests, as the vendor's specification has them (studio `schema/api-schema.yaml`, 670a0a6). */
import { Type } from 'typebox'
import { WEBHOOK_EVENTS, type WebhookEvent } from '../webhook/webhook-record.ts'

const closed = { additionalProperties: false } as const
const optional = Type.Optional

const uri = { format: 'uri', maxLength: 4_000 } as const
const inputUrl = Type.String({ ...uri, pattern: '^(https?|ipfs|ar)://.+' })
const httpUrl = Type.String({ ...uri, pattern: '^https?://.+' })
const anyObject = Type.Object({}, { additionalProperties: true })

export const Profile = Type.Object(
  {
    bitrate: Type.Integer({ minimum: 400 }),
    width: optional(Type.Integer({ minimum: 128, maximum: 8_192 })),
    height: optional(Type.Integer({ minimum: 128, maximum: 8_192 })),
    name: optional(Type.String({ minLength: 1, maxLength: 500 })),
    // 30000/1001 is a usual rate.
    fps: optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    fpsDen: optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    quality: optional(Type.Integer({ minimum: 0, maximum: 44 })),
    gop: optional(Type.String({ pattern: String.raw`^(intra|\d+(\.\d+)?)$` })),
    profile: optional(
      Type.Unsafe<'H264Baseline' | 'H264Main' | 'H264High' | 'H264ConstrainedHigh'>({
        type: 'string',
        enum: ['H264Baseline', 'H264Main', 'H264High', 'H264ConstrainedHigh'],
      }),
    ),
    encoder: optional(
      Type.Unsafe<'H.264' | 'HEVC' | 'VP8' | 'VP9'>({ type: 'string', enum: ['H.264', 'HEVC', 'VP8', 'VP9'] }),
    ),
  },
  closed,
)

const Profiles = optional(Type.Union([Type.Array(Profile, { maxItems: 20 }), Type.Null()]))

export const PlaybackPolicy = Type.Object(
  {
    type: Type.Unsafe<'public' | 'jwt' | 'webhook' | 'lit_signing_condition'>({
      type: 'string',
      enum: ['public', 'jwt', 'webhook', 'lit_signing_condition'],
    }),
    webhookId: optional(Type.String()),
    webhookContext: optional(anyObject),
    refreshInterval: optional(Type.Number()),
    allowedOrigins: optional(Type.Array(Type.String())),
  },
  { additionalProperties: true },
)

const CreatorId = Type.Union([
  Type.String(),
  Type.Object(
    { type: Type.Unsafe<'unverified'>({ type: 'string', enum: ['unverified'] }), value: Type.String() },
    closed,
  ),
])

/** `ipfs`: a wish with or without what it says, or none. */
const Storage = optional(Type.Object({ ipfs: optional(Type.Union([Type.Boolean(), Type.Null(), anyObject])) }, closed))

const asset = {
  name: Type.String({ minLength: 1, maxLength: 1_000 }),
  staticMp4: optional(Type.Boolean()),
  playbackPolicy: optional(Type.Union([PlaybackPolicy, Type.Null()])),
  creatorId: optional(CreatorId),
  storage: Storage,
  encryption: optional(anyObject),
  c2pa: optional(Type.Boolean()),
  profiles: Profiles,
  targetSegmentSizeSecs: optional(Type.Number({ minimum: 1, maximum: 20 })),
  objectStoreId: optional(Type.String()),
}

export const UploadByUrl = Type.Object({ ...asset, url: inputUrl }, closed)
export const RequestUpload = Type.Object(asset, closed)

export const PatchAsset = Type.Object(
  {
    name: optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    creatorId: optional(CreatorId),
    playbackPolicy: optional(Type.Union([PlaybackPolicy, Type.Null()])),
    storage: Storage,
  },
  closed,
)

const Credentials = Type.Object({ accessKeyId: Type.String(), secretAccessKey: Type.String() }, closed)
const bucket = {
  type: Type.Unsafe<'s3'>({ type: 'string', enum: ['s3'] }),
  // `file://`: a directory of the operator's, ours.
  endpoint: Type.String({ ...uri, pattern: '^(https?|file)://.+' }),
  bucket: Type.String({ minLength: 1 }),
  credentials: Credentials,
}
const Output = optional(Type.Object({ path: optional(Type.String()) }, closed))

export const Transcode = Type.Object(
  {
    input: Type.Union([
      Type.Object({ url: inputUrl }, closed),
      Type.Object({ ...bucket, path: Type.String({ minLength: 1 }) }, closed),
    ]),
    storage: Type.Union([
      Type.Object(bucket, closed),
      Type.Object(
        {
          type: Type.Unsafe<'web3.storage'>({ type: 'string', enum: ['web3.storage'] }),
          credentials: Type.Object({ proof: Type.String() }, closed),
        },
        closed,
      ),
    ]),
    outputs: Type.Object({ hls: Output, mp4: Output, fmp4: Output }, closed),
    profiles: Profiles,
    targetSegmentSizeSecs: optional(Type.Number({ minimum: 1, maximum: 20 })),
    creatorId: optional(CreatorId),
    c2pa: optional(Type.Boolean()),
  },
  closed,
)

export const Clip = Type.Object(
  {
    playbackId: Type.String({ minLength: 1 }),
    startTime: Type.Number(),
    endTime: optional(Type.Number()),
    name: optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    sessionId: optional(Type.String()),
  },
  closed,
)

export const Export = Type.Union([
  Type.Object(
    {
      custom: Type.Object(
        {
          url: httpUrl,
          method: optional(Type.Unsafe<'PUT' | 'POST'>({ type: 'string', enum: ['PUT', 'POST'] })),
          headers: optional(Type.Record(Type.String(), Type.String())),
        },
        closed,
      ),
    },
    closed,
  ),
  Type.Object({ ipfs: anyObject }, closed),
])

export const SigningKeyCreate = Type.Object({ name: optional(Type.String({ minLength: 1, maxLength: 1_000 })) }, closed)
export const SigningKeyPatch = Type.Object(
  { name: optional(Type.String({ minLength: 1, maxLength: 1_000 })), disabled: optional(Type.Boolean()) },
  closed,
)

const ApiKeyAccess = Type.Object(
  {
    rules: optional(
      Type.Array(
        Type.Object({ resources: Type.Array(Type.String()), methods: optional(Type.Array(Type.String())) }, closed),
      ),
    ),
    cors: optional(
      Type.Object({ allowedOrigins: Type.Array(Type.String()), fullAccess: optional(Type.Boolean()) }, closed),
    ),
  },
  closed,
)

export const ApiKey = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 1_000 }),
    userId: optional(Type.String()),
    access: optional(ApiKeyAccess),
  },
  closed,
)

export const NewTask = Type.Object(
  {
    type: Type.String(),
    params: optional(
      Type.Object({ exportData: optional(Type.Object({ content: anyObject }, { additionalProperties: true })) }),
    ),
  },
  { additionalProperties: true },
)

export const Webhook = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 1_000 }),
    url: httpUrl,
    events: optional(Type.Array(Type.Unsafe<WebhookEvent>({ type: 'string', enum: WEBHOOK_EVENTS }), { maxItems: 50 })),
    sharedSecret: optional(Type.String({ maxLength: 1_000 })),
    streamId: optional(Type.String()),
    projectId: optional(Type.String()),
  },
  { additionalProperties: true },
)
