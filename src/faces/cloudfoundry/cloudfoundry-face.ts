import type { Face, FaceContext } from '../kit/face.ts'
import { FACE } from './auth.ts'
import { CLAIMS } from './claims.ts'
import { type CloudFoundryOptions, DEFAULT_OPTIONS } from './options.ts'
import { REACTOR } from './react.ts'
import { Routes } from './routes.ts'
import { keepPruned } from './task/prune-events.ts'

/** Cloud Foundry's Cloud Controller v3, UAA and log cache, as far as tasks need them. */
export function cloudFoundryFace(context: FaceContext, given: Partial<CloudFoundryOptions> = {}): Face {
  const options = { ...DEFAULT_OPTIONS, ...given }
  const routes = new Routes(context, options)
  return {
    name: FACE,
    claims: CLAIMS,
    reactor: REACTOR,
    mount(app) {
      routes.mount(app)
      keepPruned(app, context, options.retentionMs)
    },
    async environment(origin) {
      const first = await context.credentials.firstStart(FACE)
      return { CF_API: origin, CF_USERNAME: first.name, CF_PASSWORD: first.secret }
    },
  }
}
