import type { Face, FaceContext } from '../kit/face.ts'
import { FACE } from './auth.ts'
import { CLAIMS } from './claims.ts'
import { type CloudFoundryOptions, DEFAULT_OPTIONS } from './options.ts'
import { reactor } from './react.ts'
import { Routes } from './routes.ts'

/** Cloud Foundry's Cloud Controller v3, UAA and log cache, as far as tasks need them. */
export function cloudFoundryFace(context: FaceContext, given: Partial<CloudFoundryOptions> = {}): Face {
  const routes = new Routes(context, { ...DEFAULT_OPTIONS, ...given })
  return {
    name: FACE,
    claims: CLAIMS,
    reactor,
    mount: (app) => routes.mount(app),
    async environment(origin) {
      const first = await context.credentials.firstStart(FACE)
      return { CF_API: origin, CF_USERNAME: first.name, CF_PASSWORD: first.secret }
    },
  }
}
