import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../engine/engine.ts'
import { MEDIA_PROGRAMS } from '../../media/media-programs.ts'
import type { MediaTools } from '../../media/media-step.ts'
import type { FaceContext } from '../kit/face.ts'
import { SignedTokens } from '../kit/signed-token.ts'
import { PlaybackGate } from './access/playback-gate.ts'
import { FACE } from './auth.ts'
import type { LivepeerOptions } from './options.ts'
import type { ReportClaims } from './task/start-task.ts'
import type { UploadClaims } from './upload/receive-upload.ts'

/** What every operation is made with. */
export interface LivepeerParts {
  readonly context: FaceContext
  readonly engine: Engine
  readonly options: LivepeerOptions
  readonly tools: MediaTools
  /** The right to send the bytes of one asset, and to report what was found in one. */
  readonly uploadTokens: SignedTokens<UploadClaims>
  readonly reportTokens: SignedTokens<ReportClaims>
  readonly gate: PlaybackGate
  /** Something was stored that is to be sent or cleaned up. */
  readonly wake: () => void
  /** Removes at once what the task with this id left behind. */
  readonly tidy: (task: string) => Promise<void>
  /** Absolute, without a slash at the end: below it media are served. */
  readonly mediaUrl: () => string
  /** Where uploads lie until they are whole. */
  readonly uploadDirectory: string
  /** Assets that are being given their bytes this very moment: of two uploads only one may. */
  readonly receiving: Set<string>
  /** The directory of what is played under this id. */
  readonly mediaDirectory: (playbackId: string) => string
}

export function partsOf(
  context: FaceContext,
  options: LivepeerOptions,
  work: Pick<LivepeerParts, 'wake' | 'tidy'>,
): LivepeerParts {
  const { ffmpeg, ffprobe, allowAddresses, backoffMs } = options
  const root = context.directoryOf(FACE)
  const tokenKey = context.deriveKey('livepeer/token')
  const uploadDirectory = join(root, 'uploads')
  mkdirSync(uploadDirectory, { recursive: true, mode: 0o700 })
  mkdirSync(join(root, 'media'), { recursive: true, mode: 0o711 })
  return {
    context,
    engine: context.engine,
    options,
    tools: { ffmpeg, ffprobe, allowAddresses, backoffMs, program: (name) => context.program(MEDIA_PROGRAMS[name]) },
    uploadTokens: new SignedTokens(tokenKey, 'upload'),
    reportTokens: new SignedTokens(tokenKey, 'media-report'),
    gate: new PlaybackGate(context, options.deliver),
    ...work,
    mediaUrl: () => `${context.publicUrl().replace(/\/+$/, '')}/media`,
    uploadDirectory,
    receiving: new Set(),
    mediaDirectory: (playbackId) => join(root, 'media', playbackId),
  }
}

/**
 * Makes the directory of one asset. Programs may run as another user than the server, so it is open; nobody can list what
 * it lies in, and its name cannot be guessed.
 */
export function openMediaDirectory(path: string): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o777)
}
