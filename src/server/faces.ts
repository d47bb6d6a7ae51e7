import type { Logger } from 'pino'
import type { ObjectStore } from '../core/ports/object-store.ts'
import type { Vault } from '../core/ports/vault.ts'
import type { RunningEngine } from '../engine/create-engine.ts'
import { cloudFoundryFace } from '../faces/cloudfoundry/cloudfoundry-face.ts'
import { ecsFace } from '../faces/ecs/ecs-face.ts'
import type { Credentials } from '../faces/kit/credentials.ts'
import type { Face, FaceContext } from '../faces/kit/face.ts'
import { Links } from '../faces/kit/links.ts'
import { livepeerFace } from '../faces/livepeer/livepeer-face.ts'
import type { LivepeerOptions } from '../faces/livepeer/options.ts'
import type { Metrics } from '../faces/native/metrics.ts'
import { nativeFace } from '../faces/native/native-face.ts'
import { onaFace } from '../faces/ona/ona-face.ts'
import { upsunFace } from '../faces/upsun/upsun-face.ts'
import { findFfmpeg } from '../media/find-ffmpeg.ts'
import { builtInProgram } from './built-in-program.ts'
import { type Configuration, pairsOf } from './configuration.ts'
import { faceDirectory } from './data-directory.ts'
import { httpDeliver } from './http-deliver.ts'
import { VERSION } from './version.ts'

export interface FacesRequest {
  readonly configuration: Configuration
  readonly running: RunningEngine
  readonly credentials: Credentials
  readonly vault: Vault
  readonly log: Logger
  readonly metrics: Metrics
  readonly objects: ObjectStore
  readonly publicUrl: () => string
}

/** Every face, the native one first. Adding one is a folder and a line here. */
export function makeFaces(request: FacesRequest): readonly Face[] {
  const context = contextOf(request)
  const { running, metrics, configuration } = request
  const faces: Face[] = [
    nativeFace(context, {
      version: VERSION,
      ephemeral: configuration.ephemeral,
      faces: () => faces.map((f) => f.name),
      executors: () => [...running.context.executors.all()].map(({ kind, capabilities }) => ({ kind, capabilities })),
      ready: () => true,
      metrics,
    }),
    ecsFace(context, {
      imageFallback: configuration.imageFallback === 'on',
      imageRoots: pairsOf(configuration.imageRoots),
      environmentFiles: pairsOf(configuration.environmentFiles),
      fargateSizes: configuration.fargateSizes,
      retentionMs: configuration.retentionMs,
    }),
    cloudFoundryFace(context, { profile: configuration.cfProfile, sandboxed: () => isSandboxed(running) }),
    onaFace(context, {
      workspaceRoots: configuration.workspaceRoots,
      allowAddresses: configuration.allowAddress,
      sandboxed: () => isSandboxed(running),
      containers: () => running.context.executors.find('docker') !== undefined,
    }),
    upsunFace(context, { retentionMs: configuration.retentionMs, imageRoots: pairsOf(configuration.imageRoots) }),
    livepeerFace(context, livepeerOptions(configuration)),
  ]
  return faces
}

const HOOK_LIMIT_MS = 30_000

function livepeerOptions({ allowAddress, ffmpeg, ipfsApi, mediaRoots }: Configuration): Partial<LivepeerOptions> {
  const found = findFfmpeg(ffmpeg)
  return {
    allowAddresses: allowAddress,
    deliver: httpDeliver({ allowAddresses: allowAddress, timeLimitMs: HOOK_LIMIT_MS }),
    ...(ipfsApi !== undefined && { ipfsApi }),
    mediaRoots,
    ffmpeg: found.ffmpeg,
    ffprobe: found.ffprobe,
  }
}

/** Programs of the process executor see a file system of their own. */
function isSandboxed({ context }: RunningEngine): boolean {
  return context.executors.find('process')?.capabilities.enforcement.filesystem === 'enforced'
}

function contextOf(request: FacesRequest): FaceContext {
  const { configuration, running, credentials, vault, log, objects, publicUrl } = request
  const links = new Links({
    listening: publicUrl,
    ...(configuration.publicUrl !== undefined && { publicUrl: configuration.publicUrl }),
  })
  return {
    engine: running.engine,
    credentials,
    publicUrl,
    links: (request) => links.base(request.headers.host),
    log: {
      info: (o, m) => log.info(o, m),
      warn: (o, m) => log.warn(o, m),
      error: (o, m) => log.error(o, m),
    },
    auth: configuration.auth,
    objects,
    directoryOf: (face) => faceDirectory(configuration.dataDirectory, face),
    program: builtInProgram,
    deriveKey: (purpose) => vault.derive(purpose),
    vault,
  }
}
