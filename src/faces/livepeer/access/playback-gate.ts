/**
 * Who may see the media of an asset whose playback policy is not public. Asked for every address of its media: playlists,
 * segments, files, pictures, the source.
 *
 * G1. It fails closed: what cannot be decided, or is no policy that is known here, is refused.
 * G2. A webhook's answer is remembered per access key: a yes for the policy's `refreshInterval`, a no for some seconds.
 *     Requests that come meanwhile share one question.
 */
import type { Tenant } from '../../../core/identity.ts'
import type { Deliver } from '../../../core/ports/deliver.ts'
import type { FaceContext } from '../../kit/face.ts'
import type { AssetRecord } from '../asset/asset-record.ts'
import { COLLECTIONS } from '../documents.ts'
import { LivepeerError } from '../errors.ts'
import { sendToHook } from '../webhook/send-to-hook.ts'
import type { WebhookRecord } from '../webhook/webhook-record.ts'
import type { PlaybackKeys } from './playback-keys.ts'
import { tokenProblem } from './playback-token.ts'
import { signingKeysOf } from './signing-key-record.ts'

const REFRESH_MS = 600_000
const REFUSED_MS = 5_000
const MOST_REMEMBERED = 10_000

interface Answered {
  readonly problem: Promise<string | undefined>
  until: number
}

export class PlaybackGate {
  readonly #context: Pick<FaceContext, 'engine' | 'vault'>
  readonly #deliver: Deliver | undefined
  readonly #answered = new Map<string, Answered>()

  constructor(context: Pick<FaceContext, 'engine' | 'vault'>, deliver: Deliver | undefined) {
    this.#context = context
    this.#deliver = deliver
  }

  /** Throws 401 in the vendor's words when these keys do not open the asset's media. */
  async admit(tenant: Tenant, asset: AssetRecord, keys: PlaybackKeys): Promise<void> {
    const problem = await this.#problem(tenant, asset, keys)
    if (problem !== undefined) throw new LivepeerError(401, problem)
  }

  async #problem(tenant: Tenant, asset: AssetRecord, keys: PlaybackKeys): Promise<string | undefined> {
    const { type = 'public' } = asset.playbackPolicy ?? {}
    if (type === 'public') return undefined
    if (type === 'jwt') return this.#byToken(tenant, asset.playbackId, keys.jwt)
    if (type === 'webhook') return this.#byHook(tenant, asset, keys.accessKey)
    return `unknown playbackPolicy type: ${type}`
  }

  async #byToken(tenant: Tenant, playbackId: string, token: string | undefined): Promise<string | undefined> {
    if (token === undefined) return 'Content is gated and requires a public key'
    const { engine } = this.#context
    const keys = await signingKeysOf(engine, tenant)
    return tokenProblem(
      token,
      playbackId,
      keys.map(({ body }) => body),
      engine.now(),
    )
  }

  async #byHook(tenant: Tenant, asset: AssetRecord, accessKey: string | undefined): Promise<string | undefined> {
    if (accessKey === undefined) return 'Content is gated and requires an access key'
    const now = this.#context.engine.now()
    const key = JSON.stringify([asset.id, asset.playbackPolicy, accessKey])
    const known = this.#answered.get(key)
    if (known && now < known.until) return known.problem
    if (this.#answered.size >= MOST_REMEMBERED) this.#answered.clear()
    const asked: Answered = { problem: this.#ask(tenant, asset, accessKey), until: Number.POSITIVE_INFINITY }
    this.#answered.set(key, asked)
    const { refreshInterval } = asset.playbackPolicy ?? {}
    const problem = await asked.problem
    const keepMs = refreshInterval === undefined ? REFRESH_MS : Math.max(0, refreshInterval * 1_000)
    asked.until = this.#context.engine.now() + (problem === undefined ? keepMs : REFUSED_MS)
    return problem
  }

  /** Never rejects. */
  async #ask(tenant: Tenant, asset: AssetRecord, accessKey: string): Promise<string | undefined> {
    const { engine } = this.#context
    const { webhookId = '', webhookContext: context } = asset.playbackPolicy ?? {}
    try {
      const hook = await engine.document<WebhookRecord>(tenant, COLLECTIONS.webhook, webhookId)
      if (!hook) return 'Content is gated and corresponding webhook not found'
      const timestamp = engine.now()
      const message = { timestamp, body: JSON.stringify({ context, accessKey, timestamp }) }
      const never = new AbortController().signal
      const { status } = await sendToHook({ ...this.#context, deliver: this.#deliver }, hook, message, never)
      if (status !== undefined && status >= 200 && status < 300) return undefined
      return 'Content is gated and corresponding webhook failed'
    } catch {
      return 'Content is gated and corresponding webhook failed'
    }
  }
}
